# SPDX-License-Identifier: MIT
"""What a look at the installation counts: due rows, unreadable items, rules that matched nothing, the database's clock."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from alerts.store.claims import backlog
from alerts.store.tables import Delivery, Feed, Installation, Item, ItemFacts, MatchRow, Story, Subscription

OPEN_STATES = ("pending", "retry", "unknown", "sending")
_SAMPLES = "due_samples"


def backlogs(session: Session, now: datetime) -> dict[str, tuple[int, float]]:
    """Stage → (rows that are due, age of the oldest in seconds)."""
    return {
        "poll": backlog(session, Feed, "next_poll_at", [col(Feed.enabled).is_(True)], now),
        "read": backlog(session, Item, "due_at", [col(Item.stage) == "read"], now),
        "group": backlog(session, Item, "due_at", [col(Item.stage) == "group"], now),
        "match": backlog(session, Story, "due_at", [col(Story.stage) == "match"], now),
        "deliver": backlog(session, Delivery, "not_before", [col(Delivery.state).in_(OPEN_STATES)], now),
    }


def remember_due(session: Session, due: dict[str, int], keep: int) -> dict[str, tuple[int, ...]]:
    """Due rows at the last `keep` looks before this one, oldest first; this one is remembered for the next."""
    row = session.get(Installation, _SAMPLES)
    before: list[dict[str, int]] = json.loads(row.value) if row else []
    kept = json.dumps([*before, due][-keep:])
    if row:
        row.value = kept
    else:
        session.add(Installation(key=_SAMPLES, value=kept))
    return {stage: tuple(sample.get(stage, 0) for sample in before) for stage in due}


def reading(session: Session, now: datetime) -> tuple[int, int]:
    """(items read, items that could not be read) in the last hour."""
    since = now - timedelta(hours=1)
    read = session.exec(select(func.count()).select_from(ItemFacts).where(col(ItemFacts.read_at) > since)).one()
    failed = session.exec(
        select(func.count())
        .select_from(Item)
        .where(col(Item.updated_at) > since, col(Item.error_code) == "read_failed")
    ).one()
    return read, failed


def idle_rules(session: Session, now: datetime, days: int) -> Sequence[tuple[int, str, datetime]]:
    """Active rules of at least `days` days that matched nothing in that time: (id, name, since when)."""
    before = now - timedelta(days=days)
    last = (
        select(func.max(MatchRow.matched_at))
        .where(col(MatchRow.subscription_id) == col(Subscription.id))
        .scalar_subquery()
    )
    since = func.coalesce(last, Subscription.updated_at)
    rows = session.execute(
        select(Subscription.id, Subscription.name, since).where(col(Subscription.state) == "active", since < before)
    )
    return [(int(number), name, _aware(at)) for number, name, at in rows]


def database_clock(session: Session) -> datetime:
    """The database's own idea of now, UTC."""
    if session.get_bind().dialect.name == "sqlite":
        found = session.execute(text("select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")).scalar_one()
        return datetime.fromisoformat(found)
    now: datetime = session.execute(text("select clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


def _aware(at: datetime | str) -> datetime:
    made = datetime.fromisoformat(at) if isinstance(at, str) else at
    return made if made.tzinfo else made.replace(tzinfo=UTC)
