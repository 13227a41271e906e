# SPDX-License-Identifier: MIT
"""A story as it opens and as items join it."""

from datetime import datetime

from alerts.model import EventType, Facts, Grouping, NewsItem, SourceTier, StoryFacts, StoryState
from alerts.stories.canonical import story_facts
from alerts.stories.keys import keys

RANK = {tier: n for n, tier in enumerate(SourceTier)}


def open_story(story_id: int, item: NewsItem, facts: Facts, grouping: Grouping, now: datetime) -> StoryState:
    """The story that a NEW or UPDATE item opens (id 0 where the store gives the id)."""
    return StoryState(
        id=story_id,
        headline=item.title,
        facts=story_facts(facts, item),
        text=f"{item.title} {item.summary}",
        lead_tier=item.tier,
        first_seen=item.first_seen or now,
        last_seen=item.first_seen or now,
        keys=keys(item, facts),
        follows=grouping.follows,
    )


def absorb(story: StoryState, item: NewsItem, facts: Facts, now: datetime) -> StoryState:
    """The story after an item joined: unknown facts are filled, known ones stay, a better source takes the lead."""
    filled = _filled(story.facts, story_facts(facts, item))
    lead = (
        {"headline": item.title, "text": f"{item.title} {item.summary}", "lead_tier": item.tier}
        if leads(story, item)
        else {}
    )
    return story.model_copy(
        update={
            "facts": filled,
            "last_seen": max(story.last_seen, item.first_seen or now),
            "keys": tuple(dict.fromkeys((*story.keys, *keys(item, facts)))),
            **lead,
        }
    )


def leads(story: StoryState, item: NewsItem) -> bool:
    """Is the item a better source than the story's lead (then its title heads the story, without a new alert)?"""
    return RANK[item.tier] < RANK[story.lead_tier]


def _filled(known: StoryFacts, more: StoryFacts) -> StoryFacts:
    empty = {f: getattr(more, f) for f in StoryFacts.model_fields if not getattr(known, f) and getattr(more, f)}
    if known.event is EventType.UNKNOWN:
        empty["event"] = more.event
    return known.model_copy(update=empty)
