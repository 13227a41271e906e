# SPDX-License-Identifier: MIT
"""SQL of what is known about one mail address: all of it for its owner to read, and none of it afterwards (GDPR 15, 17)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, col, select

from alerts.model import ChannelKind
from alerts.store import accounts, channels
from alerts.store.engine import Store
from alerts.store.retention import drop_deliveries
from alerts.store.subscriptions import channel_fingerprint
from alerts.store.tables import (
    ApiToken,
    AuditEntry,
    Channel,
    Delivery,
    DeliveryAttempt,
    DigestEntry,
    IdempotencyKey,
    LoginLink,
    Membership,
    Notice,
    NovelName,
    StoryFeedback,
    StoryOverride,
    Subscription,
    SubscriptionChannel,
    SubscriptionRevision,
    Suppression,
    Team,
    TemplateVersion,
    UserSession,
)

BATCH = 500
REASON = "erased at its owner's wish"
# Columns that hold the name under which somebody changed something; for people of the console that is their address.
AUTHORS: tuple[tuple[type[SQLModel], str], ...] = (
    (SubscriptionRevision, "author"),
    (TemplateVersion, "author"),
    (StoryFeedback, "author"),
    (StoryOverride, "author"),
    (NovelName, "decided_by"),
    (AuditEntry, "actor"),
)


def fingerprint(store: Store, address: str) -> str:
    """Keyed hash of a mail channel's destination, the same in every team."""
    return channel_fingerprint(store, ChannelKind.EMAIL, {"address": accounts.normal_email(address)})


def export(store: Store, session: Session, address: str) -> dict[str, Any]:
    """Everything that is tied to the address; empty lists where there is nothing."""
    mine = channels.of_fingerprint(session, fingerprint(store, address))
    ids = [channel.id for channel in mine if channel.id is not None]
    listed = session.get(Suppression, fingerprint(store, address))
    return {
        "address": address,
        "channels": [_channel(store, session, channel) for channel in mine],
        "subscriptions": [_subscription(row, link) for row, link in _subscriptions(session, ids)],
        "deliveries": [_delivery(session, row) for row in _deliveries(session, ids)],
        "waiting_for_a_digest": [_plain(row) for row in _waiting(session, ids)],
        "not_to_be_written_to": {"since": listed.at, "reason": listed.reason} if listed else None,
        "account": _account(session, address),
        "audit": [_plain(row) for row in _audit(session, address, ids)],
    }


def erase(store: Store, session: Session, address: str, now: datetime) -> dict[str, int]:
    """Remove it all but a keyed hash, by which the address is never written to again. Counts of what went."""
    found = fingerprint(store, address)
    mine = channels.of_fingerprint(session, found)
    ids = [channel.id for channel in mine if channel.id is not None]
    alias = f"erased:{found[:12]}"
    done = {"deliveries": _drop_deliveries(session, ids), "channels": len(ids)}
    _forget_mentions(session, address, alias, ids)
    for channel_id in ids:
        session.execute(delete(Notice).where(col(Notice.key).like(f"channel:{channel_id}:%")))
    _drop_channels(session, ids)
    done["account"] = _drop_account(session, address, alias)
    session.execute(delete(Suppression).where(col(Suppression.fingerprint) == found))
    channels.suppress(session, found, alias, REASON, now)
    return done


# ── what there is ────────────────────────────────────────────────────────────────────────────────


def _plain(row: SQLModel, *left_out: str) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if name not in left_out}


def _channel(store: Store, session: Session, channel: Channel) -> dict[str, Any]:
    team = session.get_one(Team, channel.team_id)
    opened = store.secrets.open(channel.config_encrypted)
    return {**_plain(channel, "config_encrypted", "fingerprint"), "team": team.name, "destination": opened}


def _subscriptions(session: Session, ids: Sequence[int]) -> Sequence[tuple[Subscription, SubscriptionChannel]]:
    joined = select(Subscription, SubscriptionChannel).join(
        SubscriptionChannel, col(SubscriptionChannel.subscription_id) == col(Subscription.id)
    )
    return session.exec(joined.where(col(SubscriptionChannel.channel_id).in_(ids))).all()


def _subscription(row: Subscription, link: SubscriptionChannel) -> dict[str, Any]:
    return {"name": row.name, "state": row.state, "rule": row.spec, "wishes": _plain(link, "subscription_id")}


