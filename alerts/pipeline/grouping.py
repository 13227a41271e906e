# SPDX-License-Identifier: MIT
"""Item + facts → story, over the store: new items, edited items, items that a newer reader read again.

Serial: the caller holds the grouping lock, so two workers that meet one story at once make one of it.
"""

from datetime import datetime

import structlog
from sqlmodel import Session

from alerts.facts import concepts
from alerts.model import Decision, Facts, Grouping, StoryState
from alerts.store import items, stories
from alerts.store.items import StoredItem
from alerts.stories import (
    RANK,
    absorb,
    decide,
    decide_again,
    keys,
    leads,
    lookups,
    open_story,
    overridden,
    retold,
    rewritten,
    told_on,
)

log = structlog.get_logger()


def place(session: Session, item: StoredItem, facts: Facts, now: datetime) -> None:
    """Into a story: its own or one that is there. An item that has a story already is decided on again."""
    home = stories.home_of(session, item.id)
    if home is not None:
        return _again(session, item, facts, home, now)
    grouping = decide(item.news, facts, stories.candidates(session, lookups(item.news, facts, now)), now, concepts())
    grouping = overridden(grouping, stories.overrides_of(session, item.id))
    return settle(session, item, facts, grouping, item.silent_reason, now)


def settle(
    session: Session, item: StoredItem, facts: Facts, grouping: Grouping, silent_reason: str | None, now: datetime
) -> None:
    """The decision becomes rows."""
    round_up = grouping.reason.code == "round_up_part"
    if grouping.decision is Decision.SAME and grouping.story_id is not None:
        story_id = _join(session, item, facts, grouping.story_id, silent_reason, now)
    else:
        made = open_story(0, item.news, facts, grouping, now)
        story_id = stories.add_story(session, made, item.id, silent_reason, now)
        stories.note(session, story_id, grouping)
    stories.add_keys(session, story_id, keys(item.news, facts), told_on(item.news, now))
    stories.attach(
        session,
        story_id,
        item[:2],
        grouping.decision.value,
        grouping.reason,
        now,
        by_hand=_by_hand(grouping),
        part=round_up,
    )
    for part in grouping.also:
        stories.attach(session, part.story_id, item[:2], Decision.SAME.value, part.reason, now, part=True)
    log.info(
        "grouped", item_id=item.id, story_id=story_id, decision=grouping.decision.value, reason=grouping.reason.code
    )


def _by_hand(grouping: Grouping) -> bool:
    return grouping.reason.code.startswith("by_hand")


def _join(
    session: Session, item: StoredItem, facts: Facts, story_id: int, silent_reason: str | None, now: datetime
) -> int:
    story = stories.load(session, story_id)
    made = absorb(story, item.news, facts, now)
    lead = item.id if leads(story, item.news) and made.headline != story.headline else None
    stories.change_story(session, story.id, made, lead, now, loud=silent_reason is None)
    return story.id


def _again(session: Session, item: StoredItem, facts: Facts, home: stories.Home, now: datetime) -> None:
    """An edited item, or one that a newer reader read again. What a person placed stays where it is."""
    story, others = stories.load(session, home.story_id), stories.members(session, home.story_id)
    alone = others in ([], [item.id])
    edited = item.revision > home.item_revision
    if not home.by_hand:
        found = stories.candidates(session, lookups(item.news, facts, now))
        grouping = decide_again(item.news, facts, story, len(others), found, now, concepts())
        grouping = overridden(grouping, stories.overrides_of(session, item.id))
        if grouping.story_id != story.id:
            return _move(session, item, facts, story, grouping, item.silent_reason if edited else "read_again", now)
    made = (
        rewritten(story, item.news, facts, now, concepts(), edited=edited)
        if alone
        else absorb(story, item.news, facts, now)
    )
    if alone:
        stories.drop_keys(session, story.id)
    stories.change_story(session, story.id, made, None, now)
    stories.add_keys(session, story.id, keys(item.news, facts), told_on(item.news, now))
    stories.seen_again(session, story.id, item.id, item.revision)
    return None


def _move(
    session: Session,
    item: StoredItem,
    facts: Facts,
    story: StoryState,
    grouping: Grouping,
    silent_reason: str | None,
    now: datetime,
) -> None:
    stories.detach(session, item.id)
    tell_anew(session, story, now)
    settle(session, item, facts, grouping, silent_reason, now)


def tell_anew(session: Session, story: StoryState, now: datetime) -> None:
    """A story that an item left: facts, lead and keys are those of the items that are still in it."""
    left = items.load(session, stories.members(session, story.id))
    read = [(one.news, items.facts_of(session, one)) for one in left]
    lead = min(left, key=lambda one: (RANK[one.news.tier], one.news.first_seen or now, one.id))
    stories.change_story(session, story.id, retold(story, read, now), lead.id, now)
    stories.drop_keys(session, story.id)
    for one, (news, facts) in zip(left, read, strict=True):
        stories.add_keys(session, story.id, keys(news, facts), told_on(news, now))
        log.debug("told_anew", story_id=story.id, item_id=one.id)
