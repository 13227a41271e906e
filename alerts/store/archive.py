# SPDX-License-Identifier: MIT
"""SQL for trying rules on history: what rules look at of every item in a story, without building values of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlmodel import Session, col

from alerts.store.tables import Feed, Item, ItemFacts, StoryItem

COLUMNS: tuple[Any, ...] = (
    col(StoryItem.story_id),
    col(Item.id),
    col(Item.first_seen_at),
    col(ItemFacts.read_at),
    col(StoryItem.decided_at),
    col(Item.title),
    col(Item.summary),
    col(Feed.title),
    col(ItemFacts.facts),
)


class Row(NamedTuple):
    story_id: int
    item_id: int
    seen_at: datetime
    changed_at: datetime
    title: str
    summary: str
    source: str
    facts: Mapping[str, Any]  # the stored JSON


def rows(session: Session, since: datetime, changed_since: datetime | None = None) -> Iterator[Row]:
    """Items in stories that were first seen since, oldest first; of these only what was read or placed since the second."""
    statement = (
        select(*COLUMNS)
        .join(Item, col(Item.id) == col(StoryItem.item_id))
        .join(Feed, col(Feed.id) == col(Item.feed_id))
        .join(ItemFacts, and_(col(ItemFacts.item_id) == col(Item.id), col(ItemFacts.revision) == col(Item.revision)))
        .where(col(Item.first_seen_at) >= since, col(StoryItem.part).is_(False))
        .order_by(col(Item.first_seen_at), col(Item.id), col(StoryItem.decided_at))
    )
    if changed_since is not None:
        recent = (col(ItemFacts.read_at) >= changed_since) | (col(StoryItem.decided_at) >= changed_since)
        statement = statement.where(recent)
    for story, item, seen, read, placed, title, summary, source, facts in session.execute(
        statement.execution_options(yield_per=2000)
    ):
        yield Row(story, item, seen, max(read, placed), title, summary, source, facts)
