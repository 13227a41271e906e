# SPDX-License-Identifier: MIT
"""Entries whose time has come become one delivery for each reader and window; the sender does the rest."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from alerts.delivery import message_id
from alerts.delivery.schedule import after_cap, standing
from alerts.model import AlertKind, DeliveryState
from alerts.pipeline import placing
from alerts.rhythm import hold_until
from alerts.store import deliveries, digests, ops, subscriptions
from alerts.store.engine import Store
from alerts.store.subscriptions import Reader
from alerts.store.tables import DigestEntry

BATCH = 50


def assemble(store: Store, now: datetime) -> int:
    """Digests made. Each reader in a transaction of its own, so one that fails costs no other."""
    with store.read() as session:
        readers = digests.due_readers(session, now, BATCH)
    made = 0
    for key in readers:
        with store.write() as session:
            made += _assemble(session, key, now)
    return made


def _assemble(session: Session, key: tuple[int, int], now: datetime) -> int:
    reader = subscriptions.reader(session, *key, lock=True)
    entries = digests.due_entries(session, key, now)
    if not entries:
        return 0
    refusal = standing(placing.wishes(reader), now) if reader else "channel_removed"
    if refusal or reader is None:
        for entry in entries:
            entry.why = refusal or entry.why
        digests.settle(entries, None, now)
        return 0
    made = _deliver(session, reader, entries, now)
    if made is None:  # this window's digest is on its way already: what came too late goes with the next one
        rhythm = placing.wishes(reader).rhythm
        for entry in entries:
            entry.due_at = hold_until(rhythm.quiet, after_cap(rhythm, now))
        return 0
    digests.settle(entries, made, now)
    return 1


def _deliver(session: Session, reader: Reader, entries: Sequence[DigestEntry], now: datetime) -> int | None:
    """The one delivery of this window; None if there is one already."""
    due = max(entry.due_at for entry in entries)
    key = f"digest:{reader.subscription.id}:{reader.channel.id}:{due.isoformat()}"
    row = {
        "subscription_id": reader.subscription.id,
        "channel_id": reader.channel.id,
        "kind": AlertKind.DIGEST.value,
        "unique_key": key,
        "why": "digest",
        "state": DeliveryState.PENDING.value,
        "not_before": now,
        "message_id": message_id(ops.installation_id(session), key),
        "created_at": now,
        "updated_at": now,
    }
    return next(iter(deliveries.add(session, [row])), None)
