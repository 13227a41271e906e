# SPDX-License-Identifier: MIT
"""What becomes of a channel: it dies, its alerts go out by the fallback, its readers are told once, it lives again."""

from datetime import datetime

from sqlmodel import Session

from alerts.delivery import Health, message_id
from alerts.delivery.notes import Note, render_note
from alerts.model import AlertKind, ChannelKind, DeliveryState, Outcome, OutcomeKind
from alerts.store import channels, deliveries, ops
from alerts.store.tables import Channel, Delivery


def note(session: Session, channel: Channel, outcome: Outcome, health: Health, now: datetime) -> None:
    """Keep what an attempt says of its channel: a confirmed refusal shuts it, an answer opens it again."""
    channel.failures, channel.failed_at = health.failures, health.failed_at
    if outcome.kind is OutcomeKind.OK:
        if channel.state == "disabled":
            revive(session, channel, now)
        return
    channel.last_error_code, channel.last_error_at = outcome.code, now
    if health.dead and channel.state in {"active", "unverified"}:
        _shut(session, channel, outcome, now)


def _shut(session: Session, channel: Channel, outcome: Outcome, now: datetime) -> None:
    """A mailbox that does not exist is never written to again; a webhook that is gone waits for somebody to mend it."""
    mailbox = channel.kind == ChannelKind.EMAIL
    channel.state, channel.died_at = ("suppressed" if mailbox else "disabled"), now
    if mailbox:
        channels.suppress(session, channel.fingerprint, channel.hint, f"hard bounce ({outcome.code})", now)
    what = f"{channel.label} refuses messages ({outcome.code})"
    ops.raise_notice(session, f"channel:{channel.id}:dead", f"{what}: switched off", now)
    other = channels.another(session, channel)
    if other is not None:
        by_fallback = channel.fallback_channel_id == other.id
        told = Note(
            subject=f"A channel stopped working: {channel.label}",
            paragraphs=(
                f"{what}, and it was tried twice. It is switched off, so nothing more is sent there.",
                "Its alerts come to you here until it works again."
                if by_fallback
                else "Its alerts do not reach anybody until somebody mends it or names a fallback.",
            ),
        )
        _tell(session, other, told, _key(channel, "dead"), now)


def revive(session: Session, channel: Channel, now: datetime) -> None:
    """In use again; whoever was told that it died is told that too."""
    key = _key(channel, "dead")
    channel.state, channel.failures, channel.failed_at = "active", 0, None
    ops.end_notice(session, f"channel:{channel.id}:dead", now)
    first = deliveries.by_key(session, key) if channel.died_at else None
    if first is not None:
        words = Note(subject=f"Works again: {channel.label}", paragraphs=("Alerts are sent there again from now on.",))
        _tell(session, session.get_one(Channel, first.channel_id), words, _key(channel, "alive"), now)
    channel.died_at = None


def _key(channel: Channel, what: str) -> str:
    died = channel.died_at.isoformat() if channel.died_at else ""
    return f"notice:{channel.id}:{what}:{died}"


def _tell(session: Session, channel: Channel, words: Note, key: str, now: datetime) -> None:
    send_note(session, channel, AlertKind.NOTICE, words, key, now)


def send_note(session: Session, channel: Channel, kind: AlertKind, words: Note, key: str, now: datetime) -> int | None:
    """A message that tells no news, due at once; None if the one of this key is there already."""
    own_id = message_id(ops.installation_id(session), key)
    message = render_note(ChannelKind(channel.kind), words, own_id)
    row = {
        "channel_id": channel.id,
        "kind": kind.value,
        "unique_key": key,
        "why": kind.value,
        "state": DeliveryState.PENDING.value,
        "not_before": now,
        "message_id": own_id,
        "message": message.model_dump(mode="json"),
        "created_at": now,
        "updated_at": now,
    }
    return next(iter(deliveries.add(session, [row])), None)


def by_fallback(session: Session, delivery_id: int, now: datetime) -> None:
    """What a shut channel could not tell goes out by its fallback, unless that one is told the same already."""
    row = session.get_one(Delivery, delivery_id)
    other = channels.fallback(session, row.channel_id)
    if other is None or row.kind not in {AlertKind.STORY, AlertKind.UPDATE, AlertKind.DIGEST}:
        return
    key = f"{row.unique_key}:instead:{other.id}" if row.unique_key else None
    parts = (row.subscription_id, row.story_id, row.revision, other.id, row.kind, key)
    again = {
        "subscription_id": row.subscription_id,
        "story_id": row.story_id,
        "revision": row.revision,
        "channel_id": other.id,
        "kind": row.kind,
        "unique_key": key,
        "why": "fallback",
        "instead_of": row.instead_of or row.id,
        "state": DeliveryState.PENDING.value,
        "not_before": now,
        "message_id": message_id(ops.installation_id(session), *parts),
        "created_at": now,
        "updated_at": now,
    }
    deliveries.add(session, [again])
