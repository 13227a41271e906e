# SPDX-License-Identifier: MIT
import email
import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path

import pytest

from worker.demo.receivers import Mailbox, Outbox, Webhooks

SLACK = "/services/T0SAMPLE/B0SAMPLE/netteam"
TEAMS = "/workflows/safety/triggers/manual/paths/invoke?api-version=2016-06-01&sig=sample"


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def webhooks(outbox: Outbox) -> Iterator[Webhooks]:
    made = Webhooks(outbox)
    yield made
    made.close()


def post(host: str, path: str, body: bytes) -> tuple[int, str]:
    connection = HTTPConnection(host, timeout=5)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.enable_socket
def test_a_mail_is_kept_byte_for_byte(outbox: Outbox) -> None:
    mailbox = Mailbox(outbox)
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "EU approval: Größe", "alerts@example.org", "alice@example.org"
    mail.set_content("Hello Alice\n.\n.. dots stay\n")
    host, _, port = mailbox.host.partition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=5) as client:
            client.send_message(mail)
    finally:
        mailbox.close()
    (kept,) = (outbox.folder / "email").glob("*.eml")
    assert kept.name == "0001-alice@example.org.eml"
    again = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
    assert again["Subject"] == "EU approval: Größe"
    assert "\n.. dots stay" in again.get_content().replace("\r", "")
    assert outbox.counts() == {"email": 1, "slack": 0, "teams": 0}


@pytest.mark.enable_socket
def test_slack_says_ok_and_teams_says_accepted(webhooks: Webhooks, outbox: Outbox) -> None:
    message = json.dumps({"text": "EU approval", "blocks": []}).encode()
    card = json.dumps({"type": "message", "attachments": [{"content": {}}]}).encode()
    assert post(webhooks.host, SLACK, message) == (200, "ok")
    assert post(webhooks.host, TEAMS, card) == (202, "")
    assert [p.read_bytes() for p in (outbox.folder / "slack").iterdir()] == [message]
    assert [p.read_bytes() for p in (outbox.folder / "teams").iterdir()] == [card]


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        (SLACK, b"{}", 400, "invalid_payload"),
        (SLACK, b"not JSON", 400, "invalid_payload"),
        (SLACK, b"[1]", 400, "invalid_payload"),
        (TEAMS, b'{"text": "no card"}', 400, "TriggerInputSchemaMismatch"),
        ("/somewhere/else", b'{"text": "x"}', 404, "no_service"),
    ],
    ids=["empty", "no-json", "a-list", "no-card", "unknown-address"],
)
def test_what_the_real_receivers_refuse_is_refused_and_not_kept(
    webhooks: Webhooks, outbox: Outbox, path: str, body: bytes, status: int, text: str
) -> None:
    assert post(webhooks.host, path, body) == (status, text)
    assert outbox.counts() == {"email": 0, "slack": 0, "teams": 0}


def test_an_address_cannot_lead_out_of_the_outbox(outbox: Outbox) -> None:
    kept = outbox.keep("email", "../../../etc/passwd", b"x")
    assert kept.parent == outbox.folder / "email"
