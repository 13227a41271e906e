# SPDX-License-Identifier: MIT
"""SQL of retention: what is old enough to go, and what still needs it. In batches, each a transaction of its own.

Never goes: what an open delivery or a waiting digest tells of, what a younger story follows, the list of addresses not
to write to, and the identity of an item that its feed may show again.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, Text, cast, delete, exists, func, null, or_, select, tuple_, update
from sqlmodel import Session, SQLModel, col

from alerts.store.engine import Store
from alerts.store.tables import (
    AuditEntry,
    Delivery,
    DeliveryAttempt,
    DigestEntry,
    IdempotencyKey,
    Item,
    ItemFacts,
    LoginFailure,
    LoginLink,
    MatchRow,
    Notice,
    NovelName,
    Story,
    StoryFeedback,
    StoryItem,
    StoryKey,
    StoryOverride,
    UserSession,
)

BATCH = 500
OPEN = ("pending", "sending", "retry", "unknown")
SIGN_IN_DAYS = 30  # ended sessions, links and what failed: long enough to look into an incident
NOTICE_DAYS = 90


class Policy(NamedTuple):
    """How many days each kind of data is kept (settings `keep_…_days`, docs/privacy.md)."""

    news: int
    offtopic: int
    payloads: int
    attempts: int
    audit: int


class Cut(NamedTuple):
    """One kind of data: how to find what may go (its primary keys) and what to do with them."""

    name: str
    victims: Any  # a select of them
    apply: Callable[[Session, Sequence[Any]], None]


def count(store: Store, policy: Policy, now: datetime) -> dict[str, int]:
    """What `prune` would remove now (more may follow from it: items are free when their story is gone)."""
    with store.read() as session:
        return {cut.name: _count(session, cut.victims) for cut in cuts(policy, now)}


def _count(session: Session, victims: Any) -> int:
    return int(session.execute(select(func.count()).select_from(victims.order_by(None).subquery())).scalar_one())


def prune(store: Store, policy: Policy, now: datetime, more: Callable[[], bool] = lambda: True) -> dict[str, int]:
    """Remove what is old; returns how many of each. Stops between two batches when `more()` says so."""
    done: dict[str, int] = {}
    for cut in cuts(policy, now):
        done[cut.name] = 0
        while more():
            with store.write() as session:
                keys = [row[0] if len(row) == 1 else tuple(row) for row in session.execute(cut.victims.limit(BATCH))]
                if keys:
                    cut.apply(session, keys)
            done[cut.name] += len(keys)
            if len(keys) < BATCH:
                break
    return done


def cuts(policy: Policy, now: datetime) -> list[Cut]:
    """In an order that frees what comes later: payloads and attempts, stories with all of theirs, then items."""
    ago = {name: now - timedelta(days=days) for name, days in policy._asdict().items()}
    signed_in = now - timedelta(days=SIGN_IN_DAYS)
    return [
        Cut("payloads", _payloads(ago["payloads"]), _empty_payloads),
        Cut("attempts", _attempts(ago["attempts"]), _drop(DeliveryAttempt)),
        Cut("digests", _told_entries(ago["news"]), _drop(DigestEntry)),
        Cut("stories", _stories(ago["news"]), drop_stories),
        Cut("deliveries", _storyless_deliveries(ago["news"]), drop_deliveries),
        Cut("items", _items(ago["news"], ago["offtopic"]), _drop_items),
        Cut("undated_items", _undated(ago["offtopic"]), _empty_items),
        Cut("audit", select(col(AuditEntry.id)).where(col(AuditEntry.at) < ago["audit"]), _drop(AuditEntry)),
        Cut("sessions", _ended(UserSession.token_sha256, UserSession.expires_at, now), _drop(UserSession)),
        Cut("links", _ended(LoginLink.token_sha256, LoginLink.expires_at, signed_in), _drop(LoginLink)),
        Cut("login_failures", _ended(LoginFailure.key, LoginFailure.since, signed_in), _drop(LoginFailure)),
        Cut("idempotency_keys", _old_keys(now - timedelta(days=2)), _drop(IdempotencyKey)),
        Cut("notices", _ended(Notice.key, Notice.over_told_at, now - timedelta(days=NOTICE_DAYS)), _drop(Notice)),
    ]


def _drop(table: type[SQLModel]) -> Callable[[Session, Sequence[Any]], None]:
    """Delete rows by primary key."""
    columns = list(_table(table).primary_key.columns)
    where = columns[0] if len(columns) == 1 else tuple_(*columns)

    def apply(session: Session, keys: Sequence[Any]) -> None:
        session.execute(delete(table).where(where.in_(keys)))

    return apply


def _ended(key: Any, at: Any, before: datetime) -> Any:
    return select(col(key)).where(col(at) < before)


def _old_keys(before: datetime) -> Any:
    return select(col(IdempotencyKey.token_sha256), col(IdempotencyKey.key)).where(col(IdempotencyKey.at) < before)


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────


def _settled(before: datetime) -> list[Any]:
    return [col(Delivery.state).not_in(OPEN), col(Delivery.updated_at) < before]


def _payloads(before: datetime) -> Any:
    """Rendered messages hold what was told to whom; their hash stays."""
    return select(col(Delivery.id)).where(*_settled(before), col(Delivery.message_sha256).is_not(None), _has_payload())


def _has_payload() -> Any:
    """JSON knows two kinds of nothing: SQL's NULL and the word null, which is what the ORM writes for None."""
    return func.coalesce(func.length(cast(col(Delivery.message), Text)), 0) > len("null")


