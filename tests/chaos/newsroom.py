# SPDX-License-Identifier: MIT
"""Feeds that grow, and the subscriptions that all of it goes to: every item is a story of its own, told to every channel."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.chaos.receivers import LOOPBACK, Receivers

FEEDS = 8
SHOWN = 400  # items that a feed still shows; a poll that comes late must find what it missed
CHANNELS = 30
FIRST = 100_000


def token(number: int) -> str:
    """A made-up drug code: it tells items apart for the grouping and for the receivers."""
    return f"XQZ-{FIRST + number:06d}"


class Newsroom:
    """Item n stands in feed n modulo FEEDS from the moment it is published."""

    def __init__(self) -> None:
        self.published = 0
        self._items: list[list[str]] = [[_old(feed)] for feed in range(FEEDS)]
        self._lock = threading.Lock()
        self._servers = [ThreadingHTTPServer((LOOPBACK, 0), _handler(self, feed)) for feed in range(FEEDS)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def hosts(self) -> list[str]:
        return [f"{LOOPBACK}:{server.server_address[1]}" for server in self._servers]

    def publish(self, count: int) -> None:
        with self._lock:
            for number in range(self.published, self.published + count):
                shown = self._items[number % FEEDS]
                shown.append(_item(number, datetime.now(UTC)))
                del shown[:-SHOWN]
            self.published += count

    def tokens(self) -> set[str]:
        return {token(number) for number in range(self.published)}

    def document(self, feed: int) -> bytes:
        with self._lock:
            items = "".join(self._items[feed])
        return f'<rss version="2.0"><channel><title>Wire {feed}</title>{items}</channel></rss>'.encode()

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _item(number: int, at: datetime) -> str:
    code = token(number)
    return (
        f"<item><title>FDA approves {code} for melanoma</title>"
        f"<description>The FDA approved {code} for adults with advanced melanoma.</description>"
        f"<guid>{code}</guid><link>http://news.example.org/{code}</link>"
        f"<pubDate>{format_datetime(at, usegmt=True)}</pubDate></item>"
    )


def _old(feed: int) -> str:
    """What stood in the feed before: the first import of a feed is silent."""
    at = datetime.now(UTC) - timedelta(days=3)
    return (
        f"<item><title>Clinic {feed} opens a canteen</title><guid>old-{feed}</guid>"
        f"<link>http://news.example.org/old-{feed}</link><pubDate>{format_datetime(at, usegmt=True)}</pubDate></item>"
    )


def _handler(newsroom: Newsroom, feed: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = newsroom.document(feed)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


def channels() -> list[str]:
    """Names of the channels as the receivers see them: ten mailboxes, ten Slack and ten Teams webhooks."""
    kinds = ("user{}@example.org", "/services/T0/B0/key{}", "/workflows/key{}/triggers")
    return [kind.format(n) for n in range(CHANNELS // 3) for kind in kinds]


def rules(receivers: Receivers) -> str:
    """A rule file: one subscription a channel, each of them meets every item."""
    lines = []
    for number, name in enumerate(channels()):
        kind = "email" if "@" in name else "slack" if "services" in name else "teams"
        where = name if kind == "email" else f"http://{receivers.web}{name}"
        lines.append(
            f"- name: everything {number:02d}\n  rule: {{indications: {{any: [melanoma]}}}}\n"
            f'  channels: [{{{kind}: "{where}"}}]\n'
        )
    return "".join(lines)
