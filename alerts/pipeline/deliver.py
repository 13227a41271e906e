# SPDX-License-Identifier: MIT
"""One delivery: render once, write *sending*, send, write how it ended. Killed anywhere, nothing is lost.

docs/reliability.md has the table of what a death at each of its commits costs.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import structlog
from sqlmodel import Session

from alerts.config import Settings
from alerts.delivery import Health, Sender, health_after, next_step, throttle
from alerts.delivery.schedule import Action, may_go
from alerts.errors import OncowireError
from alerts.model import AlertKind, ChannelKind, DeliveryState, DeliveryStep, Message, Outcome, OutcomeKind
from alerts.pipeline import endpoints, placing
from alerts.pipeline.message import rendered
from alerts.store import deliveries, stories, subscriptions, throttles
from alerts.store.deliveries import DueDelivery
from alerts.store.engine import Store
from alerts.store.tables import Channel

log = structlog.get_logger()
Clock = Callable[[], datetime]
NEWS = {"story", "update", "digest"}  # what a reader's wishes hold of; confirmations, tests and notices are asked for


# Whole time limits of a send: 40 s; a worker counts as stale after 60, and the lease ends after 90 as a task does (soft limit).
SENDS_A_SWEEP = 2


class Budget:
    """Time of one sweep, from its claim on. A batch that meets a hanging receiver would outlast its lease, and another
    worker would then send what is still waiting here."""

    def __init__(self, send_limit_s: float) -> None:
        self._send_limit_s = send_limit_s
        self._end = time.monotonic() + SENDS_A_SWEEP * send_limit_s

    def covers_a_send(self) -> bool:
        """Is there time for one more send, if it takes its whole limit?"""
        return time.monotonic() + self._send_limit_s <= self._end


def give_back(store: Store, ids: Sequence[int], claimed_at: datetime) -> None:
    """The sweep's time is over: what it has not begun is for the next one."""
    with store.write() as session:
        count = deliveries.give_back(session, ids, claimed_at)
    log.warning("sweep_over", given_back=count, reason=deliveries.GIVEN_BACK)


class Claim(NamedTuple):
    """One delivery of a sweep."""

    delivery_id: int
    at: datetime


def one(store: Store, sender: Sender, settings: Settings, claim: Claim, clock: Clock, luck: float) -> None:
    """Raises OncowireError when the row itself cannot be worked on (its secret, its template)."""
    with store.read() as session:
        due = deliveries.load(store, session, claim.delivery_id)
        if due.claimed_until != deliveries.lease_end(claim.at):
            log.warning("claim_lost", delivery_id=due.id, state=due.state.value)
            return None
        step = None if due.state is DeliveryState.SENDING else gate(session, due, clock())
    if due.state is DeliveryState.SENDING:
        return _died_while_sending(store, due, clock(), luck)
    if step is not None:
        return _set_down(store, due, step, clock())
    message = _kept(due) or rendered(store, settings, due, clock())
    with store.write() as session:
        wait = _hold_back(session, settings, due, clock(), luck)
        mine = wait is None and deliveries.begin(session, due, message, clock())
        if wait is not None and deliveries.unchanged(session, due):
            deliveries.settle(session, due.id, wait, clock())
    if not mine:
        return None
    outcome = sender.send(due.channel_kind, due.config, message)
    return _record(store, due, outcome, clock(), luck)


def gate(session: Session, due: DueDelivery, now: datetime) -> DeliveryStep | None:
    """Why this delivery does not go out now: its channel is shut, or the reader wants it later or not at all. None: go."""
    asked_for = due.why == "by_hand" or due.kind == AlertKind.TEST  # may try a channel that is switched off
    if due.channel_state == "suppressed" or (due.channel_state == "disabled" and not asked_for):
        return DeliveryStep(state=DeliveryState.SUPPRESSED, reason=f"channel_{due.channel_state}")
    if due.channel_state == "unverified" and due.kind in NEWS:
        return DeliveryStep(state=DeliveryState.SUPPRESSED, reason="unconfirmed")
    if due.kind not in NEWS or due.why in {"by_hand", "fallback"} or due.subscription_id is None:
        return None
    reader = subscriptions.reader(session, due.subscription_id, due.channel_id)
    if reader is None:
        return DeliveryStep(state=DeliveryState.SUPPRESSED, reason="channel_removed")
    found = may_go(placing.wishes(reader), due.why, now)
    if found.action is Action.DROP:
        return DeliveryStep(state=DeliveryState.SUPPRESSED, reason=found.why)
    return _later(due, found.due, found.why) if found.action is Action.HOLD else None


def _later(due: DueDelivery, moment: datetime, reason: str) -> DeliveryStep:
    """The same state at a later moment: no attempt was made."""
    return DeliveryStep(state=due.state, not_before=moment, reason=reason)


