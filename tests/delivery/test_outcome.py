# SPDX-License-Identifier: MIT
"""What an answer means and what follows an attempt."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery import Health, health_after, message_id, next_step
from alerts.delivery.outcome import of_http, of_slack_api, of_smtp, retry_after_s
from alerts.model import ChannelKind, DeliveryState, Outcome, OutcomeKind
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (of_smtp(451, "later", at_recipient=True), OutcomeKind.TRANSIENT),
        (of_smtp(550, "no such user", at_recipient=True), OutcomeKind.PERMANENT_ENDPOINT),
        (of_smtp(554, "spam", at_recipient=False), OutcomeKind.PERMANENT_MESSAGE),
        (of_http(ChannelKind.TEAMS, 202, "", None), OutcomeKind.OK),
        (of_http(ChannelKind.SLACK, 429, "", 7), OutcomeKind.TRANSIENT),
        (of_http(ChannelKind.SLACK, 404, "no_service", None), OutcomeKind.PERMANENT_ENDPOINT),
        (of_http(ChannelKind.SLACK, 400, "invalid_token", None), OutcomeKind.PERMANENT_ENDPOINT),
        (of_http(ChannelKind.SLACK, 400, "invalid_blocks", None), OutcomeKind.PERMANENT_MESSAGE),
    ],
)
def test_an_answer_means_what_its_sender_documents(outcome: Outcome, kind: OutcomeKind) -> None:
    assert outcome.kind is kind


def test_a_passing_fault_is_retried_for_about_a_day_and_then_kept_as_dead() -> None:
    fault, now, tries = Outcome(kind=OutcomeKind.TRANSIENT, code="http_503"), NOW, 1
    while (step := next_step(fault, tries, ChannelKind.EMAIL, now, 0.5)).state is DeliveryState.RETRY:
        assert step.not_before is not None
        assert step.not_before > now
        now, tries = step.not_before, tries + 1
    assert timedelta(hours=20) < now - NOW < timedelta(hours=36)
    assert (step.state, step.reason) == (DeliveryState.DEAD, "gave_up:http_503")


def test_a_slack_message_nobody_knows_of_is_repeated_once_and_no_more() -> None:
    lost = Outcome(kind=OutcomeKind.UNKNOWN, code="timeout")
    assert next_step(lost, 4, ChannelKind.SLACK, NOW, 0).state is DeliveryState.UNKNOWN
    assert next_step(lost, 2, ChannelKind.SLACK, NOW, 0, unknown_before=1).state is DeliveryState.DEAD
    assert next_step(lost, 5, ChannelKind.EMAIL, NOW, 0, unknown_before=4).state is DeliveryState.UNKNOWN


@pytest.mark.parametrize(
    ("header", "expected"),
    [("120", 120), ("Tue, 24 Nov 2026 12:01:00 GMT", 60), ("soon", None), ("", None), ("-5", None), ("1e9", None)],
)
def test_retry_after_is_read_in_both_forms(header: str, expected: float | None) -> None:
    assert retry_after_s(header, NOW) == expected


@given(st.floats(allow_nan=False), st.integers(1, 10), st.floats(0, 1))
def test_a_wait_is_never_in_the_past_nor_longer_than_a_day_and_a_half(wait: float, attempts: int, luck: float) -> None:
    fault = Outcome(kind=OutcomeKind.TRANSIENT, code="http_429", retry_after_s=wait)
    due = next_step(fault, attempts, ChannelKind.TEAMS, NOW, luck).not_before
    assert due is not None
    assert timedelta(seconds=1) <= due - NOW <= timedelta(hours=24)


def test_one_burst_of_refusals_is_one_failure_and_a_later_one_confirms_it() -> None:
    gone = Outcome(kind=OutcomeKind.PERMANENT_ENDPOINT, code="http_404")
    once = health_after(Health(), gone, NOW)
    assert once == Health(1, NOW, dead=False)
    assert not health_after(once, gone, NOW + timedelta(seconds=1)).dead
    assert health_after(once, gone, NOW + timedelta(seconds=15)).dead
    busy = health_after(once, Outcome(kind=OutcomeKind.TRANSIENT, code="http_503"), NOW + timedelta(seconds=15))
    assert (busy.failures, busy.dead) == (1, False)
    assert health_after(once, Outcome(kind=OutcomeKind.OK, code="http_200"), NOW) == Health()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, '{"ok": true, "channel": "C1", "ts": "12.3"}', OutcomeKind.OK),
        (200, '{"ok": false, "error": "channel_not_found"}', OutcomeKind.PERMANENT_ENDPOINT),
        (200, '{"ok": false, "error": "invalid_blocks"}', OutcomeKind.PERMANENT_MESSAGE),
        (200, '{"ok": false, "error": "internal_error"}', OutcomeKind.TRANSIENT),
        (429, '{"ok": false, "error": "ratelimited"}', OutcomeKind.TRANSIENT),
        (200, "<html>", OutcomeKind.UNKNOWN),
    ],
)
def test_slack_says_ok_or_not_in_the_body(status: int, body: str, kind: OutcomeKind) -> None:
    assert of_slack_api(status, body, None).kind is kind


def test_retry_after_is_heard() -> None:
    step = next_step(
        Outcome(kind=OutcomeKind.TRANSIENT, code="http_429", retry_after_s=7200), 1, ChannelKind.SLACK, NOW, 0
    )
    assert step.not_before == NOW + timedelta(hours=2)


def test_a_message_id_is_the_same_for_the_same_delivery_only() -> None:
    assert message_id("a", 1, 2) == message_id("a", 1, 2) != message_id("a", 1, 3)
