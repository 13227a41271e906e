# SPDX-License-Identifier: MIT
"""Messages within their limits, feed text inert everywhere, and what follows an attempt."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery import message_id, next_step, render
from alerts.delivery.outcome import of_http, of_smtp
from alerts.delivery.render import MAX_CARD_BYTES, slack_text
from alerts.model import (
    Alert,
    AlertKind,
    ChannelKind,
    DeliveryState,
    EventType,
    FactRow,
    MatchReason,
    Outcome,
    OutcomeKind,
    Quote,
    SourceLine,
)
from tests.conftest import NOW

HOSTILE = "<!channel> <@U1> [x](javascript:alert(1)) *b* <at>all</at> <script>alert(1)</script>\r\nBcc: c@example.org\u202e\x00"


def alert(text: str = "cabozantinib", count: int = 1, kind: AlertKind = AlertKind.STORY) -> Alert:
    return Alert(
        kind=kind,
        story_id=1,
        revision=1,
        status_line="EU approval",
        drugs=text,
        cancers=text,
        headline=text,
        sentence=text,
        event=EventType.APPROVAL,
        facts=(FactRow(label="Drug", value=text),) * count,
        quotes=(Quote(text=text, outlet=text),) * min(count, 3),
        sources=(SourceLine(outlet=text, title=text, url="https://example.org/a?b=1&c=2"),) * count,
        subscription=text,
        reasons=(MatchReason(field="drugs", wanted=text, found=text, path=(text, text)),),
        follows_headline=text if kind is AlertKind.UPDATE else None,
        links={"story": "https://example.org/s", "unsubscribe": "https://example.org/u"},
    )


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("kind", [AlertKind.STORY, AlertKind.UPDATE])
def test_hostile_feed_text_is_inert(channel: ChannelKind, kind: AlertKind) -> None:
    message = render(channel, alert(HOSTILE, kind=kind), "<1@x>")
    assert "\n" not in message.subject
    assert "\r" not in message.subject
    if channel is ChannelKind.EMAIL:
        assert "<script>" not in (message.html or "")
    else:
        assert not any(mark in json.dumps(message.payload) for mark in ("<!channel>", "<@U1>", "<at>"))


@pytest.mark.parametrize("channel", ChannelKind)
def test_too_much_text_is_cut_to_the_limits(channel: ChannelKind) -> None:
    message = render(channel, alert("word " * 400, count=8), "<1@x>")
    assert len(message.subject) <= 150
    if channel is ChannelKind.TEAMS:
        assert len(json.dumps(message.payload).encode()) <= MAX_CARD_BYTES
    if channel is ChannelKind.SLACK:
        assert message.payload is not None
        texts = [b["text"]["text"] for b in message.payload["blocks"] if "text" in b]
        assert max(map(len, texts)) <= 3000
        assert len(message.payload["blocks"]) <= 50


def test_a_mail_can_be_left_with_one_click_and_reads_without_html() -> None:
    message = render(ChannelKind.EMAIL, alert(), "<1@x>")
    assert message.headers["List-Unsubscribe"] == "<https://example.org/u>"
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://example.org/a?b=1&c=2" in message.text
    assert message.subject == "[EU approval] cabozantinib: cabozantinib"


@given(st.text(max_size=400), st.integers(1, 200))
def test_slack_text_never_passes_its_limit_nor_a_mention(text: str, limit: int) -> None:
    made = slack_text(text, limit)
    assert len(made) <= limit
    assert "<" not in made


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
