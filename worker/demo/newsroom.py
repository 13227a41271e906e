# SPDX-License-Identifier: MIT
"""The sample newsroom: a local web server for feeds and articles that speaks conditional requests (RFC 9110 §13)."""

import hashlib
import html
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from worker.demo.formats import FORMATS, Published
from worker.demo.news import Article, Newsroom

LOOPBACK = "127.0.0.1"


class Document(NamedTuple):
    body: bytes
    content_type: str
    etag: str
    modified: datetime


class NewsServer:
    """Serves what has been released so far. One port a feed, so that each counts as a host of its own."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.answers: Counter[tuple[str, int]] = Counter()  # (feed, HTTP status) → how often
        self._released: dict[str, Published] = {}
        self._lock = threading.Lock()
        self._servers = {key: ThreadingHTTPServer((LOOPBACK, 0), self._handler(key)) for key in newsroom.feeds}
        for key, server in self._servers.items():
            threading.Thread(target=server.serve_forever, args=(0.05,), name=f"feed-{key}", daemon=True).start()

    def host(self, feed: str) -> str:
        return f"{LOOPBACK}:{self._servers[feed].server_address[1]}"

    def url(self, feed: str) -> str:
        return f"http://{self.host(feed)}{self.newsroom.feeds[feed].path}"

    def link(self, item: Article) -> str:
        return f"http://{self.host(item.feed)}/news/{item.id}"

    def release(self, item: Article, now: datetime) -> None:
        """The item stands in its feed from now on. `{today}` in its text becomes the day."""
        text = item.html.replace("{today}", f"{now.day} {now:%B %Y}")
        at = (now - timedelta(hours=item.hours_ago)).replace(microsecond=0)
        with self._lock:
            self._released[item.id] = Published(item.id, item.title, text, self.link(item), at)

    @property
    def released(self) -> int:
        """How many items stand in the feeds."""
        return len(self._released)

    def close(self) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def find(self, feed: str, path: str) -> Document | None:
        """The feed or an article, None if there is no such page."""
        plan = self.newsroom.feeds[feed]
        with self._lock:
            mine = [item for item in self.newsroom.items if item.feed == feed and item.id in self._released]
            items = sorted((self._released[item.id] for item in mine), key=lambda item: item.at, reverse=True)
        if path == plan.path:
            write, content_type = FORMATS[plan.format]
            return _document(write(plan.title, f"http://{self.host(feed)}/", items), content_type, items)
        found = [item for item in items if path == f"/news/{item.id}"]
        return _document(_page(found[0], plan.title), "text/html; charset=utf-8", found) if found else None

    def _handler(self, feed: str) -> type[BaseHTTPRequestHandler]:
        newsroom = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                document = newsroom.find(feed, self.path)
                status = _status(document, self.headers.get("If-None-Match"))
                newsroom.answers[feed, status] += 1
                self.send_response(status)
                if document:
                    self.send_header("ETag", document.etag)
                    self.send_header("Last-Modified", format_datetime(document.modified, usegmt=True))
                    self.send_header("Content-Type", document.content_type)
                body = document.body if document and status == HTTPStatus.OK else b""
                if status != HTTPStatus.NOT_MODIFIED:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Quiet: `answers` counts."""

        return Handler


def _status(document: Document | None, if_none_match: str | None) -> HTTPStatus:
    if document is None:
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.NOT_MODIFIED if if_none_match == document.etag else HTTPStatus.OK


def _document(text: str, content_type: str, items: list[Published]) -> Document:
    body = text.encode()
    modified = items[0].at if items else datetime.now(UTC)
    return Document(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:16]}"', modified.astimezone(UTC))


def _page(item: Published, outlet: str) -> str:
    title = html.escape(item.title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<p>{html.escape(outlet)}</p><h1>{title}</h1>{item.html}"
        "<p><small>Sample news of the Oncowire demo.</small></p></html>"
    )
