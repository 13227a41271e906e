# SPDX-License-Identifier: MIT
"""Matched alerts into rows: a delivery that is due at once, an entry of a digest, or a delivery that says why not."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlmodel import Session

from alerts.delivery import message_id
from alerts.delivery.schedule import Action, Placement, Wishes, place
from alerts.errors import InputError
from alerts.model import AlertKind, DeliveryState, EventType
from alerts.rhythm import Rhythm, parse_cadence, parse_quiet
from alerts.store import deliveries, digests, ops, subscriptions
from alerts.store.subscriptions import Reader
from alerts.store.tables import Story

log = structlog.get_logger()


def tell(session: Session, story: Story, kinds: Mapping[int, AlertKind], now: datetime) -> int:
    """Rows for every channel of these subscriptions (id → kind of alert); returns how many deliveries are due at once."""
    installation = ops.installation_id(session)
    event, rows = EventType(story.event), []
    for reader in subscriptions.readers(session, sorted(kinds), lock=True):
        kind = kinds[_id(reader.subscription.id)]
        found = _placement(session, reader, event, now)
        if found.action is Action.HOLD:
            digests.hold(session, _entry(story, reader, kind, found, now))
        else:
            rows.append(_delivery(installation, story, reader, kind, found, now))
    deliveries.add(session, rows)
    return sum(row["state"] == DeliveryState.PENDING.value for row in rows)


def _placement(session: Session, reader: Reader, event: EventType, now: datetime) -> Placement:
    if reader.channel.state == "unverified":
        return Placement(Action.DROP, now, "unconfirmed")
    told = partial(deliveries.told_since, session, _id(reader.subscription.id), _id(reader.channel.id))
    return place(wishes(reader), event, now, told)


def wishes(reader: Reader) -> Wishes:
    """The reader's own words stand above the channel's, these above the subscription's. The later of two ends holds."""
    subscription, link, _ = reader
    return Wishes(
        rhythm=rhythm(
            subscription.spec, link.own_cadence or link.cadence, link.own_quiet or link.quiet, link.cap_per_day
        ),
        left=link.left_at is not None,
        paused=link.paused or subscription.state != "active",
        muted_until=_later(subscription.muted_until, link.muted_until),
        snoozed_until=_later(subscription.snoozed_until, link.snoozed_until),
    )


def rhythm(
    spec: Mapping[str, Any], cadence: str | None = None, quiet: str | None = None, cap: int | None = None
) -> Rhythm:
    """Of a stored specification; what cannot be read (it was checked when it was saved) costs no alert."""
    try:
        return Rhythm(
            cadence=parse_cadence(cadence or spec.get("cadence") or "instant"),
            quiet=parse_quiet(quiet or spec.get("quiet") or "none"),
            cap_per_day=cap or spec.get("cap_per_day"),
            priority=frozenset(EventType(e) for e in spec.get("priority", ())),
        )
    except (InputError, ValueError) as exc:
        log.warning("rhythm_unreadable", subscription=spec.get("name"), error=str(exc))
        return Rhythm()


def _entry(story: Story, reader: Reader, kind: AlertKind, found: Placement, now: datetime) -> dict[str, Any]:
    return {
        "subscription_id": reader.subscription.id,
        "channel_id": reader.channel.id,
        "story_id": story.id,
        "revision": story.revision,
        "kind": kind.value,
        "why": found.why,
        "held_at": now,
        "due_at": found.due,
    }


def _delivery(
    installation: str, story: Story, reader: Reader, kind: AlertKind, found: Placement, now: datetime
) -> dict[str, Any]:
    key = (reader.subscription.id, story.id, story.revision, reader.channel.id, kind.value)
    state = DeliveryState.PENDING if found.action is Action.SEND else DeliveryState.SUPPRESSED
    return {
        "subscription_id": reader.subscription.id,
        "story_id": story.id,
        "revision": story.revision,
        "channel_id": reader.channel.id,
        "kind": kind.value,
        "state": state.value,
        "state_reason": "" if found.action is Action.SEND else found.why,
        "why": found.why,
        "not_before": found.due,
        "message_id": message_id(installation, *key),
        "created_at": now,
        "updated_at": now,
    }


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def _id(value: int | None) -> int:
    assert value is not None
    return value
