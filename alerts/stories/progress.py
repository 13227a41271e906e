# SPDX-License-Identifier: MIT
"""What is a later step of what: rules.yaml holds the table, this module the conditions under which a row counts."""

from datetime import timedelta

from alerts.model import EventType, StoryFacts, Verdict
from alerts.stories import rules
from alerts.stories.compare import window


def step_of(earlier: StoryFacts, later: StoryFacts, fields: dict[str, Verdict]) -> rules.Step | None:
    """The row by which `later` is the next step of `earlier`; None if it is none. `fields`: their comparison.

    The same drug for the same use: an approval in another line or for other patients is no step of it.
    """
    if fields["drugs"] is not Verdict.AGREE or Verdict.CONFLICT in (fields.get("biomarkers"), fields.get("setting")):
        return None
    if {earlier.status, later.status} & rules.CLOSED or not _after(earlier, later):
        return None
    return next((step for step in rules.STEPS if _covers(step, earlier, later) and _bound(step, fields)), None)


def _covers(step: rules.Step, earlier: StoryFacts, later: StoryFacts) -> bool:
    return _is(earlier, step.after) and _is(later, step.then)


def _is(facts: StoryFacts, kinds: frozenset[tuple[EventType, str | None]]) -> bool:
    return (facts.event, None) in kinds or (facts.event, facts.status) in kinds


def _bound(step: rules.Step, fields: dict[str, Verdict]) -> bool:
    """The same body acts in the same cancer, or the same trial is told."""
    if step.by == "body":
        return fields["regulator"] is Verdict.AGREE and fields["indications"] is Verdict.AGREE
    return fields.get("trial") is Verdict.AGREE and fields["indications"] is not Verdict.CONFLICT


def _after(earlier: StoryFacts, later: StoryFacts) -> bool:
    """A late item on an old step is no update of what came after it; nor is a second report of the same days a step."""
    if earlier.event_date and later.event_date:
        return earlier.event_date <= later.event_date
    if earlier.first_told is None or later.first_told is None:
        return True
    again = earlier.event is later.event and earlier.status == later.status
    return later.first_told - earlier.first_told >= (window(later.event) if again else timedelta(0))
