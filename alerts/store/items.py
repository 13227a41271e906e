# SPDX-License-Identifier: MIT
"""SQL of items and facts: claim what a stage must look at, save what it found."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, tuple_, update
from sqlmodel import Session, col, select

from alerts.model import Facts, NewsItem, SourceLine, SourceTier
from alerts.store import novel
from alerts.store.claims import claim_due
from alerts.store.insert import insert_new
from alerts.store.tables import Feed, Item, ItemFacts

LEASE_S = 60.0
MAX_ATTEMPTS = 3


class StoredItem(NamedTuple):
    """An item as a stage works on it."""

    id: int
    revision: int
    silent_reason: str | None
    news: NewsItem


def claim_unread(session: Session, now: datetime, limit: int) -> list[int]:
    """Items whose facts have to be read; ours for the lease."""
    values = {"attempts": Item.__table__.c.attempts + 1}  # type: ignore[attr-defined]
    where = [col(Item.stage) == "read"]
    return claim_due(session, Item, "due_at", where, now=now, lease_s=LEASE_S, limit=limit, values=values)


def load(session: Session, ids: Sequence[int]) -> list[StoredItem]:
    """In the order in which they were first seen: the publisher's date never decides an order."""
    statement = (
        select(Item, Feed.title, Feed.tier)
        .join(Feed, col(Feed.id) == col(Item.feed_id))
        .where(col(Item.id).in_(ids))
        .order_by(col(Item.first_seen_at), col(Item.id))
    )
    return [_stored(item, name, tier) for item, name, tier in session.exec(statement)]


def _stored(item: Item, source: str, tier: str) -> StoredItem:
    assert item.id is not None
    news = NewsItem(
        id=str(item.id),
        title=item.title,
        summary=item.summary,
        link=item.url,
        published=item.published_at,
        first_seen=item.first_seen_at,
        source=source,
        tier=SourceTier(tier),
    )
    return StoredItem(item.id, item.revision, item.silent_reason, news)


def source_line(news: NewsItem) -> SourceLine:
    """An item as a message names it among its sources."""
    return SourceLine(
        outlet=news.source or "source", title=news.title, url=news.link, tier=news.tier, published=news.published
    )


def save_facts(session: Session, found: Mapping[StoredItem, Facts], now: datetime) -> None:
    """Keep what was read (in place of what an older reader found in the same revision) and pass the items on to grouping."""
    rows = [
        {
            "item_id": item.id,
            "revision": item.revision,
            "extractor_version": facts.extractor_version,
            "relevant": facts.relevant,
            "facts": facts.model_dump(mode="json", exclude_defaults=True),
            "read_at": now,
        }
        for item, facts in found.items()
    ]
    held = tuple_(col(ItemFacts.item_id), col(ItemFacts.revision))
    session.execute(delete(ItemFacts).where(held.in_([(item.id, item.revision) for item in found])))
    insert_new(session, ItemFacts, rows)
    novel.note(session, ((item.id, facts) for item, facts in found.items()), now)
    _advance(session, [item.id for item in found], "group", now)


def facts_of(session: Session, item: StoredItem) -> Facts:
    """Facts of the item's current revision; empty ones if it could not be read."""
    row = session.get(ItemFacts, (item.id, item.revision))
    return Facts.model_validate(row.facts) if row else Facts()


def facts_of_all(session: Session, loaded: Sequence[StoredItem]) -> dict[int, Facts]:
    """The same of many, with one look."""
    keys = [(item.id, item.revision) for item in loaded]
    mine = tuple_(col(ItemFacts.item_id), col(ItemFacts.revision)).in_(keys)
    found = {row.item_id: Facts.model_validate(row.facts) for row in session.exec(select(ItemFacts).where(mine))}
    return {item.id: found.get(item.id) or Facts() for item in loaded}


def read_again(session: Session, extractor_version: str, since: datetime, now: datetime) -> int:
    """Items first seen since then whose facts another version of the reader found: to be read anew. Returns how many."""
    stale = (
        select(Item.id)
        .join(ItemFacts, (col(ItemFacts.item_id) == col(Item.id)) & (col(ItemFacts.revision) == col(Item.revision)))
        .where(col(Item.stage) == "done", col(Item.first_seen_at) >= since)
        .where(col(ItemFacts.extractor_version) != extractor_version)
    )
    values = {"stage": "read", "due_at": now, "attempts": 0}
    marked = update(Item).where(col(Item.id).in_(stale.scalar_subquery())).values(values).returning(col(Item.id))
    return len(session.execute(marked).all())


def claim_ungrouped(session: Session, now: datetime, limit: int) -> list[int]:
    """Items that wait for a story, oldest first. Grouping is serial: the caller holds the grouping lock."""
    statement = (
        select(Item.id)
        .where(col(Item.stage) == "group", col(Item.due_at) <= now)
        .order_by(col(Item.first_seen_at), col(Item.id))
        .limit(limit)
    )
    ids = [item_id for item_id in session.exec(statement) if item_id is not None]
    session.execute(update(Item).where(col(Item.id).in_(ids)).values(attempts=Item.attempts + 1))
    return ids


def finish(session: Session, ids: Sequence[int], now: datetime) -> None:
    _advance(session, ids, "done", now)


def _advance(session: Session, ids: Sequence[int], stage: str, now: datetime) -> None:
    values = {"stage": stage, "due_at": now, "attempts": 0, "error_code": None, "error_text": None}
    session.execute(update(Item).where(col(Item.id).in_(ids)).values(values))


def fail(session: Session, item_id: int, code: str, text: str, now: datetime) -> str:
    """A stage could not handle this item: again later, at last set aside with its error. Returns what became of it."""
    item = session.get_one(Item, item_id)
    item.error_code, item.error_text = code, text[:500]
    if item.attempts < MAX_ATTEMPTS:
        item.due_at = now + timedelta(seconds=LEASE_S)
        return "retry"
    item.stage = "done"
    return "set_aside"
