# SPDX-License-Identifier: MIT
"""What readers decide without an account: to be written to at all, to leave, and when they want to be told."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from alerts.config import Settings
from alerts.delivery.notes import Note
from alerts.model import AlertKind, ChannelKind
from alerts.pipeline import endpoints, links, placing
from alerts.rhythm import hold_until, next_slot
from alerts.store import accounts, channels, digests, subscriptions
from alerts.store.engine import Store
from alerts.store.tables import Channel, SubscriptionChannel

MAX_ASKED = 3  # confirmation mails to one address, ever: whoever did not ask for them is left in peace
ASK_AGAIN_AFTER = timedelta(hours=1)


class Asked(StrEnum):
    """What became of a wish to ask an address for its consent."""

    SENT = "sent"
    NOT_NEEDED = "not_needed"  # it is confirmed, or no mail address
    TOO_SOON = "too_soon"
    TOO_OFTEN = "too_often"


def ask(store: Store, session: Session, settings: Settings, channel: Channel, now: datetime) -> Asked:
    """Send the mail with the link that confirms; the channel gets nothing else until it is used."""
    if channel.kind != ChannelKind.EMAIL or channel.state != "unverified":
        return Asked.NOT_NEEDED
    if channel.confirm_count >= MAX_ASKED:
        return Asked.TOO_OFTEN
    if channel.confirm_sent_at and now - channel.confirm_sent_at < ASK_AGAIN_AFTER:
        return Asked.TOO_SOON
    channel.confirm_count, channel.confirm_sent_at = channel.confirm_count + 1, now
    assert channel.id is not None
    words = Note(
        subject="Please confirm: news alerts from Oncowire",
        paragraphs=(
            "Somebody asked for oncology news alerts to be sent to this address. Nothing is sent until you confirm.",
            "If it was not you, do nothing: this address then gets no alerts.",
        ),
        button="Yes, send me these alerts",
        url=links.confirmation(store, settings.public_url, channel.id),
    )
    key = f"confirm:{channel.id}:{channel.confirm_count}"
    endpoints.send_note(session, channel, AlertKind.CONFIRM, words, key, now)
    return Asked.SENT


def ask_all(store: Store, settings: Settings, now: datetime) -> int:
    """Mails to those that were never asked: addresses of rule files under ONCOWIRE_DOUBLE_OPT_IN."""
    with store.read() as session:
        ids = channels.never_asked(session)
    asked = []
    for number in ids:
        with store.write() as session:
            asked.append(ask(store, session, settings, session.get_one(Channel, number), now))
    return asked.count(Asked.SENT)


def confirm(session: Session, channel_id: int, now: datetime) -> bool:
    """The address wants to be written to; False if there is no such channel any more. Doing it twice changes nothing."""
    channel = session.get(Channel, channel_id)
    if channel is None:
        return False
    if channel.state == "unverified":
        channel.state, channel.verified_at = "active", now
        _audit(session, channel, "confirmed", now)
    return True


def leave(session: Session, reader: links.Reader, now: datetime) -> bool:
    """No more of this subscription (or of any) to this channel; False if there is none any more."""
    rows = _links(session, reader)
    for row in rows:
        row.left_at = row.left_at or now
        _note(session, row, "unsubscribed", now)
    return bool(rows)


def wish(session: Session, reader: links.Reader, now: datetime, **changed: Any) -> bool:
    """Change what the reader wishes (own_cadence, own_quiet, paused, muted_until, snoozed_until, left_at).

    What waits for a digest is told by the new rhythm.
    """
    rows = _links(session, reader)
    for row in rows:
        for name, value in changed.items():
            setattr(row, name, value)
        session.flush()
        _reschedule(session, row, now)
        _note(session, row, "wishes_changed", now, **{name: str(value) for name, value in changed.items()})
    return bool(rows)


def _reschedule(session: Session, row: SubscriptionChannel, now: datetime) -> None:
    reader = subscriptions.reader(session, row.subscription_id, row.channel_id)
    if reader is not None:
        wishes = placing.wishes(reader)
        rhythm = wishes.rhythm
        due = max(next_slot(rhythm.cadence, now), wishes.snoozed_until or now)
        digests.move(session, (row.subscription_id, row.channel_id), hold_until(rhythm.quiet, due), now)


def _links(session: Session, reader: links.Reader) -> list[SubscriptionChannel]:
    mine = select(SubscriptionChannel).where(col(SubscriptionChannel.channel_id) == reader.channel_id)
    if reader.subscription_id is not None:
        mine = mine.where(col(SubscriptionChannel.subscription_id) == reader.subscription_id)
    return list(session.exec(mine))


def _note(session: Session, row: SubscriptionChannel, action: str, now: datetime, **detail: Any) -> None:
    channel = session.get_one(Channel, row.channel_id)
    _audit(session, channel, action, now, subscription=row.subscription_id, **detail)


def _audit(session: Session, channel: Channel, action: str, now: datetime, **detail: Any) -> None:
    who = f"reader of channel {channel.id}"
    accounts.audit(session, who, action, f"channel {channel.id}", now, team_id=channel.team_id, detail=detail)