def _deliveries(session: Session, ids: Sequence[int]) -> Sequence[Delivery]:
    return session.exec(select(Delivery).where(col(Delivery.channel_id).in_(ids)).order_by(col(Delivery.id))).all()


def _delivery(session: Session, row: Delivery) -> dict[str, Any]:
    tried = select(DeliveryAttempt).where(col(DeliveryAttempt.delivery_id) == row.id)
    attempts = session.exec(tried.order_by(col(DeliveryAttempt.number)))
    return {**_plain(row), "attempts": [_plain(attempt, "delivery_id") for attempt in attempts]}


def _waiting(session: Session, ids: Sequence[int]) -> Sequence[DigestEntry]:
    return session.exec(select(DigestEntry).where(col(DigestEntry.channel_id).in_(ids))).all()


def _account(session: Session, address: str) -> dict[str, Any] | None:
    user = accounts.user_by_email(session, address)
    if user is None or user.id is None:
        return None
    opened = select(UserSession).where(col(UserSession.user_id) == user.id)
    tokens = select(ApiToken).where(col(ApiToken.user_id) == user.id)
    return {
        **_plain(user, "password_hash"),
        "teams": [seat._asdict() for seat in accounts.seats(session, user.id)],
        "sessions": [_plain(row, "token_sha256") for row in session.exec(opened)],
        "tokens": [_plain(row, "token_sha256") for row in session.exec(tokens)],
    }


def _audit(session: Session, address: str, ids: Sequence[int]) -> list[AuditEntry]:
    """Entries by or about the address. Read one by one: what stands in `detail` is no column."""
    marks = {f"channel {channel_id}" for channel_id in ids}
    rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
    return [row for row in rows if row.subject in marks or _mentions(row, address)]


def _mentions(row: AuditEntry, address: str) -> bool:
    return address.lower() in f"{row.actor} {row.subject} {row.detail}".lower()


# ── away with it ─────────────────────────────────────────────────────────────────────────────────


def _drop_deliveries(session: Session, ids: Sequence[int]) -> int:
    session.execute(delete(DigestEntry).where(col(DigestEntry.channel_id).in_(ids)))
    gone = [row.id for row in _deliveries(session, ids) if row.id is not None]
    for start in range(0, len(gone), BATCH):
        drop_deliveries(session, gone[start : start + BATCH])
    return len(gone)


def _drop_channels(session: Session, ids: Sequence[int]) -> None:
    session.execute(delete(SubscriptionChannel).where(col(SubscriptionChannel.channel_id).in_(ids)))
    unnamed = update(Channel).where(col(Channel.fallback_channel_id).in_(ids)).values(fallback_channel_id=None)
    session.execute(unnamed)
    session.execute(delete(Channel).where(col(Channel.id).in_(ids)))


def _forget_mentions(session: Session, address: str, alias: str, ids: Sequence[int]) -> None:
    """The audit log keeps that something was done, no longer by whom or to which address."""
    for row in _audit(session, address, ids):
        row.actor, row.subject = _without(row.actor, address, alias), _without(row.subject, address, alias)
        row.detail = {key: _without(str(value), address, alias) for key, value in row.detail.items()}
    session.flush()
    for table, name in AUTHORS:
        column = table.__table__.c[name]  # type: ignore[attr-defined]
        session.execute(update(table).where(column == accounts.normal_email(address)).values({name: alias}))


def _without(text: str, address: str, alias: str) -> str:
    start = text.lower().find(address.lower())
    return text if start < 0 else text[:start] + alias + _without(text[start + len(address) :], address, alias)


def _drop_account(session: Session, address: str, alias: str) -> int:
    """The row stays as nobody, since what the person made for the team points to it."""
    user = accounts.user_by_email(session, address)
    if user is None:
        return 0
    tokens = select(ApiToken.token_sha256).where(col(ApiToken.user_id) == user.id)
    session.execute(delete(IdempotencyKey).where(col(IdempotencyKey.token_sha256).in_(tokens)))
    for table in (UserSession, ApiToken, LoginLink, Membership):
        column = table.__table__.c.user_id  # type: ignore[union-attr]
        session.execute(delete(table).where(column == user.id))
    user.email, user.name, user.password_hash, user.active = alias, "erased", None, False
    return 1
