# SPDX-License-Identifier: MIT
"""Messages within their limits, complete, and with feed text inert everywhere."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery import render, render_digest, render_notice
from alerts.delivery.inert import safe_url, slack_text, slack_words, teams_text
from alerts.delivery.limits import over
from alerts.delivery.notes import Note, render_note
from alerts.model import AlertKind, ChannelKind, DigestGroup
from tests.delivery.every import every
from tests.delivery.samples import HOSTILE, approval, digest, everywhere, update

# What would act on its reader in each channel, had the feed's text got through as it came.
LIVE = {
    ChannelKind.EMAIL: r"<script|<at>|[\x00\u202e]",
    ChannelKind.SLACK: r"<[!@#]|[\x00\u202e]|\\u0000|verbatim\": false",
    ChannelKind.TEAMS: r"<at>|\{\{|(?<!\\)\]\(javascript|[\x00\u202e]|\\u0000",
}


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("kind", [AlertKind.STORY, AlertKind.UPDATE])
def test_hostile_feed_text_is_inert(channel: ChannelKind, kind: AlertKind) -> None:
    message = render(channel, everywhere(HOSTILE, kind=kind), "<1@x>")
    seen = message.html or json.dumps(message.payload, ensure_ascii=False)
    assert not re.search(LIVE[channel], seen)
    assert not re.search(r"[\r\n\x00\u202e]", message.subject)
    assert 'href="javascript' not in seen
    assert not re.search(r'"url": "(?!https?://)', seen)


@pytest.mark.parametrize("channel", ChannelKind)
def test_hostile_text_is_inert_in_digests_notes_and_notices_too(channel: ChannelKind) -> None:
    hostile = everywhere(HOSTILE, kind=AlertKind.UPDATE)
    note = Note(subject=HOSTILE, paragraphs=(HOSTILE,), button=HOSTILE, url="javascript:alert(1)")
    made = (
        render_digest(
            channel, digest(DigestGroup(heading=HOSTILE, alerts=(hostile,) * 2), subscription=HOSTILE), "<1@x>"
        ),
        render_note(channel, note, "<1@x>"),
        render_notice(channel, [HOSTILE], [HOSTILE], "<1@x>", "javascript:alert(1)"),
    )
    for message in made:
        seen = message.html or json.dumps(message.payload, ensure_ascii=False)
        assert not re.search(LIVE[channel], seen)
        assert not re.search(r"[\r\n\x00\u202e]", message.subject)
        assert 'href="javascript' not in seen
        assert not re.search(r'"url": "(?!https?://)', seen)
        assert over(message) == []


@pytest.mark.parametrize("channel", ChannelKind)
def test_every_kind_of_message_is_within_its_limits(channel: ChannelKind) -> None:
    assert {name: over(message) for name, message in every(channel).items() if over(message)} == {}


@pytest.mark.parametrize("channel", ChannelKind)
def test_too_much_text_is_cut_to_the_limits(channel: ChannelKind) -> None:
    for text in ("word " * 400, "x" * 5000, "<&>" * 900, "*_~`" * 900, "“é漢" * 900):
        assert over(render(channel, everywhere(text, 12, AlertKind.UPDATE), "<1@x>")) == []


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=700), st.integers(0, 12), st.sampled_from(ChannelKind))
def test_any_text_in_any_number_of_places_gives_a_message_within_its_limits(
    text: str, count: int, channel: ChannelKind
) -> None:
    message = render(channel, everywhere(text, count, AlertKind.UPDATE), "<1@x>")
    assert over(message) == []
    json.dumps(message.payload, ensure_ascii=False).encode()
    (message.html or "").encode()


def test_a_mail_can_be_left_with_one_click_and_reads_without_html() -> None:
    message = render(ChannelKind.EMAIL, approval(), "<1@x>")
    assert message.headers["List-Unsubscribe"] == "<https://wire.example.org/s/leave?t=a.b-c_d>"
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://register.example.org/h1136?l=en&v=2" in message.text
    assert message.subject.startswith("[EU approval] cabozantinib: pancreatic and extra-pancreatic")


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_message_says_what_why_and_from_whom(channel: ChannelKind) -> None:
    message = render(channel, approval(), "<1@x>")
    seen = message.html or json.dumps(message.payload, ensure_ascii=False)
    assert "EU approval" in seen
    assert "13.8 months with cabozantinib" in seen
    assert re.search("(?i)also reported by", seen)
    assert "pancreatic neuroendocrine tumor is a kind of neuroendocrine tumor" in seen
    assert "https://wire.example.org/s/mute?t=a.b-c_d" in seen.replace("&amp;", "&")


@pytest.mark.parametrize("channel", ChannelKind)
def test_an_update_names_its_predecessor_and_its_date(channel: ChannelKind) -> None:
    message = render(channel, update(), "<1@x>")
    assert message.subject.startswith("[Update: EU approval]")
    seen = message.html or json.dumps(message.payload, ensure_ascii=False)
    assert "Update to “Experts of the EMA recommend cabozantinib in neuroendocrine tumours” (20 June 2025)" in seen


@given(st.text(max_size=400), st.integers(1, 200))
def test_slack_text_never_passes_its_limit_nor_a_mention(text: str, limit: int) -> None:
    for made in (slack_text(text, limit), slack_words(text, limit)):
        assert len(made) <= limit
        assert "<" not in made


@given(st.text(max_size=300))
def test_card_text_holds_no_markdown_that_is_not_escaped(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_\[\]`]", teams_text(text))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example.org/x?y=1&z=2#f", "https://a.example.org/x?y=1&z=2#f"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://a.example.org/\r\nBcc: x", ""),
        ('https://a.example.org/">', "https://a.example.org/%22%3E"),
        ("https://[bad", ""),
        ("", ""),
    ],
)
def test_only_addresses_that_end_where_they_seem_to_become_links(url: str, kept: str) -> None:
    assert safe_url(url) == kept
