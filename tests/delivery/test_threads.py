# SPDX-License-Identifier: MIT
"""Updates stand under the first message of their story: in mail by References, in Slack by the thread of a bot's message.

The receiver behaves as Slack's Web API does (docs.slack.dev, chat.postMessage): 200 with ok and ts, or ok: false and an error;
429 with Retry-After.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.config import Settings
from alerts.delivery import sender
from alerts.pipeline import rulefiles
from alerts.store.tables import Channel, Delivery
from tests.pipeline.newsdesk import Desk
from tests.pipeline.test_pipeline import Mailbox, mailbox  # noqa: F401 - fixture
from tests.serving import serving

pytestmark = pytest.mark.enable_socket
RULES = """
name: Bob follows cabozantinib
rule: {drugs: {any: [cabozantinib]}}
channels: [{email: bob@example.org}, {slack: {bot_token: xoxb-1-2-three, channel: C0ONCO}}]
"""


class Slack(BaseHTTPRequestHandler):
    """chat.postMessage. `answers`: what to say to the next posts, as (status, headers, body); then ok."""

    posts: list[dict[str, Any]] = []
    answers: list[tuple[int, dict[str, str], dict[str, Any]]] = []

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer xoxb-1-2-three":
            return self._say(200, {}, {"ok": False, "error": "invalid_auth"})
        if Slack.answers:
            return self._say(*Slack.answers.pop(0))
        Slack.posts.append(sent)
        return self._say(200, {}, {"ok": True, "channel": sent["channel"], "ts": f"17000000.00000{len(Slack.posts)}"})

    def _say(self, status: int, headers: dict[str, str], answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Slack.posts, Slack.answers = [], []
    with serving(Slack) as address:
        monkeypatch.setattr(sender, "SLACK_API", f"http://{address}/api/chat.postMessage")
        yield address


@pytest.fixture
def desk(store_settings: Settings, slack: str, mailbox: tuple[Mailbox, str], tmp_path: Path) -> Iterator[Desk]:
    opened = {
        "fetch_allow": frozenset({slack, mailbox[1]}),
        "smtp_url": f"smtp://{mailbox[1]}",
        "webhook_per_second": 0.0,
    }
    made = Desk(store_settings.model_copy(update=opened))
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    rulefiles.apply(made.store, file, "default", frozenset())
    yield made
    made.pipeline.close()


def tell(desk: Desk) -> None:
    desk.work()
    desk.pipeline.deliver_due()
    desk.pipeline.deliver_due()


def opinion(desk: Desk) -> None:
    desk.report("opinion", "CHMP issues positive opinion on cabozantinib for neuroendocrine tumours")
    tell(desk)


def decision(desk: Desk) -> None:
    desk.report("decision", "European Commission approves cabozantinib for neuroendocrine tumours", days=60)
    tell(desk)


def of_slack(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as session:
        rows = select(Delivery).join(Channel).where(col(Channel.kind) == "slack").order_by(col(Delivery.id))
        return [(d.state, d.state_reason) for d in session.exec(rows)]


def test_updates_stand_under_the_first_message_of_their_story(desk: Desk, mailbox: tuple[Mailbox, str]) -> None:
    opinion(desk)
    decision(desk)
    title = "European Commission approves cabozantinib for renal cell carcinoma"
    desk.report("decision", title, days=61)  # the publisher corrects it: an update of the update
    tell(desk)
    mails = [message_from_bytes(raw, policy=default) for raw in mailbox[0].mails]
    ids = [str(m["Message-ID"]) for m in mails]
    assert [m["In-Reply-To"] for m in mails] == [None, ids[0], ids[1]]
    assert [m["References"] for m in mails] == [None, ids[0], f"{ids[0]} {ids[1]}"]
    assert [p.get("thread_ts") for p in Slack.posts] == [None, "17000000.000001", "17000000.000001"]
    assert [p.get("reply_broadcast", False) for p in Slack.posts] == [False, True, True]
    assert {p["channel"] for p in Slack.posts} == {"C0ONCO"}


def test_slack_that_asks_to_wait_is_left_alone_as_long_as_it_asks(desk: Desk) -> None:
    Slack.answers = [(429, {"Retry-After": "240"}, {"ok": False, "error": "ratelimited"})]
    opinion(desk)
    assert of_slack(desk) == [("retry", "http_429")]
    for seconds, sent in ((200, 0), (100, 1)):
        desk.now += timedelta(seconds=seconds)
        desk.pipeline.deliver_due()
        assert len(Slack.posts) == sent


@pytest.mark.parametrize(
    ("error", "state"),
    [
        ("ratelimited", "retry"),
        ("fatal_error", "retry"),
        ("channel_not_found", "retry"),
        ("msg_too_long", "dead"),
        ("invalid_blocks", "dead"),
    ],
)
def test_an_error_that_slack_names_is_the_reason(desk: Desk, error: str, state: str) -> None:
    Slack.answers = [(200, {}, {"ok": False, "error": error})]
    opinion(desk)
    assert of_slack(desk) == [(state, f"slack_{error}")]


def test_a_channel_that_is_not_there_twice_is_switched_off_and_its_reader_told_by_mail(
    desk: Desk, mailbox: tuple[Mailbox, str]
) -> None:
    Slack.answers = [(200, {}, {"ok": False, "error": "channel_not_found"})] * 2
    opinion(desk)
    desk.now += timedelta(minutes=2)
    desk.pipeline.deliver_due()
    desk.pipeline.deliver_due()
    assert of_slack(desk)[0] == ("dead", "slack_channel_not_found")
    with desk.store.read() as session:
        assert session.exec(select(Channel.state).where(col(Channel.kind) == "slack")).one() == "disabled"
    subjects = [str(message_from_bytes(raw, policy=default)["Subject"]) for raw in mailbox[0].mails]
    assert sum(s.startswith("A channel stopped working") for s in subjects) == 1
