# SPDX-License-Identifier: MIT
"""Every path that opens a connection goes through the gate: what is hostile is refused before any socket opens."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from alerts.config import load
from alerts.delivery.mail import Mailer
from alerts.delivery.sender import Sender
from alerts.errors import OncowireError, Permanent
from alerts.feeds import Change, FeedState, Schedule, Selectors, check, poll, sandbox
from alerts.feeds.articles import Robots, read_articles
from alerts.feeds.parse import Entry
from alerts.model import ChannelKind, Message, OutcomeKind
from alerts.net import Client, Guard
from tests.conftest import NOW
from tests.net.test_guard import HOSTILE

# What is_global or a careless parser lets pass; the rest is in test_guard.
MORE = [
    "http://0x7f.0x1/",
    "http://017700000001/",
    "http://0/",
    "http://127.0.0.1./",
    "http://[::]/",
    "http://[0:0:0:0:0:ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::1]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
    "http://[2002:c0a8:101::]/",
    "http://[fec0::a]/",
    "http://[fe80::1%25eth0]/",
    "http://[ff0e::1]/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://203.0.113.7/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://239.255.255.250/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://example.org:25/",
    "http://example.org:0/",
    "http://example.org\t/",
    "http://example.org /",
    "http://exa%6dple.org/",
    "http://-example.org/",
    "http://ex\u00ads.org/",
    "http://127.0.0.1\u200b/",
    "//example.org/",
    "javascript:alert(1)",
    "data:text/xml,<rss/>",
    "http://example.org@127.0.0.1/",
    "http://xn--127-2g5b.0.0.1/",
]
ALL = [*HOSTILE, *MORE]


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Fails the test if anything is looked up or connected to."""
    opened: list[Any] = []

    def note(*given: Any, **_: Any) -> Any:
        opened.append(given)
        raise OSError("no socket may open here")

    for name in ("create_connection", "getaddrinfo", "socket"):
        monkeypatch.setattr(socket, name, note)
    yield opened
    assert opened == []


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    made = Client(Guard(), "Oncowire/1")
    yield made
    made.close()


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    made = Sender(load({}))
    yield made
    made.close()


@pytest.mark.parametrize("url", ALL)
def test_a_hostile_address_opens_no_socket_on_any_path(
    no_socket: list[Any], client: Client, sender: Sender, url: str
) -> None:
    """Feed, check, webhook, article; OPML and redirects meet the same `check_url` (tests/cli, tests/feeds/checks)."""
    feed = FeedState(url=url, next_poll_at=NOW)
    polled = poll(feed, client, lambda _: ({}, {}), Schedule(300.0), NOW, 0.0)
    assert str(polled.state.last_error_code).startswith("address_refused_")
    checked = check(url, client, sandbox(), NOW, Selectors(item="//p"))
    assert str(checked.error_code).startswith("address_refused_")
    message = Message(channel=ChannelKind.SLACK, message_id="<1@x>", subject="S", text="T", payload={"text": "T"})
    outcome = sender.send(ChannelKind.SLACK, {"url": url}, message)
    assert (outcome.kind, outcome.code[:16]) == (OutcomeKind.PERMANENT_ENDPOINT, "address_refused_")
    change = Change("1", Entry("", url, "T", "", "", None), "", "new", None)
    assert read_articles([change], Robots(client), lambda body, at: "text", NOW, lambda _: None) == [change]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.25", "[::1]", "169.254.169.254", "2130706433", "mail.internal", "localhost"]
)
def test_nor_does_a_mail_relay(no_socket: list[Any], host: str) -> None:
    mailer = Mailer(Guard(), f"smtp://{host}:25", "Oncowire <alerts@example.org>")
    message = Message(channel=ChannelKind.EMAIL, message_id="<1@x>", subject="S", text="T", html="<p>T</p>")
    outcome = mailer.send("alice@example.org", message)
    assert outcome.kind is not OutcomeKind.OK


def test_a_name_that_is_rebound_between_check_and_connect_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver answers a public address first and an inside one when the socket opens."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["10.0.0.1"]])
    connected: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    guard = Guard(resolver=lambda host, port: next(answers))
    assert guard.addresses(guard.check_url("http://rebound.example.org/feed")) == ["93.184.216.34"]
    for _ in range(2):
        with pytest.raises(Permanent, match="address_refused_private"):
            Client(guard, "Oncowire/1").get("http://rebound.example.org/feed")
    assert connected == []


def test_the_socket_goes_to_the_checked_address_and_not_to_a_second_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connected: list[Any] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"]

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OncowireError, match="connect_failed"):
        Client(Guard(resolver=resolve), "Oncowire/1").get("http://news.example.org/feed")
    assert (asked, connected) == (["news.example.org"], [("93.184.216.34", 80)])


def test_proxy_variables_of_the_machine_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.9.9.9:3128")
    with pytest.raises(OncowireError, match="connect_failed"):
        Client(Guard(resolver=lambda host, port: ["93.184.216.34"]), "Oncowire/1").get("http://news.example.org/feed")
    assert connected == [("93.184.216.34", 80)]
