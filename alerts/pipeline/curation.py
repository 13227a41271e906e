# SPDX-License-Identifier: MIT
"""Stories in a person's hands: show, explain, split, merge, read again. What a person says outranks the rules and stays."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import Decision, Grouping, GroupReason
from alerts.pipeline import grouping
from alerts.store import items, stories
from alerts.store.engine import Store
from alerts.store.items import StoredItem
from alerts.store.tables import Item, Story
from alerts.stories import Override, Related, compared, lookups, related, related_lookups

EXPLAINED = 5  # stories that an answer to "why not there?" shows


def split(store: Store, item_id: int, author: str, now: datetime, *, tell: bool = False) -> int:
    """`split_in` in a transaction of its own."""
    with store.write() as session:
        return split_in(session, item_id, author, now, tell=tell)


def split_in(session: Session, item_id: int, author: str, now: datetime, *, tell: bool = False) -> int:
    """The item leaves its story for one of its own, which is told only if `tell`. Returns the new story.

    Raises InputError(no_such_item, not_in_a_story, alone_in_its_story).
    """
    stories.lock_grouping(session)
    item, home = _placed(session, item_id)
    if stories.members(session, home) == [item_id]:
        raise InputError("alone_in_its_story", f"item {item_id} is the only one of story {home}")
    said = Override(kind="split", story_id=home, author=author, at=now)
    stories.override(session, said, item_id)
    stories.detach(session, item_id)
    grouping.tell_anew(session, stories.load(session, home), now)
    reason = GroupReason(code="by_hand_split", text=f"Split off story {home} by {author} on {now:%Y-%m-%d}.")
    apart = Grouping(decision=Decision.NEW, related=(home,), reason=reason)
    grouping.settle(session, item, items.facts_of(session, item), apart, None if tell else "split", now)
    made = stories.home_of(session, item_id)
    assert made is not None
    stories.override(session, said.model_copy(update={"kind": "merge", "story_id": made.story_id}), item_id)
    return made.story_id


def merge(store: Store, into: int, others: Sequence[int], author: str, now: datetime) -> int:
    """`merge_in` in a transaction of its own."""
    with store.write() as session:
        return merge_in(session, into, others, author, now)


def merge_in(session: Session, into: int, others: Sequence[int], author: str, now: datetime) -> int:
    """All items of the other stories go into one; nobody is told anything. Returns the number of items moved.

    Raises InputError(no_such_story, same_story).
    """
    stories.lock_grouping(session)
    target = _story(session, into)
    moved = 0
    for number in others:
        other = _story(session, number)
        if other.id == target.id:
            raise InputError("same_story", f"story {number} is story {target.id} already")
        moved += _merge(session, target, other, author, now)
    return moved


def _merge(session: Session, target: Story, other: Story, author: str, now: datetime) -> int:
    assert target.id is not None
    assert other.id is not None
    found = items.load(session, stories.members(session, other.id))
    round_ups = [i for i in stories.members(session, other.id, parts=True) if i not in {item.id for item in found}]
    reason = GroupReason(code="by_hand_merge", text=f"Merged from story {other.id} by {author} on {now:%Y-%m-%d}.")
    said = Override(kind="merge", story_id=target.id, author=author, at=now)
    for item in (*found, *items.load(session, round_ups)):
        part = item.id in round_ups
        stories.detach(session, item.id, other.id)
        stories.attach(session, target.id, item[:2], "same", reason, now, by_hand=not part, part=part)
    for item in found:
        stories.override(session, said, item.id)
    stories.lives_on(session, other.id, target.id, by_hand=True)
    grouping.lead_anew(session, target.id, now)
    return len(found)


def read_again(store: Store, extractor_version: str, since: datetime, now: datetime) -> int:
    """Mark what an older reader understood; the workers read and group it again. Returns how many items."""
    with store.write() as session:
        return items.read_again(session, extractor_version, since, now)


def show(session: Session, story_id: int) -> dict[str, Any]:
    """The story with every source and why it is in it. Raises InputError(no_such_story)."""
    story = _story(session, story_id)
    assert story.id is not None
    state = stories.load(session, story.id)
    return {
        "id": story.id,
        "headline": story.headline,
        "facts": state.facts.model_dump(mode="json", exclude_defaults=True),
        "revision": story.revision,
        "follows": story.follows_id,
        "follows_step": story.follows_step,
        "followed_by": stories.followers(session, story.id),
        "silent": story.silent_reason,
        "review": story.review,
        "related": [
            {"story": other.story_id, **other.model_dump(exclude={"story_id"})} for other in beside(session, story.id)
        ],
        "merged": stories.merged_ids(session, story.id),
        "items": [_member(session, story, item) for item in _by_lead(session, story)],
    }


def beside(session: Session, story_id: int) -> tuple[Related, ...]:
    """The other stories on the drug of a story, with what keeps each apart from it."""
    state = stories.load(session, story_id)
    found = stories.candidates(session, related_lookups(state.facts, state.first_seen))
    return related(state, found, concepts())


def _by_lead(session: Session, story: Story) -> list[StoredItem]:
    assert story.id is not None
    found = items.load(session, stories.members(session, story.id, parts=True))
    return sorted(found, key=lambda item: (item.id != story.lead_item_id, item.id))


def _member(session: Session, story: Story, item: StoredItem) -> dict[str, Any]:
    assert story.id is not None
    why = stories.place_of(session, story.id, item.id)
    return {
        "id": item.id,
        "outlet": item.news.source,
        "tier": item.news.tier.value,
        "title": item.news.title,
        "url": item.news.link,
        "published": item.news.published.isoformat() if item.news.published else None,
        "lead": item.id == story.lead_item_id,
        "round_up": why.part,
        "decision": why.decision,
        "why": why.reason_text,
        "by_hand": why.by_hand,
    }


def explain(session: Session, item_id: int, now: datetime) -> dict[str, Any]:
    """Where the item is and why, what people said, and the nearest stories that it is not in with the reason.

    Raises InputError(no_such_item).
    """
    (item,) = _items(session, item_id)
    facts = items.facts_of(session, item)
    homes = stories.places(session, item_id)
    found = [
        s
        for s in stories.candidates(session, lookups(item.news, facts, now))
        if s.id not in {h.story_id for h in homes}
    ]
    beside = compared(item.news, facts, found, item.news.first_seen or now, concepts())[:EXPLAINED]
    return {
        "item": item_id,
        "title": item.news.title,
        "places": [
            {
                "story": h.story_id,
                "decision": h.decision,
                "code": h.reason_code,
                "why": h.reason_text,
                "fields": h.fields,
                "score": h.score,
            }
            for h in homes
        ],
        "said": [o.model_dump(mode="json") for o in stories.overrides_of(session, item_id)],
        "not_in": [{"story": number, **reason.model_dump(mode="json")} for number, reason in beside],
    }


def since(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _placed(session: Session, item_id: int) -> tuple[StoredItem, int]:
    (item,) = _items(session, item_id)
    home = stories.home_of(session, item_id)
    if home is None:
        raise InputError("not_in_a_story", f"item {item_id} is in no story")
    return item, home.story_id


def _items(session: Session, item_id: int) -> list[StoredItem]:
    if session.get(Item, item_id) is None:
        raise InputError("no_such_item", f"there is no item {item_id}")
    return items.load(session, [item_id])


def _story(session: Session, story_id: int) -> Story:
    """The story, or the one that it lives on in."""
    story = session.get(Story, story_id)
    if story is None:
        raise InputError("no_such_story", f"there is no story {story_id}")
    return session.get_one(Story, story.merged_into_id) if story.merged_into_id else story
