# SPDX-License-Identifier: MIT
"""Stories beside a story: the same drug, but another act, body, cancer or day. Shown, never merged."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alerts.model import Concepts, StoryFacts, StoryState, Value, Verdict
from alerts.stories import rules, words
from alerts.stories.compare import gap, verdicts
from alerts.stories.keys import FAMILIES, Lookup

SPAN = timedelta(days=365)  # either way: a year holds the whole way of an application through two bodies
ASKED = 4  # latest stories for each kind of event of a drug
SHOWN = 8


class Related(Value):
    """Another story on the drug, and in words what keeps the two apart."""

    story_id: int
    headline: str
    day: str | None  # of its event, in words
    why: str  # "regulator: FDA ≠ EC"


def related_lookups(facts: StoryFacts, now: datetime) -> tuple[Lookup, ...]:
    """What to ask the store for before `related`: stories on the same drugs, of every kind of event."""
    keys = tuple(f"de:{drug}:{name}" for drug in sorted(rules.subject_drugs(facts.drugs)) for name in FAMILIES)
    told = (facts.first_told or now).astimezone(UTC).date()
    return (Lookup(keys=keys, first=told - SPAN, last=told + SPAN, limit=ASKED),) if keys else ()


def related(story: StoryState, others: Iterable[StoryState], concepts: Concepts) -> tuple[Related, ...]:
    """The other stories on its drug: the same use first, then the most alike, then the nearest in time."""
    compared = [(verdicts(story.facts, other.facts, concepts), other) for other in others if other.id != story.id]
    beside = [(fields, other) for fields, other in compared if fields["drugs"] is Verdict.AGREE]
    beside.sort(key=lambda pair: (*_unlike(pair[0]), gap(story.facts, pair[1].facts) or SPAN, pair[1].id))
    return tuple(
        Related(
            story_id=other.id,
            headline=other.headline,
            day=words.day(other.facts),
            why=words.difference(fields, story.facts, other.facts, concepts)
            or f"not known to be the same: {words.gaps(fields) or 'too few shared words'}",
        )
        for fields, other in beside[:SHOWN]
    )


def _unlike(fields: dict[str, Verdict]) -> tuple[bool, int]:
    agreed = sum(verdict is Verdict.AGREE for verdict in fields.values())
    return fields["indications"] is not Verdict.AGREE, -agreed
