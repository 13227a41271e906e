# SPDX-License-Identifier: MIT
"""SQL of deliveries: rows that are unique by what they tell to whom, claimed one by one, written before the effect."""

import hashlib
import json
from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, update
from sqlmodel import Session, col, select

from alerts.model import ChannelKind, DeliveryState, DeliveryStep, Message, Outcome
from alerts.store.claims import claim_due
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import Channel, Delivery, DeliveryAttempt, Suppression

LEASE_S = 90.0  # longer than a whole sweep may take; the fence makes a short one safe, and a death costs it all
GIVEN_BACK = "sweep_over"  # reason of one that a sweep had no time left for
PACED = "paced"  # reason of a delivery that waits for its slot
OPEN = ("pending", "retry", "unknown", "sending")


class DueDelivery(NamedTuple):
    """A claimed delivery with its channel opened."""

    id: int
    subscription_id: int | None
    story_id: int | None
    revision: int
    kind: str
    why: str
    state: DeliveryState
    attempts_made: int
    round_start: int
    claimed_until: datetime  # end of the lease it was loaded under: whoever claims it next moves this on
    unknowns: int  # attempts of this round of which nobody knows how they ended
    slot_taken: bool  # it has waited for its place in the pace of its channel
    message_id: str
    message: Message | None
    channel_id: int
    channel_kind: ChannelKind
    channel_state: str  # as stored, or suppressed if the address is on the suppression list
    fallback_channel_id: int | None
    config: dict[str, str]

    @property
    def attempts_this_round(self) -> int:
        """Attempts since the delivery was made or was last retried by hand."""
        return self.attempts_made - self.round_start


def add(session: Session, rows: Sequence[dict[str, Any]]) -> list[int]:
    """New deliveries; those that are there already (same subscription, story, revision, channel, kind) are left alone."""
    return insert_new(session, Delivery, rows)


def claim(session: Session, now: datetime, limit: int) -> list[int]:
    """Deliveries that are due: new ones, retries, and those whose worker died while sending."""
    return claim_due(
        session, Delivery, "not_before", [col(Delivery.state).in_(OPEN)], now=now, lease_s=LEASE_S, limit=limit
    )


def lease_end(claimed_at: datetime) -> datetime:
    """Until when a delivery claimed at this moment is its worker's; the row's `not_before` while nobody else claims it."""
    return claimed_at + timedelta(seconds=LEASE_S)


def give_back(session: Session, ids: Sequence[int], claimed_at: datetime) -> int:
    """Deliveries claimed at this moment and not begun are due again at once; how many. Those that somebody has touched since,
    or whose claim ran out and was taken by another, are left alone. A place in the pace of a channel is kept."""
    untouched = update(Delivery).where(
        col(Delivery.id).in_(ids),
        col(Delivery.not_before) == lease_end(claimed_at),
        col(Delivery.state).in_(OPEN),
    )
    reason = case((col(Delivery.state_reason) == PACED, PACED), else_=GIVEN_BACK)
    returned = untouched.values(not_before=claimed_at, state_reason=reason).returning(col(Delivery.id))
    return len(session.execute(returned).all())


def load(store: Store, session: Session, delivery_id: int) -> DueDelivery:
    """Raises InputError(secret_unreadable) if no key opens the channel."""
    statement = (
        select(Delivery, Channel, Suppression.fingerprint)
        .join(Channel, col(Channel.id) == col(Delivery.channel_id))
        .outerjoin(Suppression, col(Suppression.fingerprint) == col(Channel.fingerprint))
    )
    row, channel, suppressed = session.exec(statement.where(col(Delivery.id) == delivery_id)).one()
    assert row.id is not None
    return DueDelivery(
        row.id,
        row.subscription_id,
        row.story_id,
        row.revision,
        row.kind,
        row.why,
        DeliveryState(row.state),
        row.attempts_made,
        row.round_start,
        row.not_before,
        _unknowns(session, row),
        row.state_reason == PACED,
        row.message_id,
        Message.model_validate(row.message) if row.message else None,
        row.channel_id,
        ChannelKind(channel.kind),
        "suppressed" if suppressed else channel.state,
        channel.fallback_channel_id,
        store.secrets.open(channel.config_encrypted),
    )


def _unknowns(session: Session, row: Delivery) -> int:
    if row.attempts_made == row.round_start:
        return 0
    counted = select(func.count()).where(
        col(DeliveryAttempt.delivery_id) == row.id,
        col(DeliveryAttempt.number) > row.round_start,
        col(DeliveryAttempt.outcome) == "unknown",
    )
    return session.exec(counted).one()


