# SPDX-License-Identifier: MIT
"""SQL of digests: what waits for one, and the one delivery that a window becomes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from alerts.store.insert import insert_new
from alerts.store.tables import Delivery, DigestEntry


def hold(session: Session, row: dict[str, Any]) -> bool:
    """Let an alert wait for its digest; False if it waits already."""
    return bool(insert_new(session, DigestEntry, [row]))


def due_readers(session: Session, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(subscription, channel) of those for whom a digest is due, longest overdue first."""
    due = (
        select(DigestEntry.subscription_id, DigestEntry.channel_id)
        .where(col(DigestEntry.told_at).is_(None), col(DigestEntry.due_at) <= now)
        .group_by(col(DigestEntry.subscription_id), col(DigestEntry.channel_id))
        .order_by(func.min(DigestEntry.due_at))
        .limit(limit)
    )
    return [(subscription, channel) for subscription, channel in session.exec(due)]


def due_entries(session: Session, reader: tuple[int, int], now: datetime) -> Sequence[DigestEntry]:
    """What waits for one reader's digest, held for this transaction."""
    mine = select(DigestEntry).where(
        col(DigestEntry.subscription_id) == reader[0],
        col(DigestEntry.channel_id) == reader[1],
        col(DigestEntry.told_at).is_(None),
        col(DigestEntry.due_at) <= now,
    )
    return session.exec(mine.order_by(col(DigestEntry.story_id)).with_for_update()).all()


def settle(entries: Sequence[DigestEntry], delivery_id: int | None, now: datetime) -> None:
    """They are told by this delivery; None: left out for the reason in `why`."""
    for entry in entries:
        entry.told_at, entry.delivery_id = now, delivery_id


def entries_of(session: Session, delivery_id: int) -> Sequence[DigestEntry]:
    """What a digest tells; of a fallback's digest, what the first one was to tell."""
    row = session.get_one(Delivery, delivery_id)
    told_by = row.instead_of or delivery_id
    mine = select(DigestEntry).where(col(DigestEntry.delivery_id) == told_by)
    return session.exec(mine.order_by(col(DigestEntry.story_id))).all()


def move(session: Session, reader: tuple[int, int], due: datetime, now: datetime) -> None:
    """All that waits for one reader is due then: the reader changed the rhythm."""
    waiting = update(DigestEntry).where(
        col(DigestEntry.subscription_id) == reader[0],
        col(DigestEntry.channel_id) == reader[1],
        col(DigestEntry.told_at).is_(None),
        col(DigestEntry.due_at) > now,
    )
    session.execute(waiting.values(due_at=due))


def of_story(session: Session, subscription_id: int, story_id: int) -> Sequence[DigestEntry]:
    """What a subscription holds or held back of a story."""
    mine = col(DigestEntry.subscription_id) == subscription_id, col(DigestEntry.story_id) == story_id
    return session.exec(select(DigestEntry).where(*mine).order_by(col(DigestEntry.channel_id))).all()


def states(session: Session, entries: Sequence[DigestEntry]) -> set[str]:
    """States of the digests that these became."""
    numbers = [e.delivery_id for e in entries if e.delivery_id is not None]
    return set(session.exec(select(Delivery.state).where(col(Delivery.id).in_(numbers)))) if numbers else set()
