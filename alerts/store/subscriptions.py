# SPDX-License-Identifier: MIT
"""SQL of subscriptions and channels: apply a specification, keep its history, list what is active, save matches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from alerts.model import ChannelKind
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import (
    Channel,
    MatchRow,
    Subscription,
    SubscriptionChannel,
    SubscriptionRevision,
)


class Destination(NamedTuple):
    """A channel as it is given: its kind and the fields that must stay secret."""

    kind: ChannelKind
    config: Mapping[str, str]
    label: str
    hint: str


class ActiveSubscription(NamedTuple):
    id: int
    team_id: int
    name: str
    revision: int
    spec: Mapping[str, Any]
    channel_ids: tuple[int, ...]
    muted_until: datetime | None


def save_channel(store: Store, session: Session, team: int, destination: Destination, now: datetime) -> int:
    """Id of the channel; one destination is one row in a team."""
    fingerprint = store.secrets.fingerprint({"kind": destination.kind.value, **destination.config})
    row = {
        "team_id": team,
        "kind": destination.kind.value,
        "label": destination.label,
        "hint": destination.hint,
        "config_encrypted": store.secrets.seal(dict(destination.config)),
        "fingerprint": fingerprint,
        "created_at": now,
    }
    insert_new(session, Channel, [row])
    same = select(Channel.id).where(col(Channel.team_id) == team, col(Channel.fingerprint) == fingerprint)
    found = session.exec(same).one()
    assert found is not None
    return found


def channel_by_label(session: Session, team: int, label: str) -> int | None:
    """Id of a stored channel by its label, None if the team has none of that name."""
    return session.exec(
        select(Channel.id).where(col(Channel.team_id) == team, func.lower(Channel.label) == label.lower())
    ).first()


def save(
    session: Session,
    team: int,
    name: str,
    spec: Mapping[str, Any],
    state: str,
    channels: Sequence[int],
    *,
    author: str,
    origin: str,
    now: datetime,
) -> str:
    """Make or change a subscription; returns created · changed · unchanged. Every change is kept as a revision."""
    found = session.exec(
        select(Subscription).where(col(Subscription.team_id) == team, col(Subscription.name) == name)
    ).first()
    if found is None:
        found = Subscription(
            team_id=team, name=name, spec=dict(spec), state=state, origin=origin, created_at=now, updated_at=now
        )
        session.add(found)
        session.flush()
        outcome = "created"
    elif found.spec == dict(spec) and found.state == state and _channels(session, found.id) == set(channels):
        return "unchanged"
    else:
        found.spec, found.state, found.origin = dict(spec), state, origin
        found.revision, found.updated_at = found.revision + 1, now
        outcome = "changed"
    assert found.id is not None
    _set_channels(session, found.id, channels)
    revision = {
        "subscription_id": found.id,
        "revision": found.revision,
        "author": author,
        "at": now,
        "spec": dict(spec),
    }
    insert_new(session, SubscriptionRevision, [revision])
    return outcome


def _channels(session: Session, subscription: int | None) -> set[int]:
    statement = select(SubscriptionChannel.channel_id).where(col(SubscriptionChannel.subscription_id) == subscription)
    return set(session.exec(statement))


def _set_channels(session: Session, subscription: int, channels: Sequence[int]) -> None:
    gone = delete(SubscriptionChannel).where(
        col(SubscriptionChannel.subscription_id) == subscription, col(SubscriptionChannel.channel_id).not_in(channels)
    )
    session.execute(gone)
    insert_new(
        session,
        SubscriptionChannel,
        [{"subscription_id": subscription, "channel_id": c} for c in dict.fromkeys(channels)],
    )


def version(session: Session) -> tuple[Any, ...]:
    """Changes whenever an active subscription does: what compiled rules are cached by."""
    counted = select(func.count(), func.sum(Subscription.revision), func.max(Subscription.updated_at))
    return tuple(session.execute(counted.where(col(Subscription.state) == "active")).one())


def active(session: Session) -> list[ActiveSubscription]:
    """All active subscriptions with their channels."""
    channels: dict[int, list[int]] = {}
    for link in session.exec(select(SubscriptionChannel).order_by(col(SubscriptionChannel.channel_id))):
        channels.setdefault(link.subscription_id, []).append(link.channel_id)
    rows = session.exec(select(Subscription).where(col(Subscription.state) == "active").order_by(col(Subscription.id)))
    return [
        ActiveSubscription(s.id, s.team_id, s.name, s.revision, s.spec, tuple(channels.get(s.id, ())), s.muted_until)
        for s in rows
        if s.id is not None
    ]


def matched_before(session: Session, story_id: int) -> set[int]:
    """Subscriptions that were already told of this story, in whatever revision."""
    return set(session.exec(select(MatchRow.subscription_id).where(col(MatchRow.story_id) == story_id)))


def told_by(session: Session, subscription_ids: Sequence[int], story_id: int) -> set[int]:
    """Of these subscriptions, those that met the given (earlier) story."""
    statement = select(MatchRow.subscription_id).where(
        col(MatchRow.story_id) == story_id, col(MatchRow.subscription_id).in_(subscription_ids)
    )
    return set(session.exec(statement))
