# SPDX-License-Identifier: MIT
"""A story as it opens and as items join it."""

from collections.abc import Sequence
from datetime import datetime

from alerts.model import (
    Concepts,
    Decision,
    EventType,
    Facts,
    Grouping,
    GroupReason,
    NewsItem,
    SourceTier,
    StoryFacts,
    StoryState,
    Verdict,
)
from alerts.stories.canonical import story_facts
from alerts.stories.compare import verdicts
from alerts.stories.keys import keys
from alerts.stories.rules import REGULATORY, SOFT
from alerts.stories.texts import text_of, title_of

RANK = {tier: n for n, tier in enumerate(SourceTier)}
TOLD = ("drugs", "indications", "event", "status", "regulator", "date")  # facts that an alert states
_REWRITTEN = GroupReason(code="edited", text="")


def open_story(story_id: int, item: NewsItem, facts: Facts, grouping: Grouping, now: datetime) -> StoryState:
    """The story that a NEW or UPDATE item opens (id 0 where the store gives the id)."""
    seen = item.first_seen or now
    return StoryState(
        id=story_id,
        headline=title_of(item),
        facts=story_facts(facts, item.model_copy(update={"first_seen": seen})),
        text=text_of(item),
        lead_tier=item.tier,
        first_seen=seen,
        last_seen=seen,
        keys=keys(item, facts),
        follows=grouping.follows,
    )


def absorb(story: StoryState, item: NewsItem, facts: Facts, now: datetime) -> StoryState:
    """The story after an item joined: unknown facts are filled, known ones stay, a better source takes the lead."""
    seen = item.first_seen or now
    more = story_facts(facts, item.model_copy(update={"first_seen": seen}))
    kept = headed(story, item) if leads(story, item) and not more.round_up else story
    return kept.model_copy(
        update={
            "facts": story.facts if more.round_up else _filled(story.facts, more),
            "last_seen": max(story.last_seen, seen),
            "keys": _both(story.keys, keys(item, facts)),
        }
    )


def rewritten(
    story: StoryState, item: NewsItem, facts: Facts, now: datetime, concepts: Concepts, *, edited: bool
) -> StoryState:
    """The story after its only item changed: the facts are the new ones.

    The revision, which alone lets a story be told again, rises only if its publisher `edited` the item (not if a newer
    reader understood it better) and a fact that an alert states now contradicts what was told.
    """
    made = open_story(story.id, item, facts, Grouping(decision=Decision.NEW, reason=_REWRITTEN), now)
    told = [t for t in (story.facts.first_told, made.facts.first_told) if t]
    restated = edited and _contradict(story.facts, made.facts, concepts)
    return made.model_copy(
        update={
            "facts": made.facts.model_copy(update={"first_told": min(told) if told else None}),
            "first_seen": story.first_seen,
            "last_seen": max(story.last_seen, made.last_seen),
            "revision": story.revision + restated,
            "follows": story.follows,
        }
    )


def retold(story: StoryState, members: Sequence[tuple[NewsItem, Facts]], now: datetime) -> StoryState:
    """The story as the items that are left in it tell it (after one went away), under its number and revision."""
    (first, facts), *others = members
    made = open_story(story.id, first, facts, Grouping(decision=Decision.NEW, reason=_REWRITTEN), now)
    for item, read in others:
        made = absorb(made, item, read, now)
    return made.model_copy(update={"revision": story.revision, "follows": story.follows})


def headed(story: StoryState, item: NewsItem) -> StoryState:
    """The story under the title and text of this item."""
    return story.model_copy(update={"headline": title_of(item), "text": text_of(item), "lead_tier": item.tier})


def leads(story: StoryState, item: NewsItem) -> bool:
    """Is the item a better source than the story's lead (then its title heads the story, without a new alert)?"""
    return RANK[item.tier] < RANK[story.lead_tier]


def _filled(known: StoryFacts, more: StoryFacts) -> StoryFacts:
    """Gaps only: a fact that is known never changes by a member, so stories cannot drift from one to the next."""
    empty = {f: getattr(more, f) for f in StoryFacts.model_fields if not getattr(known, f) and getattr(more, f)}
    act_untold = known.event in SOFT and known.status is None and known.regulator == more.regulator is not None
    if known.event is EventType.UNKNOWN or (act_untold and more.event in REGULATORY):
        empty["event"] = more.event
    if known.first_told and more.first_told:
        empty["first_told"] = min(known.first_told, more.first_told)
    return known.model_copy(update=empty)


def _both(first: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))


def _contradict(before: StoryFacts, after: StoryFacts, concepts: Concepts) -> bool:
    found = verdicts(before, after, concepts)
    return any(found.get(field) is Verdict.CONFLICT for field in TOLD)
