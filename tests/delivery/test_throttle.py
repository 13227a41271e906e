# SPDX-License-Identifier: MIT
"""Pace and circuit breaker: never faster than asked, never for ever."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.throttle import MAX_OPEN_S, TRIP_AFTER, Circuit, after, probing, reserve, wait_until
from alerts.model import Outcome, OutcomeKind
from tests.conftest import NOW

DOWN = Outcome(kind=OutcomeKind.TRANSIENT, code="connect_failed")
BUSY = Outcome(kind=OutcomeKind.TRANSIENT, code="http_429")
OK = Outcome(kind=OutcomeKind.OK, code="http_200")


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.floats(0.2, 20), st.integers(1, 5))
def test_in_no_stretch_of_time_do_more_messages_leave_than_the_pace_allows(
    gaps: list[float], per_second: float, burst: int
) -> None:
    now, free, sent = NOW, None, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        slot = reserve(free, now, per_second, burst)
        free = slot.free_at
        assert slot.at >= now
        sent.append(slot.at)
    assert sent == sorted(sent)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = burst + (sent[last] - sent[first]).total_seconds() * per_second
            assert last - first + 1 <= allowed + 0.001


def test_without_a_limit_nothing_waits() -> None:
    assert reserve(NOW + timedelta(hours=1), NOW, 0).at == NOW


def test_a_host_that_does_not_answer_five_times_is_left_in_peace_longer_and_longer() -> None:
    circuit, opened = Circuit(), list[float]()
    for _ in range(TRIP_AFTER + 8):
        circuit = after(circuit, DOWN, NOW)
        if circuit.open_until:
            opened.append((circuit.open_until - NOW).total_seconds())
    assert opened[:4] == [30, 60, 120, 240]
    assert opened[-1] == MAX_OPEN_S


def test_one_delivery_tries_again_and_any_answer_closes_the_circuit() -> None:
    circuit = Circuit(TRIP_AFTER, NOW)
    assert wait_until(circuit, NOW) is None
    assert wait_until(probing(circuit, NOW), NOW) is not None
    for answer in (OK, BUSY, Outcome(kind=OutcomeKind.PERMANENT_ENDPOINT, code="http_410")):
        assert after(circuit, answer, NOW) == Circuit()
    assert after(Circuit(1), Outcome(kind=OutcomeKind.TRANSIENT, code="smtp_451"), NOW) == Circuit()
