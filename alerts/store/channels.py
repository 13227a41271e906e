# SPDX-License-Identifier: MIT
"""SQL of channels: fallbacks, other ways to reach the same people, and the list of addresses not to write to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import Channel, SubscriptionChannel, Suppression


def fallback(session: Session, channel_id: int) -> Channel | None:
    """The fallback of a channel, if it works."""
    named = session.get_one(Channel, channel_id).fallback_channel_id
    other = session.get(Channel, named) if named else None
    return other if other is not None and works(session, other) else None


def works(session: Session, channel: Channel) -> bool:
    return channel.state == "active" and session.get(Suppression, channel.fingerprint) is None


def another(session: Session, channel: Channel) -> Channel | None:
    """Another working channel of the same people: the fallback, else one of the same subscriptions, else of the team."""
    if channel.id is not None and (named := fallback(session, channel.id)) is not None:
        return named
    mine = select(SubscriptionChannel.subscription_id).where(col(SubscriptionChannel.channel_id) == channel.id)
    shared = select(SubscriptionChannel.channel_id).where(col(SubscriptionChannel.subscription_id).in_(mine))
    others = (
        select(Channel)
        .where(col(Channel.team_id) == channel.team_id, col(Channel.id) != channel.id, col(Channel.state) == "active")
        .order_by(col(Channel.id).in_(shared).desc(), (col(Channel.kind) == "email").desc(), col(Channel.id))
    )
    return next((c for c in session.exec(others) if works(session, c)), None)


def never_asked(session: Session, limit: int = 100) -> Sequence[int]:
    """Ids of mail channels that must confirm and were not asked yet."""
    new = select(Channel.id).where(
        col(Channel.state) == "unverified", col(Channel.kind) == "email", col(Channel.confirm_count) == 0
    )
    return [number for number in session.exec(new.limit(limit)) if number is not None]


def find(session: Session, wanted: str) -> Sequence[Channel]:
    """Channels by id, label or what is shown of them."""
    same = func.lower(Channel.label) == wanted.lower()
    if wanted.isdigit():
        same = col(Channel.id) == int(wanted)
    return session.exec(select(Channel).where(same).order_by(col(Channel.id))).all()


def every(session: Session) -> Sequence[Channel]:
    return session.exec(select(Channel).order_by(col(Channel.id))).all()


def rotate(store: Store, session: Session) -> int:
    """Put every channel's secret under the first key; returns how many there are. Raises InputError(secret_unreadable)."""
    found = every(session)
    for channel in found:
        channel.config_encrypted = store.secrets.rotate(channel.config_encrypted)
    return len(found)


# ── suppression list ─────────────────────────────────────────────────────────────────────────────


def suppress(session: Session, fingerprint: str, hint: str, reason: str, now: datetime) -> bool:
    """Never write to this address again; False if it is on the list already."""
    row = {"fingerprint": fingerprint, "hint": hint, "reason": reason, "at": now}
    for channel in of_fingerprint(session, fingerprint):
        if channel.state != "unverified":
            channel.state = "suppressed"
    return bool(insert_new(session, Suppression, [row]))


def release(session: Session, fingerprint: str) -> bool:
    """Take an address off the list; False if it is not on it. The caller revives its channels."""
    gone = delete(Suppression).where(col(Suppression.fingerprint) == fingerprint)
    return bool(session.execute(gone.returning(col(Suppression.fingerprint))).all())


def of_fingerprint(session: Session, fingerprint: str) -> Sequence[Channel]:
    return session.exec(select(Channel).where(col(Channel.fingerprint) == fingerprint)).all()


def suppressions(session: Session) -> Sequence[Suppression]:
    return session.exec(select(Suppression).order_by(col(Suppression.at).desc())).all()