def begin(session: Session, due: DueDelivery, message: Message, now: datetime) -> bool:
    """Write *sending* and the attempt before the socket opens. False: another worker has it, leave it alone."""
    stored = message.model_dump(mode="json")
    changed = session.execute(
        update(Delivery)
        .where(*_as_loaded(due))
        .values(
            state=DeliveryState.SENDING.value,
            state_reason="sending",
            attempts_made=due.attempts_made + 1,
            message=stored,
            message_sha256=sha256(stored),
            not_before=lease_end(now),
            updated_at=now,
        )
        .returning(col(Delivery.id))
    ).all()
    if not changed:
        return False
    insert_new(session, DeliveryAttempt, [{"delivery_id": due.id, "number": due.attempts_made + 1, "started_at": now}])
    return True


def unchanged(session: Session, due: DueDelivery) -> bool:
    """Is the row still as it was loaded? A claim of a slow batch can run out while its worker lives, and what that worker
    has sent meanwhile must not be put back. Holds the row until the transaction ends."""
    return session.exec(select(Delivery.id).where(*_as_loaded(due)).with_for_update()).first() is not None


def _as_loaded(due: DueDelivery) -> tuple[ColumnElement[bool], ...]:
    """The lease is the fence: state and count of attempts do not tell *being sent by another* from *left by a dead one*."""
    return (
        col(Delivery.id) == due.id,
        col(Delivery.state) == due.state.value,
        col(Delivery.attempts_made) == due.attempts_made,
        col(Delivery.not_before) == due.claimed_until,
    )


def reached(session: Session, delivery_id: int) -> tuple[DeliveryState, int]:
    """(state, attempts made) as they are now. Holds the row until the transaction ends."""
    wanted = select(Delivery.state, Delivery.attempts_made).where(col(Delivery.id) == delivery_id)
    state, attempts_made = session.exec(wanted.with_for_update()).one()
    return DeliveryState(state), attempts_made


def sha256(message: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(message, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def end(session: Session, delivery_id: int, number: int, outcome: Outcome, step: DeliveryStep, now: datetime) -> None:
    """Record how the attempt ended and what becomes of the delivery."""
    note(session, delivery_id, number, outcome, now)
    settle(session, delivery_id, step, now, provider_id=outcome.provider_id)


def note(session: Session, delivery_id: int, number: int, outcome: Outcome, now: datetime) -> None:
    """Record how the attempt ended."""
    attempt = session.get_one(DeliveryAttempt, (delivery_id, number))
    attempt.finished_at, attempt.outcome = now, outcome.kind.value
    attempt.code, attempt.detail = outcome.code, outcome.detail[:500]


def settle(
    session: Session, delivery_id: int, step: DeliveryStep, now: datetime, *, provider_id: str | None = None
) -> None:
    """Move a delivery to its next state with the reason."""
    row = session.get_one(Delivery, delivery_id)
    row.state, row.state_reason, row.updated_at = step.state.value, step.reason, now
    if step.not_before is not None:
        row.not_before = step.not_before
    if step.state is DeliveryState.SENT:
        row.sent_at, row.provider_id = now, provider_id


def told_since(session: Session, subscription_id: int, channel_id: int, since: datetime) -> int:
    """Alerts that went out one by one (not in a digest) to this channel for this subscription since then."""
    counted = select(func.count()).where(
        col(Delivery.subscription_id) == subscription_id,
        col(Delivery.channel_id) == channel_id,
        col(Delivery.kind).in_(["story", "update"]),
        col(Delivery.state) != DeliveryState.SUPPRESSED.value,
        col(Delivery.created_at) >= since,
    )
    return session.exec(counted).one()


def told_in(session: Session, subscription_id: int, channel_id: int, story_id: int) -> Delivery | None:
    """The message that told this reader of a story, if it was told by itself."""
    mine = select(Delivery).where(
        col(Delivery.subscription_id) == subscription_id,
        col(Delivery.channel_id) == channel_id,
        col(Delivery.story_id) == story_id,
        col(Delivery.state) == DeliveryState.SENT.value,
    )
    return session.exec(mine.order_by(col(Delivery.id))).first()


def by_key(session: Session, unique_key: str) -> Delivery | None:
    return session.exec(select(Delivery).where(col(Delivery.unique_key) == unique_key)).first()


def payload(session: Session, delivery_id: int) -> dict[str, Any] | None:
    """The message as it is stored."""
    return session.get_one(Delivery, delivery_id).message


def reopen(
    session: Session, delivery_id: int, reason: str, states: Container[str], now: datetime, *, payload: bool = False
) -> bool:
    """Send again, as it is stored, with the full count of attempts. False if it is in none of these states.

    `payload`: only if a message is stored.
    """
    row = session.get(Delivery, delivery_id)
    if row is None or row.state not in states or (payload and row.message is None):
        return False
    row.state, row.state_reason, row.why = DeliveryState.PENDING.value, reason, "by_hand"
    row.not_before, row.updated_at, row.round_start = now, now, row.attempts_made
    return True
