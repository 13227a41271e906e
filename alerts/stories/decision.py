# SPDX-License-Identifier: MIT
"""New story, same story or update: pure, with the reason in words.

Text decides nothing by itself (accelerated and full approval of one drug read alike); it only fills gaps: where a fact is
unknown, merging needs a floor of shared words. A duplicate costs less than a silenced story.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import sqrt
from typing import NamedTuple

from alerts.model import (
    Concepts,
    Decision,
    EventType,
    Facts,
    Grouping,
    GroupReason,
    NewsItem,
    StoryFacts,
    StoryState,
    Verdict,
)
from alerts.stories.canonical import story_facts
from alerts.stories.compare import verdicts
from alerts.stories.keys import exact_keys, words
from alerts.stories.progress import progresses

TEXT_FLOOR = 0.30
_MUST_BE_KNOWN = ("drugs", "indications", "event", "regulator")
_STOP = {
    "a",
    "an",
    "and",
    "as",
    "at",
    "by",
    "for",
    "from",
    "has",
    "have",
    "in",
    "is",
    "it",
    "its",
    "of",
    "on",
    "or",
    "that",
    "the",
    "this",
    "to",
    "was",
    "were",
    "will",
    "with",
    "after",
    "who",
    "which",
}


class Weighed(NamedTuple):
    story: StoryState
    fields: dict[str, Verdict]
    score: float

    def conflicts(self) -> list[str]:
        return [f for f, v in self.fields.items() if v is Verdict.CONFLICT]

    def unknowns(self) -> list[str]:
        return [f for f in _MUST_BE_KNOWN if self.fields[f] is Verdict.UNKNOWN]


def decide(
    item: NewsItem, facts: Facts, candidates: Sequence[StoryState], now: datetime, concepts: Concepts
) -> Grouping:
    """`candidates`: what `lookups` found; their order is irrelevant."""
    del now
    mine = story_facts(facts, item)
    exact = set(exact_keys(item))
    weighed = [
        Weighed(s, verdicts(mine, s.facts, concepts), similarity(f"{item.title} {item.summary}", s.text))
        for s in sorted(candidates, key=lambda s: (s.last_seen, s.id), reverse=True)
    ]
    for one in weighed:
        shared = exact & set(one.story.keys)
        if shared and (any(k.startswith("text:") for k in shared) or not one.conflicts()):
            code = "same_text" if any(k.startswith("text:") for k in shared) else "same_url"
            return _same(one, code, "the same text" if code == "same_text" else "the same address")
    same = [one for one in weighed if _agrees(one) and not mine.round_up and not one.story.facts.round_up]
    if same:
        best = max(
            same, key=lambda one: (sum(v is Verdict.AGREE for v in one.fields.values()), one.score, one.story.id)
        )
        code = "facts_agree_text_floor" if best.unknowns() else "facts_agree"
        return _same(best, code, _agreement(best))
    earlier = [one for one in weighed if _follows(mine, one)]
    if earlier:
        best = max(earlier, key=lambda one: (one.story.last_seen, one.story.id))
        return Grouping(
            decision=Decision.UPDATE,
            follows=best.story.id,
            reason=GroupReason(
                code="progress",
                text=f"{_event(mine.event)} follows {_event(best.story.facts.event)} of “{best.story.headline}”.",
                fields=best.fields,
                score=round(best.score, 3),
            ),
        )
    return _new(weighed)


def _agrees(one: Weighed) -> bool:
    fields = one.fields
    if one.conflicts() or fields["drugs"] is not Verdict.AGREE:
        return False
    return not one.unknowns() or one.score >= TEXT_FLOOR


def _follows(mine: StoryFacts, one: Weighed) -> bool:
    fields = one.fields
    related = fields["drugs"] is Verdict.AGREE and fields["indications"] is not Verdict.CONFLICT
    return related and progresses(one.story.facts, mine)


def _same(one: Weighed, code: str, because: str) -> Grouping:
    return Grouping(
        decision=Decision.SAME,
        story_id=one.story.id,
        reason=GroupReason(
            code=code,
            text=f"Merged with “{one.story.headline}” because of {because}.",
            fields=one.fields,
            score=round(one.score, 3),
        ),
    )


def _agreement(one: Weighed) -> str:
    agree = [f for f, v in one.fields.items() if v is Verdict.AGREE]
    return f"the same {', '.join(agree)}; shared words {one.score:.2f}"


def _new(weighed: list[Weighed]) -> Grouping:
    related = tuple(one.story.id for one in weighed if one.fields["drugs"] is Verdict.AGREE)[:5]
    if not weighed:
        return Grouping(
            decision=Decision.NEW, reason=GroupReason(code="no_candidate", text="No story on this is known.")
        )
    nearest = max(weighed, key=lambda one: (-len(one.conflicts()), one.score))
    conflicts = nearest.conflicts()
    why = (
        f"different {', '.join(conflicts)}"
        if conflicts
        else f"too little is known ({', '.join(nearest.unknowns())}) and the words differ"
    )
    return Grouping(
        decision=Decision.NEW,
        related=related,
        review=not conflicts,
        reason=GroupReason(
            code=f"conflict_{conflicts[0]}" if conflicts else "below_text_floor",
            text=f"Kept apart from “{nearest.story.headline}”: {why}.",
            fields=nearest.fields,
            score=round(nearest.score, 3),
        ),
    )


def _event(event: EventType) -> str:
    return event.value.replace("_", " ")


def similarity(a: str, b: str) -> float:
    """Cosine of word counts without the commonest words, 0…1."""
    x, y = (Counter(w for w in words(t) if w not in _STOP and len(w) > 1) for t in (a, b))
    dot = sum(n * y[w] for w, n in x.items())
    return dot / sqrt(sum(n * n for n in x.values()) * sum(n * n for n in y.values())) if dot else 0.0
