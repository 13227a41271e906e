# SPDX-License-Identifier: MIT
"""An origin that logs every request and answers by a script, and a bench that polls it with the real poller.

The bench is a real store (SQLite), the real claim, the real fetch over a real socket; only the clock is ours, so that
days pass in no time. Each feed has a host name of its own, all of which lead to the origin.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import col, select

from alerts.config import load
from alerts.feeds import ListedFeed
from alerts.net import Client, Guard
from alerts.net.client import Limits
from alerts.pipeline.polling import Poller, user_agent
from alerts.store import feeds
from alerts.store.engine import Store
from alerts.store.tables import Feed, Item, Notice

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
HOSTS = 120


class Asked(NamedTuple):
    """One request as it came in."""

    method: str
    host: str
    path: str
    headers: tuple[tuple[str, str], ...]
    at: float  # monotonic
    under_way: int  # requests that were being answered for this host at that moment, this one included

    def get(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


class Answer(NamedTuple):
    """`status` may be bytes, sent instead of all headers. `act` takes over after the headers, for what no list can say."""

    status: int | bytes = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    length: int | None = None  # Content-Length, if it is to lie
    delay_s: float = 0.0
    act: Callable[[Any], None] | None = None


class Origin(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = int(self.server_address[1])
        self.log: list[Asked] = []
        self.scripts: dict[str, list[Answer]] = {}
        self.lock = threading.Lock()
        self.running: dict[str, int] = {}
        self.clients: dict[Limits, Client] = {}

    def client(self, agent: str, limits: Limits) -> Client:
        """The product's own, with a resolver by which all our names lead here."""
        if limits not in self.clients:
            guard = Guard(
                frozenset(f"{name}:{self.port}" for name in hosts()), resolver=lambda host, port: ["127.0.0.1"]
            )
            self.clients[limits] = Client(guard, agent, limits)
        return self.clients[limits]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The poller hangs up on what it refuses."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def do_GET(self) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        with self.server.lock:
            self.server.running[host] = self.server.running.get(host, 0) + 1
            headers = tuple(self.headers.items())
            asked = Asked(self.command, host, self.path, headers, time.monotonic(), self.server.running[host])
            self.server.log.append(asked)
            script = self.server.scripts.get(host + self.path) or [Answer(404)]
            answer = script.pop(0) if len(script) > 1 else script[0]
        try:
            self._send(answer)
        finally:
            with self.server.lock:
                self.server.running[host] -= 1

    do_HEAD = do_POST = do_GET

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay_s)
        lines = [f"HTTP/1.1 {answer.status!r} Scripted"]
        length = len(answer.body) if answer.length is None else answer.length
        if answer.act is None and answer.status != 304:
            lines.append(f"Content-Length: {length}")
        lines += [f"{name}: {value}" for name, value in answer.headers]
        with suppress(OSError):
            head = ("\r\n".join(lines) + "\r\n").encode("latin-1")
            head = answer.status if isinstance(answer.status, bytes) else head
            if answer.act is not None:
                self.wfile.write(head)
                self.close_connection = True
                answer.act(self.wfile)
                return
            self.wfile.write(head + b"\r\n" + answer.body)
        self.close_connection = self.close_connection or answer.length is not None

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_origin() -> Iterator[Origin]:
    origin = Origin()
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield origin
    origin.shutdown()
    thread.join()
    origin.server_close()
    for client in origin.clients.values():
        client.close()


class Bench:
    """One store and one poller of its own."""

    def __init__(
        self, origin: Origin, template: Path, folder: Path, clock: Callable[[], datetime] | None = None
    ) -> None:
        folder.mkdir(parents=True)
        shutil.copy(template, folder / "oncowire.db")
        self.origin, self.folder, self.now = origin, folder, NOON
        self.clock = clock or (lambda: self.now)
        self.limits = Limits()
        self.number = 0
        self.mark = len(origin.log)
        self.open()

    def open(self) -> None:
        """A process starts (again)."""
        settings = load({"ONCOWIRE_VAR_DIR": str(self.folder), "ONCOWIRE_CONTACT": "https://example.org/about"})
        self.store = Store(settings)
        self.poller = Poller(self.store, settings, self.clock)
        self.poller.client = self.origin.client(user_agent(settings), self.limits)

    def close(self) -> None:
        self.store.close()

    def url(self, number: int = 0, path: str = "/feed") -> str:
        return f"http://{hosts()[number]}:{self.origin.port}{path}"

    def script(self, *answers: Answer, number: int = 0, path: str = "/feed") -> None:
        self.origin.scripts[hosts()[number] + path] = list(answers)

    def add(self, number: int = 0, path: str = "/feed", at: datetime | None = None, **values: Any) -> int:
        with self.store.write() as session:
            made = feeds.add(session, ListedFeed(self.url(number, path)), at or self.clock(), self.clock())
            assert made is not None
            for name, value in values.items():
                setattr(session.get_one(Feed, made), name, value)
        return made

    def poll(self, after_s: float = 0.0) -> list[Asked]:
        """What the origin was asked when the poller looked `after_s` seconds later."""
        self.now += timedelta(seconds=after_s)
        before = len(self.origin.log)
        self.poller.sweep()
        return self.origin.log[before:]

    def force(self, after_s: float = 3600.0) -> list[Asked]:
        """Polled whether it is due or not."""
        self.now += timedelta(seconds=after_s)
        with self.store.write() as session:
            feeds.make_due(session, self.now, only=None, min_interval_s=0)
        return self.poll()

    def feed(self, feed_id: int = 1) -> Feed:
        with self.store.read() as session:
            return session.get_one(Feed, feed_id)

    def wait_s(self, feed_id: int = 1) -> float:
        """Seconds until the next poll."""
        return (self.feed(feed_id).next_poll_at - self.now).total_seconds()

    def titles(self) -> list[str]:
        with self.store.read() as session:
            return list(session.exec(select(Item.title).order_by(col(Item.id))))

    def notices(self) -> list[Notice]:
        with self.store.read() as session:
            return list(session.exec(select(Notice)))

    def tell_ops(self) -> None:
        """What the ops stage does with open notices: a notice that nobody was told of would be forgotten at its end."""
        with self.store.write() as session:
            for notice in session.exec(select(Notice).where(col(Notice.told_at).is_(None))):
                notice.told_at = self.now

    @property
    def log(self) -> list[Asked]:
        return self.origin.log[self.mark :]


def hosts() -> list[str]:
    return [*(f"feed{n}.example-{n}.org" for n in range(HOSTS)), "xn--bcher-kva.example.org"]


def rss(*titles: str, head: str = "", date: str = "Tue, 24 Nov 2026 11:00:00 GMT") -> bytes:
    items = "".join(
        f"<item><title>{t}</title><guid>{t}</guid><link>https://example.org/{t}</link><pubDate>{date}</pubDate></item>"
        for t in titles
    )
    namespace = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    return f'<rss version="2.0" {namespace}><channel><title>Wire</title>{head}{items}</channel></rss>'.encode()


def ok(*titles: str, head: str = "", **headers: str) -> Answer:
    return Answer(200, named(headers), rss(*(titles or ("one",)), head=head))


def named(headers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", "-"), value) for name, value in headers.items())


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(code, named(headers), body)
