# SPDX-License-Identifier: MIT
"""Queries of the page that readers see without an account: what they get, what they got, what waits."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.model import AlertKind, MatchReason
from alerts.store.subscriptions import Reader
from alerts.store.tables import Channel, Delivery, DigestEntry, MatchRow, Story, Subscription, SubscriptionChannel

NEWS = ("story", "update", "digest")


class Got(NamedTuple):
    """One message, with what was asked for that it met."""

    at: datetime
    subject: str
    subscription: str
    kind: str
    state: str
    reason: str
    reasons: tuple[MatchReason, ...]
    stories: tuple[tuple[int, str], ...]  # (id, headline) of what it tells of


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
        reasons=tuple(MatchReason.model_validate(r) for r in reasons),
        stories=_stories(session, row),
    )


def _stories(session: Session, row: Delivery) -> tuple[tuple[int, str], ...]:
    wanted = select(Story.id, Story.headline)
    if row.kind == "digest":
        told = col(DigestEntry.delivery_id) == (row.instead_of or row.id)
        wanted = wanted.join(DigestEntry, col(DigestEntry.story_id) == col(Story.id)).where(told)
    else:
        wanted = wanted.where(col(Story.id) == row.story_id)
    return tuple((number or 0, headline) for number, headline in session.exec(wanted.order_by(col(Story.id).desc())))


def told_of(session: Session, channel_id: int, story_id: int) -> tuple[int, int, int, AlertKind] | None:
    """(subscription, story, revision, kind) of the newest alert on a story that a channel was or is to be told."""
    for table in (Delivery, DigestEntry):
        mine = col(table.channel_id) == channel_id, col(table.story_id) == story_id
        found = select(table.subscription_id, table.revision, table.kind).where(*mine)
        newest = session.exec(found.order_by(col(table.revision).desc())).first()
        if newest and newest[0] is not None:
            return newest[0], story_id, newest[1], AlertKind(newest[2])
    return None


def others(session: Session, channel_id: int) -> dict[int, Counter[str]]:
    """Subscription → kinds of the other channels that it tells, counted: whose they are is nobody else's business."""
    mine = select(SubscriptionChannel.subscription_id).where(col(SubscriptionChannel.channel_id) == channel_id)
    counted = (
        select(SubscriptionChannel.subscription_id, Channel.kind, func.count())
        .join(Channel, col(Channel.id) == col(SubscriptionChannel.channel_id))
        .where(
            col(SubscriptionChannel.subscription_id).in_(mine),
            col(SubscriptionChannel.left_at).is_(None),
            col(Channel.id) != channel_id,
            col(Channel.state) == "active",
        )
        .group_by(col(SubscriptionChannel.subscription_id), col(Channel.kind))
        .order_by(col(Channel.kind))
    )
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for subscription, kind, count in session.execute(counted).all():
        found[subscription][kind] = count
    return found
