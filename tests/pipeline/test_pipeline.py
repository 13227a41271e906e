# SPDX-License-Identifier: MIT
"""From a feed to deliveries on a real store (SQLite and PostgreSQL), with a real feed server, SMTP and webhook receivers."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from alerts.config import Settings
from alerts.feeds import ListedFeed
from alerts.pipeline import Pipeline, rulefiles
from alerts.store import dump, feeds
from tests.serving import serving

pytestmark = pytest.mark.enable_socket

RULE = """
- name: Alice hears of EU approvals in NET
  rule:
    drugs: {any: [cabozantinib]}
    indications: {any: [neuroendocrine tumor]}
    events: {any: [approval, label_expansion]}
    regulators: {any: [EC]}
  channels: [{email: alice@example.org}, {slack: "http://HOST/slack"}, {teams: "http://HOST/teams"}]
- name: Charlie follows sunitinib
  rule: {drugs: {any: [sunitinib]}}
  channels: [{email: charlie@example.org}]
"""


class Web(BaseHTTPRequestHandler):
    """A feed whose items can be changed, and a receiver of webhooks that can be told how to answer."""

    items: list[tuple[str, str, str]] = []
    posts: list[tuple[str, bytes]] = []
    answers: list[int] = []
    day: datetime | None = None  # of publication; None: now

    def do_GET(self) -> None:
        stamp = (Web.day or datetime.now(UTC)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        entries = "".join(
            f"<item><title>{title}</title><description>{text}</description><guid>{guid}</guid>"
            f"<link>http://news.example.org/{guid}</link><pubDate>{stamp}</pubDate></item>"
            for guid, title, text in Web.items
        )
        self._answer(200, f'<rss version="2.0"><channel><title>Wire</title>{entries}</channel></rss>'.encode())

    def do_POST(self) -> None:
        Web.posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(Web.answers.pop(0) if Web.answers else 200, b"ok")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Mailbox:
    """A relay that keeps what it gets and can be told what to answer."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.rcpt_answers: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.rcpt_answers:
            return self.rcpt_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 kept"


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def web() -> Iterator[str]:
    Web.items, Web.posts, Web.answers, Web.day = [], [], [], None
    with serving(Web) as address:
        yield address


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:  # aiosmtpd cannot be asked for any free port
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pipeline(
    store_settings: Settings, web: str, mailbox: tuple[Mailbox, str], clock: Clock, tmp_path: Path
) -> Iterator[Pipeline]:
    opened = {
        "fetch_allow": frozenset({web, mailbox[1]}),
        "webhook_hosts": frozenset({web}),
        "smtp_url": f"smtp://{mailbox[1]}",
        "min_interval_s": 0.001,
        "minute_s": 0.001,
    }
    made = Pipeline(store_settings.model_copy(update=opened), clock)
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE.replace("HOST", web))
    rulefiles.apply(made.store, rules, "default", frozenset({web}))
    with made.store.write() as session:
        feeds.add(session, ListedFeed(f"http://{web}/feed", "Wire", "wire"), clock(), clock())
    yield made
    made.close()


def run(pipeline: Pipeline, clock: Clock) -> None:
    clock.now += timedelta(seconds=2)  # a host is asked once a second
    with pipeline.store.write() as session:
        feeds.make_due(session, clock(), only=None, min_interval_s=0)
    while pipeline.poll_due().handled + pipeline.process_due().handled + pipeline.deliver_due().handled:
        with pipeline.store.write() as session:  # everything else is done in the same moment of the clock
            if not dump_due(session, clock()):
                break


def dump_due(session: Any, now: datetime) -> bool:
    from alerts.store import vitals

    return any(vitals.backlogs(session, now)[stage][0] for stage in ("read", "group", "match", "deliver"))


def rows(pipeline: Pipeline, what: str) -> list[dict[str, Any]]:
    with pipeline.store.read() as session:
        return list(getattr(dump, what)(session))


EC = (
    "ec",
    "European Commission approves cabozantinib for neuroendocrine tumours",
    "The European Commission approved cabozantinib for pancreatic neuroendocrine tumours.",
)
AGAIN = (
    "ec2",
    "Cabometyx wins EU approval in neuroendocrine tumors",
    "The EC has approved cabozantinib for neuroendocrine tumors.",
)
FDA = (
    "fda",
    "FDA approves cabozantinib for neuroendocrine tumors",
    "The FDA approved cabozantinib for neuroendocrine tumors.",
)