def _kept(due: DueDelivery) -> Message | None:
    """The stored payload, except where Slack or Teams must be told that this may be a repeat."""
    repeat = due.unknowns and due.channel_kind is not ChannelKind.EMAIL and due.why != "by_hand"
    return None if repeat and due.kind in NEWS else due.message


def _hold_back(
    session: Session, settings: Settings, due: DueDelivery, now: datetime, luck: float
) -> DeliveryStep | None:
    """Wait for a host that does not answer, or for the next free slot of this channel. None: go."""
    host = throttles.row(session, host_key(due))
    circuit = throttle.Circuit(host.failures, host.open_until)
    if until := throttle.wait_until(circuit, now):
        return _later(due, until + timedelta(seconds=10 * luck), "circuit_open")
    throttles.save(host, throttle.probing(circuit, now))
    if due.slot_taken:
        return None
    per_second = settings.mail_per_second if due.channel_kind is ChannelKind.EMAIL else settings.webhook_per_second
    lane = "relay" if due.channel_kind is ChannelKind.EMAIL else f"channel:{due.channel_id}"
    if per_second <= 0:
        return None
    place = throttles.row(session, lane)
    slot = throttle.reserve(place.free_at, now, per_second)
    place.free_at = slot.free_at
    return _later(due, slot.at, deliveries.PACED) if slot.at > now else None


def host_key(due: DueDelivery) -> str:
    """What fails together: the relay, or the host of a webhook."""
    if due.channel_kind is ChannelKind.EMAIL:
        return "relay"
    return f"host:{urlsplit(due.config.get('url', 'https://slack.com')).netloc.lower()}"


def _record(store: Store, due: DueDelivery, outcome: Outcome, now: datetime, luck: float) -> None:
    with store.write() as session:
        state, attempts_made = deliveries.reached(session, due.id)
        if (state, attempts_made) != (DeliveryState.SENDING, due.attempts_made + 1):
            _record_late(session, due, outcome, state, now)
            return
        channel = session.get_one(Channel, due.channel_id)
        health = health_after(Health(channel.failures, channel.failed_at), outcome, now)
        step = next_step(
            outcome,
            due.attempts_this_round + 1,
            due.channel_kind,
            now,
            luck,
            unknown_before=due.unknowns,
            endpoint_dead=health.dead,
        )
        deliveries.end(session, due.id, due.attempts_made + 1, outcome, step, now)
        host = throttles.row(session, host_key(due))
        throttles.save(host, throttle.after(throttle.Circuit(host.failures, host.open_until), outcome, now))
        endpoints.note(session, channel, outcome, health, now)
        if step.state is DeliveryState.DEAD and outcome.kind is OutcomeKind.PERMANENT_ENDPOINT:
            endpoints.by_fallback(session, due.id, now)
        trace = stories.trace(session, due.story_id)
    log.info(
        "delivered",
        trace=trace,
        delivery_id=due.id,
        state=step.state.value,
        code=outcome.code,
        attempt=due.attempts_made + 1,
    )


def _record_late(session: Session, due: DueDelivery, outcome: Outcome, state: DeliveryState, now: datetime) -> None:
    """This worker stood still for longer than its lease, and another took it for dead: its answer is still the truth."""
    deliveries.note(session, due.id, due.attempts_made + 1, outcome, now)
    if outcome.kind is OutcomeKind.OK and state is not DeliveryState.SENDING:
        step = DeliveryStep(state=DeliveryState.SENT, reason="answered_late")
        deliveries.settle(session, due.id, step, now, provider_id=outcome.provider_id)
    log.warning("answered_late", delivery_id=due.id, state=state.value, code=outcome.code)


def _died_while_sending(store: Store, due: DueDelivery, now: datetime, luck: float) -> None:
    """The lease of a row in *sending* ran out: its worker died there, and nobody knows whether the message went out."""
    outcome = Outcome(kind=OutcomeKind.UNKNOWN, code="worker_died", detail="the worker ended while it was sending")
    step = next_step(outcome, due.attempts_this_round, due.channel_kind, now, luck, unknown_before=due.unknowns)
    with store.write() as session:
        if deliveries.unchanged(session, due):
            deliveries.end(session, due.id, due.attempts_made, outcome, step, now)


def _set_down(store: Store, due: DueDelivery, step: DeliveryStep, now: datetime) -> None:
    """Not now, or not at all; a shut channel's alert goes out by its fallback."""
    with store.write() as session:
        if not deliveries.unchanged(session, due):
            return
        deliveries.settle(session, due.id, step, now)
        if step.reason in {"channel_disabled", "channel_suppressed"}:
            endpoints.by_fallback(session, due.id, now)


def set_aside(store: Store, delivery_id: int, exc: OncowireError, now: datetime) -> None:
    """This row cannot be sent as it is: it ends with its reason and can be retried by hand."""
    with store.write() as session:
        deliveries.settle(session, delivery_id, DeliveryStep(state=DeliveryState.DEAD, reason=exc.code), now)
    log.error("delivery_set_aside", delivery_id=delivery_id, code=exc.code, error=exc.message)
