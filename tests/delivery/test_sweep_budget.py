# SPDX-License-Identifier: MIT
"""A receiver that takes a request and never answers: a sweep ends in its time, and what it did not begin is given back."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from alerts.config import load
from alerts.delivery.mail import Mailer
from alerts.errors import InputError
from alerts.model import ChannelKind, Message, OutcomeKind
from alerts.net import Guard
from alerts.pipeline import Pipeline, deliver
from alerts.store import deliveries
from alerts.store.tables import Delivery
from tests.delivery.test_endpoints import _copy_delivery
from tests.delivery.test_rhythm_rows import clock, pipeline, subscribe  # noqa: F401 - fixtures
from tests.pipeline.test_pipeline import EC, Clock, Web, mailbox, web  # noqa: F401 - fixtures

pytestmark = pytest.mark.enable_socket
LIMIT_S = 0.4


class Hanging:
    """Takes every connection and keeps silent."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                made, _ = self.server.accept()
                self.taken.append(made)

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for made in self.taken:
            made.close()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.close()


def rows(pipeline: Pipeline) -> list[tuple[str, str]]:
    with pipeline.store.read() as session:
        return [(d.state, d.state_reason) for d in session.exec(select(Delivery).order_by(col(Delivery.id)))]


def prepared(pipeline: Pipeline, clock: Clock, tmp_path: Path, receiver: str, count: int) -> None:
    """`count` alerts to one Slack channel that hangs."""
    opened = {
        "send_limit_s": LIMIT_S,
        "fetch_allow": pipeline.settings.fetch_allow | {receiver},
        "webhook_hosts": pipeline.settings.webhook_hosts | {receiver},
    }
    pipeline.settings = pipeline.settings.model_copy(update=opened)
    pipeline.__dict__.pop("_sender", None)
    subscribe(pipeline, tmp_path, channels=f'{{slack: "http://{receiver}/slack"}}')
    Web.items = [EC]
    pipeline.poller.sweep(patient=True)
    while pipeline.process_due().handled:
        pass
    with pipeline.store.write() as session:
        _copy_delivery(session, count - 1, clock())


def test_a_sweep_that_meets_a_hanging_receiver_ends_in_time_and_gives_back_what_it_has_not_begun(
    pipeline: Pipeline, clock: Clock, hanging: Hanging, tmp_path: Path
) -> None:
    prepared(pipeline, clock, tmp_path, hanging.address, 8)
    started = time.monotonic()
    done = pipeline.deliver_due()
    took_s = time.monotonic() - started
    assert took_s < deliver.SENDS_A_SWEEP * LIMIT_S + 1
    assert done.more
    assert 1 <= done.handled <= deliver.SENDS_A_SWEEP
    states = rows(pipeline)
    assert len(hanging.taken) == done.handled
    assert states.count(("unknown", "timeout")) == done.handled
    assert states.count(("pending", deliveries.GIVEN_BACK)) == 8 - done.handled
    with pipeline.store.write() as session:  # another worker may have them at once, and each only once
        again = deliveries.claim(session, clock(), 20)
        assert len(again) == 8 - done.handled
        assert deliveries.claim(session, clock(), 20) == []


def test_what_another_worker_has_taken_or_sent_meanwhile_is_not_given_back(
    pipeline: Pipeline, clock: Clock, hanging: Hanging, tmp_path: Path
) -> None:
    prepared(pipeline, clock, tmp_path, hanging.address, 4)
    with pipeline.store.write() as session:
        ids = deliveries.claim(session, clock(), 4)
        sent, taken, paced, waiting = (session.get_one(Delivery, n) for n in ids)
        sent.state, sent.attempts_made = "sent", 1
        taken.not_before += timedelta(seconds=1)
        paced.state_reason = deliveries.PACED
        before = waiting.not_before
    deliver.give_back(pipeline.store, ids, clock())
    with pipeline.store.read() as session:
        after = [session.get_one(Delivery, n) for n in ids]
        assert [d.not_before < before for d in after] == [False, False, True, True]
        assert after[2].state_reason == deliveries.PACED  # it keeps its place
        assert after[3].state_reason == deliveries.GIVEN_BACK


def test_a_relay_that_is_slow_at_every_word_has_one_limit_for_the_whole_mail() -> None:
    """Each answer takes 0.6 s: none reaches the limit of 1 s, the mail does, which without it would take 3 s."""
    server = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{server.getsockname()[1]}"

    def answer_slowly() -> None:
        with suppress(OSError):
            made, _ = server.accept()
        with suppress(OSError), made:
            made.sendall(b"220 slow.example.org\r\n")
            while made.recv(1024):
                time.sleep(0.6)
                made.sendall(b"250 slow.example.org\r\n")

    thread = threading.Thread(target=answer_slowly)
    thread.start()
    mailer = Mailer(Guard(frozenset({address})), f"smtp://{address}", "a@example.org", 1.0)
    message = Message(channel=ChannelKind.EMAIL, message_id="<1@x>", subject="s", text="t")
    started = time.monotonic()
    outcome = mailer.send("alice@example.org", message)
    assert time.monotonic() - started < 2.0
    assert (outcome.kind, outcome.code) == (OutcomeKind.TRANSIENT, "smtp_dropped")  # nothing of the mail had been said
    mailer.close()
    server.close()
    thread.join()


@pytest.mark.parametrize("value", ["0", "26", "soon"])
def test_a_limit_that_would_outlast_the_lease_is_refused_at_start(value: str) -> None:
    with pytest.raises(InputError, match="ONCOWIRE_SEND_LIMIT_S"):
        load({"ONCOWIRE_SEND_LIMIT_S": value})