def test_one_story_is_told_once_in_three_channels(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str]
) -> None:
    Web.items = [EC, AGAIN, FDA]
    run(pipeline, clock)
    assert [d["state"] for d in rows(pipeline, "deliveries")] == ["sent", "sent", "sent"]
    assert sorted(path for path, _ in Web.posts) == ["/slack", "/teams"]
    mail = message_from_bytes(mailbox[0].mails[0], policy=default)
    assert mail["Subject"].startswith("[EU approval, new use] cabozantinib: pancreatic neuroendocrine tumor")
    assert mail["To"] == "alice@example.org"
    body = mail.get_body(("html",))
    assert body is not None
    assert "also reported by" in body.get_content()
    assert "sunitinib" not in str(rows(pipeline, "deliveries"))


def test_one_trace_leads_through_the_log_from_reading_to_delivery(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str]
) -> None:
    Web.items = [EC]
    with structlog.testing.capture_logs() as lines:
        run(pipeline, clock)
    traced = [line for line in lines if line["event"] in {"read", "grouped", "matched", "delivered"}]
    assert {line["event"] for line in traced} == {"read", "grouped", "matched", "delivered"}
    assert {line["trace"] for line in traced} == {"i1"}


def test_the_same_news_again_tells_nobody_again(pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str]) -> None:
    Web.items = [EC]
    run(pipeline, clock)
    Web.items = [EC, AGAIN]
    run(pipeline, clock)
    run(pipeline, clock)
    assert len(mailbox[0].mails) == 1
    assert len(rows(pipeline, "stories")) == 1
    assert len(rows(pipeline, "stories")[0]["items"]) == 2


def test_a_relay_that_is_busy_gets_the_same_mail_later_with_the_same_id(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str]
) -> None:
    mailbox[0].rcpt_answers = ["451 try later"]
    Web.items = [EC]
    run(pipeline, clock)
    mail = next(d for d in rows(pipeline, "deliveries") if d["channel"] == "email")
    assert (mail["state"], mail["reason"]) == ("retry", "smtp_451")
    clock.now = clock.now.replace(year=clock.now.year + 1)
    pipeline.deliver_due()
    assert [a["code"] for a in rows(pipeline, "deliveries")[0]["attempts"]] == ["smtp_451", "smtp_250"]
    assert message_from_bytes(mailbox[0].mails[0])["Message-ID"] == mail["message_id"]


def test_a_webhook_that_is_gone_is_confirmed_once_and_then_switched_off(pipeline: Pipeline, clock: Clock) -> None:
    Web.answers = [410, 200]
    Web.items = [EC]
    run(pipeline, clock)
    gone = [d for d in rows(pipeline, "deliveries") if d["state"] == "retry"]
    assert [d["reason"] for d in gone] == ["http_410"]
    Web.answers = [410]
    clock.now = clock.now.replace(year=clock.now.year + 1)
    pipeline.deliver_due()
    assert [d["reason"] for d in rows(pipeline, "deliveries") if d["state"] == "dead"] == ["http_410"]


def test_a_worker_that_died_while_sending_leaves_a_delivery_that_is_tried_again(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """kill -9 between the commit of *sending* and the answer."""

    def die(*_: Any) -> None:
        raise Killed

    Web.items = [EC]
    monkeypatch.setattr("alerts.delivery.sender.Sender.send", die)
    with pytest.raises(Killed):
        run(pipeline, clock)
    monkeypatch.undo()
    for _ in range(3):
        clock.now = clock.now.replace(year=clock.now.year + 1)
        pipeline.deliver_due()
    told = rows(pipeline, "deliveries")
    assert [d["state"] for d in told] == ["sent", "sent", "sent"]
    assert [a["code"] for a in told[0]["attempts"]] == ["worker_died", "smtp_250"]


def test_a_broken_feed_costs_no_other_and_says_why(pipeline: Pipeline, clock: Clock, web: str) -> None:
    with pipeline.store.write() as session:
        feeds.add(session, ListedFeed("http://127.0.0.1:9/feed"), clock(), clock())
    Web.items = [EC]
    run(pipeline, clock)
    states = {f["url"]: (f["state"], f["last_error_code"]) for f in rows(pipeline, "feeds")}
    assert states == {
        f"http://{web}/feed": ("ok", None),
        "http://127.0.0.1:9/feed": ("failing", "address_refused_port"),
    }
    assert len(rows(pipeline, "items")) == 1