def _empty_payloads(session: Session, keys: Sequence[Any]) -> None:
    session.execute(update(Delivery).where(col(Delivery.id).in_(keys)).values(message=null()))


def _attempts(before: datetime) -> Any:
    settled = select(col(Delivery.id)).where(*_settled(before))
    return select(col(DeliveryAttempt.delivery_id), col(DeliveryAttempt.number)).where(
        col(DeliveryAttempt.delivery_id).in_(settled)
    )


def _told_entries(before: datetime) -> Any:
    columns = list(_table(DigestEntry).primary_key.columns)
    return select(*columns).where(col(DigestEntry.told_at) < before)


def _storyless_deliveries(before: datetime) -> Any:
    """Digests, confirmations, tests, notices to owners."""
    return select(col(Delivery.id)).where(*_settled(before), col(Delivery.story_id).is_(None))


def drop_deliveries(session: Session, ids: Iterable[int]) -> None:
    """Deliveries with their attempts; what points to them points to nothing."""
    gone = list(ids)
    session.execute(delete(DeliveryAttempt).where(col(DeliveryAttempt.delivery_id).in_(gone)))
    session.execute(update(DigestEntry).where(col(DigestEntry.delivery_id).in_(gone)).values(delivery_id=None))
    session.execute(update(Delivery).where(col(Delivery.instead_of).in_(gone)).values(instead_of=None))
    session.execute(delete(Delivery).where(col(Delivery.id).in_(gone)))


# ── stories and items ────────────────────────────────────────────────────────────────────────────


def _stories(before: datetime) -> Any:
    later = _table(Story).alias("later")
    needed = or_(
        exists().where(col(Delivery.story_id) == col(Story.id), or_(*_unsettled(before))),
        exists().where(col(DigestEntry.story_id) == col(Story.id)),
        exists().where(
            or_(later.c.follows_id == col(Story.id), later.c.merged_into_id == col(Story.id)),
            later.c.last_seen_at >= before,
        ),
    )
    return select(col(Story.id)).where(col(Story.stage) == "done", col(Story.last_seen_at) < before, ~needed)


def _unsettled(before: datetime) -> list[Any]:
    return [col(Delivery.state).in_(OPEN), col(Delivery.updated_at) >= before]


def drop_stories(session: Session, ids: Sequence[int]) -> None:
    """Stories with all that is told of them; their items stay until they are too old themselves."""
    told = select(col(Delivery.id)).where(col(Delivery.story_id).in_(ids))
    drop_deliveries(session, session.execute(told).scalars())
    for table in (MatchRow, StoryFeedback, StoryOverride, StoryKey, StoryItem):
        session.execute(delete(table).where(_table(table).c.story_id.in_(ids)))
    session.execute(update(Story).where(col(Story.follows_id).in_(ids)).values(follows_id=None))
    session.execute(update(Story).where(col(Story.merged_into_id).in_(ids)).values(merged_into_id=None))
    session.execute(delete(Story).where(col(Story.id).in_(ids)))


def _unused() -> list[Any]:
    """No story, no correction by hand and no open name needs the item."""
    return [
        col(Item.stage) == "done",
        ~exists().where(col(StoryItem.item_id) == col(Item.id)),
        ~exists().where(col(Story.lead_item_id) == col(Item.id)),
        ~exists().where(col(StoryOverride.item_id) == col(Item.id)),
        ~exists().where(col(NovelName.first_item_id) == col(Item.id)),
    ]


def _items(before: datetime, offtopic_before: datetime) -> Any:
    """Dated ones only: if the feed still shows one, it comes back as old news that nobody is told."""
    relevant = exists().where(col(ItemFacts.item_id) == col(Item.id), col(ItemFacts.relevant).is_(True))
    old = or_(col(Item.updated_at) < before, (col(Item.updated_at) < offtopic_before) & ~relevant)
    return select(col(Item.id)).where(*_unused(), old, col(Item.published_at).is_not(None))


def _drop_items(session: Session, ids: Sequence[int]) -> None:
    session.execute(delete(ItemFacts).where(col(ItemFacts.item_id).in_(ids)))
    session.execute(delete(Item).where(col(Item.id).in_(ids)))


def _undated(before: datetime) -> Any:
    """Without a date only the row tells that the item is known: it stays, its text goes."""
    old = [col(Item.updated_at) < before, col(Item.published_at).is_(None), col(Item.summary) != ""]
    return select(col(Item.id)).where(*_unused(), *old)


def _empty_items(session: Session, ids: Sequence[int]) -> None:
    session.execute(update(Item).where(col(Item.id).in_(ids)).values(summary=""))


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
