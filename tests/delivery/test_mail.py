# SPDX-License-Identifier: MIT
"""The mail as it goes over the wire: same bytes for the same message, headers that machines can read, no second header."""

from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.mail import dated, letter
from alerts.model import ChannelKind, Message
from tests.conftest import NOW

LINK = "https://oncowire.example.org/s/unsubscribe/" + "aB3-_" * 40 + ".sig"


def message(**changed: object) -> Message:
    plain = Message(
        channel=ChannelKind.EMAIL,
        message_id="<1@x.oncowire>",
        subject="[EU-Zulassung] für Ärzte: " + "cabozantinib " * 8,
        text="Grüße\n" + "a line " * 200,
        html="<p>Grüße</p>" * 300,
        headers={"List-Unsubscribe": f"<{LINK}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
    return dated(plain.model_copy(update=changed), "Oncowire <alerts@example.org>", NOW)


def content(part: Any) -> str:
    """What a reader sees, with our line ends."""
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_same_message_is_the_same_bytes_however_often_it_is_made() -> None:
    stored = message()
    again = Message.model_validate(stored.model_dump(mode="json"))
    first = letter(stored, "Other <other@example.org>", "alice@example.org")
    assert letter(again, "Third <third@example.org>", "alice@example.org") == first


def test_a_long_unsubscribe_address_is_one_word_that_mail_clients_can_read() -> None:
    raw = letter(message(), "a@example.org", "alice@example.org")
    assert f"List-Unsubscribe: <{LINK}>\r\n".encode() in raw
    assert b"\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_it_reads_back_as_it_was_meant() -> None:
    mail = message_from_bytes(letter(message(), "a@example.org", "alice@example.org"), policy=default)
    assert mail["Subject"].startswith("[EU-Zulassung] für Ärzte")
    assert (mail["From"], mail["To"]) == ("Oncowire <alerts@example.org>", "alice@example.org")
    assert mail["Date"].datetime == NOW
    for name in ("Message-ID", "Date", "From", "To", "Subject"):
        assert len(mail.get_all(name, [])) == 1
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert content(plain) == message().text
    html = mail.get_body(("html",))
    assert html is not None
    assert content(html) == message().html


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.text(max_size=50))
def test_any_text_arrives_as_it_was(text: str, subject: str) -> None:
    subject = " ".join("".join(c for c in subject if c.isprintable() and c.isascii()).split())
    sent = message(text=text, subject=subject or "x", html=f"<p>{text}</p>")
    raw = letter(sent, "a@example.org", "alice@example.org")
    mail = message_from_bytes(raw, policy=default)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    for kind, expected in (("plain", wanted), ("html", f"<p>{wanted}</p>")):
        part = mail.get_body((kind,))
        assert part is not None
        assert content(part).removesuffix("\n") == expected.removesuffix("\n")
    assert mail["Subject"] == (subject or "x")


@pytest.mark.parametrize("header", ["List-Unsubscribe", "References", "X-Anything"])
def test_a_line_end_in_a_header_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|carriage"):
        letter(message(headers={header: "<x>\r\nBcc: mallory@example.org"}), "a@example.org", "alice@example.org")
