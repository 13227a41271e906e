# SPDX-License-Identifier: MIT
"""Queries of the page that readers see without an account: what they get, what they got, what waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.store.subscriptions import Reader
from alerts.store.tables import Channel, Delivery, DigestEntry, MatchRow, Subscription, SubscriptionChannel

NEWS = ("story", "update", "digest")


class Got(NamedTuple):
    """One message, with what was asked for that it met."""

    at: datetime
    subject: str
    subscription: str
    kind: str
    state: str
    reason: str
    wanted: tuple[str, ...]


def readings(session: Session, channel_id: int) -> list[Reader]:
    """All subscriptions that this channel is named in."""
    statement = (
        select(Subscription, SubscriptionChannel, Channel)
        .join(SubscriptionChannel, col(SubscriptionChannel.subscription_id) == col(Subscription.id))
        .join(Channel, col(Channel.id) == col(SubscriptionChannel.channel_id))
        .where(col(Channel.id) == channel_id, col(Subscription.state) != "draft")
        .order_by(col(Subscription.name))
    )
    return [Reader(*row) for row in session.exec(statement)]


def waiting(session: Session, channel_id: int) -> dict[int, tuple[int, datetime]]:
    """Subscription → (stories that wait for its digest, when the first of them is due)."""
    counted = (
        select(DigestEntry.subscription_id, func.count(), func.min(DigestEntry.due_at))
        .where(col(DigestEntry.channel_id) == channel_id, col(DigestEntry.told_at).is_(None))
        .group_by(col(DigestEntry.subscription_id))
    )
    return {subscription: (count, due) for subscription, count, due in session.execute(counted).all()}


def got(session: Session, channel_id: int, limit: int = 50) -> Sequence[Got]:
    """The newest messages and what kept others back, newest first."""
    rows = (
        select(Delivery, Subscription.name)
        .join(Subscription, col(Subscription.id) == col(Delivery.subscription_id))
        .where(col(Delivery.channel_id) == channel_id, col(Delivery.kind).in_(NEWS))
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )
    return [_got(session, row, name) for row, name in session.exec(rows)]


def _got(session: Session, row: Delivery, subscription: str) -> Got:
    same = select(MatchRow.reasons).where(
        col(MatchRow.subscription_id) == row.subscription_id, col(MatchRow.story_id) == row.story_id
    )
    reasons = session.exec(same.order_by(col(MatchRow.id).desc())).first() or []
    return Got(
        at=row.sent_at or row.created_at,
        subject=str((row.message or {}).get("subject", "")),
        subscription=subscription,
        kind=row.kind,
        state=row.state,
        reason=row.state_reason,
        wanted=tuple(dict.fromkeys(str(r["wanted"]) for r in reasons)),
    )
