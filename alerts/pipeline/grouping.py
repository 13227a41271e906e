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
    headed,
    keys,
    lookups,
    open_story,
    overridden,
    retold,
    rewritten,
    told_on,
)

QUIET = {"read_again", "split", "merged"}  # nothing was reported: a newer reader or a person moved what is there

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
        "grouped", trace=f"i{item.id}", story_id=story_id, decision=grouping.decision.value, reason=grouping.reason.code
    )


def _by_hand(grouping: Grouping) -> bool:
    return grouping.reason.code.startswith("by_hand")


def _join(
    session: Session, item: StoredItem, facts: Facts, story_id: int, silent_reason: str | None, now: datetime
) -> int:
    story = stories.load(session, story_id)
    made = absorb(story, item.news, facts, now)
    lead = item.id if made.lead_tier is not story.lead_tier else None
    quiet = silent_reason in QUIET
    stories.change_story(session, story.id, made, lead, now, loud=silent_reason is None, match=not quiet)
    return story.id


def _again(session: Session, item: StoredItem, facts: Facts, home: stories.Home, now: datetime) -> None:
    """An edited item, or one that a newer reader read again. What a person placed stays where it is.

    A newer reader is no news: what it moves is told to nobody.
    """
    edited = item.revision > home.item_revision
    story, others = stories.load(session, home.story_id), stories.members(session, home.story_id)
    grouping = None if home.by_hand else _reconsidered(session, item, facts, story, len(others), edited, now)
    if grouping is not None and grouping.story_id != story.id:
        return _move(session, item, facts, story, grouping, item.silent_reason if edited else "read_again", now)
    alone = others == [item.id]
    made = (
        rewritten(story, item.news, facts, now, concepts(), edited=edited)
        if alone
        else absorb(story, item.news, facts, now)
    )
    if alone:
        stories.drop_keys(session, story.id)
    stories.change_story(session, story.id, made, None, now, match=edited)
    stories.add_keys(session, story.id, keys(item.news, facts), told_on(item.news, now))
    return stories.seen_again(session, story.id, item.id, item.revision)


def _reconsidered(
    session: Session, item: StoredItem, facts: Facts, story: StoryState, members: int, edited: bool, now: datetime
) -> Grouping | None:
    """Where the item belongs by what is known of it now; None: where it is."""
    found = stories.candidates(session, lookups(item.news, facts, now))
    said = stories.overrides_of(session, item.id)
    if members > 1:
        return overridden(decide_again(item.news, facts, story, members, found, now, concepts()), said)
    apart = {story.id, *stories.kept_apart(session, story.id)}
    others = [other for other in found if other.id not in apart]
    joined = overridden(decide(item.news, facts, others, now, concepts()), said)
    return joined if joined.decision is Decision.SAME and not edited else None


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
    if stories.members(session, story.id):
        tell_anew(session, story, now)
    elif grouping.story_id is not None:
        stories.lives_on(session, story.id, grouping.story_id, by_hand=False)
    settle(session, item, facts, grouping, silent_reason, now)


def tell_anew(session: Session, story: StoryState, now: datetime) -> None:
    """A story that an item left: facts, lead and keys are those of the items that are still in it."""
    left = items.load(session, stories.members(session, story.id))
    known = items.facts_of_all(session, left)
    read = [(one.news, known[one.id]) for one in left]
    stories.change_story(session, story.id, retold(story, read, now), _lead(left, now).id, now, match=False)
    stories.drop_keys(session, story.id)
    for news, facts in read:
        stories.add_keys(session, story.id, keys(news, facts), told_on(news, now))


def lead_anew(session: Session, story_id: int, now: datetime) -> None:
    """The best source of the story heads it; its facts stay."""
    story = stories.load(session, story_id)
    lead = _lead(items.load(session, stories.members(session, story_id)), now)
    made = headed(story, lead.news)
    stories.change_story(session, story_id, made, lead.id, now, match=False)


def _lead(members: list[StoredItem], now: datetime) -> StoredItem:
    return min(members, key=lambda one: (RANK[one.news.tier], one.news.first_seen or now, one.id))
