# SPDX-License-Identifier: MIT
"""SQL of subscriptions and channels: apply a specification, keep its history, list what is active, save matches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from alerts.errors import InputError
from alerts.model import ChannelKind, MatchReason
from alerts.store import accounts
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import (
    Channel,
    MatchRow,
    Subscription,
    SubscriptionChannel,
    SubscriptionRevision,
)

CHUNK = 500  # ids in one statement


class Destination(NamedTuple):
    """A channel as it is given: its kind and the fields that must stay secret."""

    kind: ChannelKind
    config: Mapping[str, str]
    label: str
    hint: str


class Route(NamedTuple):
    """A channel of a subscription with the rhythm that the rule file gives it there; None: as the subscription has it."""

    channel_id: int
    cadence: str | None = None
    quiet: str | None = None
    cap_per_day: int | None = None


class Reader(NamedTuple):
    """One channel of one subscription with everything that is wished for there."""

    subscription: Subscription
    link: SubscriptionChannel
    channel: Channel


def save_channel(
    store: Store,
    session: Session,
    team: int,
    destination: Destination,
    now: datetime,
    *,
    author: str,
    state: str = "active",
) -> int:
    """Id of the channel; one destination is one row in a team. `state` is that of a new one only, which is noted in the
    audit log as the author's, by whatever door it came."""
    fingerprint = channel_fingerprint(store, destination.kind, destination.config)
    row = {
        "team_id": team,
        "kind": destination.kind.value,
        "label": destination.label,
        "hint": destination.hint,
        "config_encrypted": store.secrets.seal(dict(destination.config)),
        "fingerprint": fingerprint,
        "state": state,
        "created_at": now,
    }
    if insert_new(session, Channel, [row]):
        detail = {"kind": destination.kind.value}
        accounts.audit(
            session, author, "channel_added", f"channel {destination.label}", now, team_id=team, detail=detail
        )
    same = select(Channel.id).where(col(Channel.team_id) == team, col(Channel.fingerprint) == fingerprint)
    found = session.exec(same).one()
    assert found is not None
    return found


def channel_fingerprint(store: Store, kind: ChannelKind, config: Mapping[str, str]) -> str:
    """Equal for equal destinations, in whatever team: what the suppression list is kept by."""
    return store.secrets.fingerprint({"kind": kind.value, **config})


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
    routes: Sequence[Route],
    *,
    author: str,
    origin: str,
    now: datetime,
) -> str:
    """Make or change a subscription; returns created · changed · unchanged. Every change is kept as a revision.

    Raises InputError(name_taken) where somebody makes one of this name at the same moment.
    """
    session.flush()  # a new name that is not written yet
    mine = select(Subscription).where(col(Subscription.team_id) == team, col(Subscription.name) == name)
    found = session.exec(mine.with_for_update().execution_options(populate_existing=True)).first()
    if found is None:
        found = _made(session, {
            "team_id": team, "name": name, "spec": dict(spec), "state": state, "origin": origin, "created_at": now,
            "updated_at": now,
        })  # fmt: skip
        outcome = "created"
    elif found.spec == dict(spec) and found.state == state and _routes(session, found.id) == set(routes):
        return "unchanged"
    else:
        found.spec, found.state, found.origin = dict(spec), state, origin
        found.revision, found.updated_at = found.revision + 1, now
        outcome = "changed"
    assert found.id is not None
    _set_routes(session, found.id, routes)
    revision = {
        "subscription_id": found.id,
        "revision": found.revision,
        "author": author,
        "at": now,
        "spec": dict(spec),
        "routes": [list(route) for route in routes],
    }
    insert_new(session, SubscriptionRevision, [revision])
    return outcome


def _made(session: Session, row: Mapping[str, Any]) -> Subscription:
    new = insert_new(session, Subscription, [row])
    if not new:
        raise InputError("name_taken", "Another rule of your team has this name.")
    return session.get_one(Subscription, new[0])


def _routes(session: Session, subscription: int | None) -> set[Route]:
    mine = select(SubscriptionChannel).where(col(SubscriptionChannel.subscription_id) == subscription)
    return {Route(r.channel_id, r.cadence, r.quiet, r.cap_per_day) for r in session.exec(mine)}


def _set_routes(session: Session, subscription: int, routes: Sequence[Route]) -> None:
    """Channels that are no longer named are taken off; what a reader wished for on the others stays."""
    named = {route.channel_id: route for route in routes}
    gone = delete(SubscriptionChannel).where(
        col(SubscriptionChannel.subscription_id) == subscription, col(SubscriptionChannel.channel_id).not_in(named)
    )
    session.execute(gone)
    insert_new(session, SubscriptionChannel, [{"subscription_id": subscription, "channel_id": c} for c in named])
    mine = select(SubscriptionChannel).where(col(SubscriptionChannel.subscription_id) == subscription)
    for row in session.exec(mine):
        _, row.cadence, row.quiet, row.cap_per_day = named[row.channel_id]


def readers(session: Session, subscription_ids: Sequence[int], *, lock: bool = False) -> list[Reader]:
    """The channels of subscriptions. `lock`: held for this transaction, so that two workers count a day's cap in turn."""
    statement = (
        select(Subscription, SubscriptionChannel, Channel)
        .join(SubscriptionChannel, col(SubscriptionChannel.subscription_id) == col(Subscription.id))
        .join(Channel, col(Channel.id) == col(SubscriptionChannel.channel_id))
        .order_by(col(Subscription.id), col(Channel.id))
    )
    if lock:
        statement = statement.with_for_update(of=SubscriptionChannel)
    found: list[Reader] = []
    for start in range(0, len(subscription_ids), CHUNK):
        some = col(Subscription.id).in_(subscription_ids[start : start + CHUNK])
        found += [Reader(*row) for row in session.exec(statement.where(some))]
    return found


def reader(session: Session, subscription_id: int, channel_id: int, *, lock: bool = False) -> Reader | None:
    """One channel of a subscription; None if it is not one of its channels any more."""
    return next((r for r in readers(session, [subscription_id], lock=lock) if r.channel.id == channel_id), None)


def matched_before(session: Session, story_id: int, revision: int = 1) -> set[int]:
    """Subscriptions that were already told of this story in this revision or a later one."""
    told = select(MatchRow.subscription_id).where(col(MatchRow.story_id) == story_id)
    return set(session.exec(told.where(col(MatchRow.story_revision) >= revision)))


def matches_of(session: Session, story_id: int) -> dict[int, tuple[MatchReason, ...]]:
    """Subscriptions that were told of this story in any revision, with why; the newest reasons count."""
    rows = session.exec(select(MatchRow).where(col(MatchRow.story_id) == story_id).order_by(col(MatchRow.id)))
    return {row.subscription_id: tuple(MatchReason.model_validate(r) for r in row.reasons) for row in rows}


def save_matches(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Subscriptions whose match is new; one that is there already is left alone."""
    return set(insert_new(session, MatchRow, rows, returning="subscription_id"))
