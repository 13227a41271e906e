# SPDX-License-Identifier: MIT
"""What an answer means and what follows an attempt."""

from datetime import timedelta

import pytest

from alerts.delivery import message_id, next_step
from alerts.delivery.outcome import of_http, of_smtp
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
    assert next_step(lost, 1, ChannelKind.SLACK, NOW, 0).state is DeliveryState.UNKNOWN
    assert next_step(lost, 2, ChannelKind.SLACK, NOW, 0).state is DeliveryState.DEAD
    assert next_step(lost, 5, ChannelKind.EMAIL, NOW, 0).state is DeliveryState.UNKNOWN


def test_retry_after_is_heard() -> None:
    step = next_step(
        Outcome(kind=OutcomeKind.TRANSIENT, code="http_429", retry_after_s=7200), 1, ChannelKind.SLACK, NOW, 0
    )
    assert step.not_before == NOW + timedelta(hours=2)


def test_a_message_id_is_the_same_for_the_same_delivery_only() -> None:
    assert message_id("a", 1, 2) == message_id("a", 1, 2) != message_id("a", 1, 3)
