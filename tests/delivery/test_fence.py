# SPDX-License-Identifier: MIT
"""A worker that stood still for longer than its lease (SIGSTOP, a jump of the clock): another has its rows by then, and
each alert still goes out once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from sqlmodel import col, select

from alerts.model import DeliveryState
from alerts.pipeline import Pipeline, deliver
from alerts.store import deliveries
from alerts.store.tables import Delivery, DeliveryAttempt
from tests.delivery.test_rhythm_rows import clock, pipeline  # noqa: F401 - fixtures
from tests.delivery.test_sweep_budget import prepared
from tests.pipeline.test_pipeline import Clock, mailbox, web  # noqa: F401 - fixtures
from tests.serving import serving

pytestmark = pytest.mark.enable_socket
TOLD_ONCE = (1, "sent", "http_200", ["ok"])


class Receiver(BaseHTTPRequestHandler):
    """Slack as it answers; `meanwhile` happens once, between taking the first message and answering it."""

    address = ""
    messages = 0
    meanwhile: Callable[[], None] | None = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.messages += 1
        todo, Receiver.meanwhile = Receiver.meanwhile, None
        if todo:
            todo()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[type[Receiver]]:
    Receiver.messages, Receiver.meanwhile = 0, None
    with serving(Receiver) as Receiver.address:
        yield Receiver


def claimed(pipeline: Pipeline, clock: Clock) -> deliver.Claim:
    with pipeline.store.write() as session:
        (delivery_id,) = deliveries.claim(session, clock(), 1)
    return deliver.Claim(delivery_id, clock())


def send(pipeline: Pipeline, claim: deliver.Claim, clock: Clock) -> None:
    deliver.one(pipeline.store, pipeline._sender, pipeline.settings, claim, clock, 0.5)


def outcome(pipeline: Pipeline) -> tuple[str, str, list[str | None]]:
    with pipeline.store.read() as session:
        row = session.exec(select(Delivery)).one()
        attempts = session.exec(select(DeliveryAttempt).order_by(col(DeliveryAttempt.number)))
        return row.state, row.state_reason, [a.outcome for a in attempts]


def after_the_lease(clock: Clock) -> None:
    clock.now += timedelta(seconds=deliveries.LEASE_S + 1)


def test_who_lost_the_row_before_sending_leaves_it_to_the_new_owner(
    pipeline: Pipeline, clock: Clock, receiver: type[Receiver], tmp_path: Path
) -> None:
    prepared(pipeline, clock, tmp_path, receiver.address, 1)
    frozen = claimed(pipeline, clock)
    after_the_lease(clock)
    owner = claimed(pipeline, clock)
    receiver.meanwhile = lambda: send(pipeline, frozen, clock)  # wakes while the owner's message is on the wire
    send(pipeline, owner, clock)
    assert (receiver.messages, *outcome(pipeline)) == TOLD_ONCE


def test_what_is_being_sent_by_another_is_not_taken_for_left_by_a_dead_one(
    pipeline: Pipeline, clock: Clock, receiver: type[Receiver], tmp_path: Path
) -> None:
    """Both look at a row in *sending*; only the lease tells whose it is."""
    prepared(pipeline, clock, tmp_path, receiver.address, 1)
    owner = claimed(pipeline, clock)

    def the_other_wakes() -> None:
        with pipeline.store.read() as session:
            due = deliveries.load(pipeline.store, session, owner.delivery_id)
        assert due.state is DeliveryState.SENDING
        stale = due._replace(claimed_until=due.claimed_until - timedelta(seconds=1))
        deliver._died_while_sending(pipeline.store, stale, clock(), 0.5)

    receiver.meanwhile = the_other_wakes
    send(pipeline, owner, clock)
    assert (receiver.messages, *outcome(pipeline)) == TOLD_ONCE


def test_an_answer_after_the_lease_still_counts_so_that_nothing_is_sent_again(
    pipeline: Pipeline, clock: Clock, receiver: type[Receiver], tmp_path: Path
) -> None:
    prepared(pipeline, clock, tmp_path, receiver.address, 1)
    owner = claimed(pipeline, clock)

    def taken_for_dead() -> None:
        after_the_lease(clock)
        send(pipeline, claimed(pipeline, clock), clock)
        assert outcome(pipeline)[0] == "unknown"

    receiver.meanwhile = taken_for_dead
    send(pipeline, owner, clock)
    after_the_lease(clock)
    assert pipeline.deliver_due().handled == 0
    assert receiver.messages == 1
    assert outcome(pipeline) == ("sent", "answered_late", ["ok"])


def test_an_answer_that_comes_while_another_sends_is_kept_on_its_attempt(
    pipeline: Pipeline, clock: Clock, receiver: type[Receiver], tmp_path: Path
) -> None:
    prepared(pipeline, clock, tmp_path, receiver.address, 1)
    owner = claimed(pipeline, clock)

    def taken_for_dead_and_sent_again() -> None:
        for _ in range(2):
            after_the_lease(clock)
            pipeline.deliver_due()

    receiver.meanwhile = taken_for_dead_and_sent_again
    send(pipeline, owner, clock)
    assert receiver.messages == 2  # the price of standing still for so long; each attempt is told as it was
    assert outcome(pipeline)[0] == "sent"
    assert outcome(pipeline)[2] == ["ok", "ok"]
