# SPDX-License-Identifier: MIT
"""Reads from the service's store what it made of the sample news."""

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.model import AlertKind, ChannelKind, DeliveryState
from alerts.store.engine import Store
from alerts.store.tables import Channel, Delivery, Item, MatchRow, Story, StoryItem, Subscription
from worker.demo.results import Sent, Snapshot, why

OPEN = ("pending", "sending", "retry", "unknown")


def read(store: Store) -> Snapshot:
    """One consistent look at the store."""
    with store.read() as session:
        items = session.exec(select(Item.id, Item.url)).all()
        names = {item_id: url.rstrip("/").rpartition("/")[2] for item_id, url in items}
        placed = session.exec(select(StoryItem.item_id, StoryItem.story_id)).all()
        follows = dict(session.exec(select(Story.id, Story.follows_id)).all())
        return Snapshot(
            story_of={names[item]: story for item, story in placed},
            follows={story: before for story, before in follows.items() if story is not None},
            deliveries=_deliveries(session),
            items=len(items),
            stories=len(follows),
            alerts=session.exec(select(func.count()).select_from(MatchRow)).one(),
            open_work=_open_work(session),
        )


def _open_work(session: Session) -> int:
    counted = (
        select(func.count()).select_from(Item).where(col(Item.stage) != "done"),
        select(func.count()).select_from(Story).where(col(Story.stage) != "done"),
        select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(OPEN)),
    )
    return sum(session.exec(statement).one() for statement in counted)


def _deliveries(session: Session) -> list[Sent]:
    rows = session.exec(
        select(Delivery, Subscription, Channel)
        .join(Subscription, col(Subscription.id) == col(Delivery.subscription_id))
        .join(Channel, col(Channel.id) == col(Delivery.channel_id))
        .order_by(col(Delivery.created_at), col(Delivery.id))
    ).all()
    reasons = {(m.subscription_id, m.story_id): m.reasons for m in session.exec(select(MatchRow))}
    return [
        Sent(
            subscription=subscription.name,
            story=delivery.story_id,
            channel=ChannelKind(channel.kind),
            kind=AlertKind(delivery.kind),
            state=DeliveryState(delivery.state),
            at=delivery.sent_at or delivery.created_at,
            subject=str((delivery.message or {}).get("subject", "")),
            why=why(reasons.get((delivery.subscription_id, delivery.story_id), [])),
        )
        for delivery, subscription, channel in rows
        if delivery.story_id is not None and delivery.subscription_id is not None
    ]
