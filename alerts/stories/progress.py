# SPDX-License-Identifier: MIT
"""What is a later step of what: rules.yaml holds the table, this module the conditions under which a row counts."""

from alerts.model import EventType, StoryFacts, Verdict
from alerts.stories import rules


def step_of(earlier: StoryFacts, later: StoryFacts, fields: dict[str, Verdict]) -> rules.Step | None:
    """The row by which `later` is the next step of `earlier`; None if it is none. `fields`: their comparison."""
    if fields["drugs"] is not Verdict.AGREE or fields["indications"] is Verdict.CONFLICT:
        return None
    if fields.get("biomarkers") is Verdict.CONFLICT or not _after(earlier, later):
        return None
    return next((step for step in rules.STEPS if _covers(step, earlier, later) and _bound(step, fields)), None)


def _covers(step: rules.Step, earlier: StoryFacts, later: StoryFacts) -> bool:
    return _is(earlier, step.after) and _is(later, step.then)


def _is(facts: StoryFacts, kinds: frozenset[tuple[EventType, str | None]]) -> bool:
    return (facts.event, None) in kinds or (facts.event, facts.status) in kinds


def _bound(step: rules.Step, fields: dict[str, Verdict]) -> bool:
    """The same body acts, or the same trial is told (where it is not named, the same cancer)."""
    if step.by == "body":
        return fields["regulator"] is Verdict.AGREE
    trial = fields.get("trial")
    return trial is Verdict.AGREE or (trial is not Verdict.CONFLICT and fields["indications"] is Verdict.AGREE)


def _after(earlier: StoryFacts, later: StoryFacts) -> bool:
    """A late item on an old step is no update of what came after it."""
    if earlier.event_date and later.event_date:
        return earlier.event_date <= later.event_date
    if earlier.first_told is None or later.first_told is None:
        return True
    return earlier.first_told <= later.first_told
