# SPDX-License-Identifier: MIT
"""The guarded client against a real server that behaves badly."""

import gzip
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import pytest

from alerts.errors import Permanent, Transient
from alerts.net.client import Client, Limits
from alerts.net.guard import Guard
from tests.serving import serving

pytestmark = pytest.mark.enable_socket


class Origin(BaseHTTPRequestHandler):
    """Each path is one kind of behaviour."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        Origin.seen.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == "/hop":
            return self._send(302, b"", {"Location": "/feed"})
        if self.path == "/circle":
            return self._send(302, b"", {"Location": "/circle2"})
        if self.path == "/circle2":
            return self._send(302, b"", {"Location": "/circle"})
        if self.path == "/inside":
            return self._send(302, b"", {"Location": "http://169.254.169.254/"})
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            with suppress(OSError):
                for number in range(40):
                    self.wfile.write(b"X-%d: 1\r\n" % number)
                    time.sleep(0.1)
            return None
        if self.path == "/cut":
            return self._send(200, gzip.compress(bytes(range(256)) * 40)[:-9], {"Content-Encoding": "gzip"})
        if self.path == "/bomb":
            return self._send(200, gzip.compress(b"0" * 30_000_000), {"Content-Encoding": "gzip"})
        if self.path == "/big":
            return self._send(200, b"0" * 6_000_000)
        if self.path == "/zipped":
            return self._send(200, gzip.compress(b"<rss/>"), {"Content-Encoding": "gzip"})
        if self.path == "/brotli":
            return self._send(200, b"xx", {"Content-Encoding": "br"})
        return self._send(200, b"<rss/>", {"ETag": 'W/"odd', "Set-Cookie": "id=1"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(429 if body == b"slow" else 200, b"ok", {"Retry-After": "7"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    Origin.seen.clear()
    with serving(Origin) as address:
        yield address


@pytest.fixture
def client(origin: str) -> Iterator[Client]:
    made = Client(Guard(frozenset({origin})), "Oncowire/1 (+mailto:ops@example.org)", Limits(total_s=5))
    yield made
    made.close()


def test_a_redirect_is_followed_and_remembered(client: Client, origin: str) -> None:
    response = client.get(f"http://{origin}/hop")
    assert (response.status, response.body, response.url) == (200, b"<rss/>", f"http://{origin}/feed")
    assert [hop.status for hop in response.hops] == [302]


def test_headers_arrive_byte_for_byte_and_cookies_are_never_sent_back(client: Client, origin: str) -> None:
    assert client.get(f"http://{origin}/feed").headers["etag"] == 'W/"odd'
    client.get(f"http://{origin}/feed")
    assert "cookie" not in Origin.seen[1]
    assert "referer" not in Origin.seen[1]
    assert Origin.seen[1]["user-agent"].startswith("Oncowire/1 ")


def test_a_zipped_body_is_inflated(client: Client, origin: str) -> None:
    assert client.get(f"http://{origin}/zipped").body == b"<rss/>"


@pytest.mark.parametrize(
    ("path", "code"), [("/bomb", "body_too_large"), ("/big", "body_too_large"), ("/brotli", "body_coding")]
)
def test_a_body_over_its_limits_is_refused(client: Client, origin: str, path: str, code: str) -> None:
    with pytest.raises(Transient, match=code):
        client.get(f"http://{origin}{path}")


@pytest.mark.parametrize(("path", "code"), [("/circle", "redirect_loop"), ("/inside", "address_refused_private")])
def test_a_redirect_that_leads_nowhere_good_is_refused(client: Client, origin: str, path: str, code: str) -> None:
    with pytest.raises(Permanent, match=code):
        client.get(f"http://{origin}{path}")


def test_a_closed_port_is_a_passing_fault(client: Client) -> None:
    closed = Client(Guard(frozenset({"127.0.0.1:9"})), "Oncowire/1", Limits(total_s=2))
    with pytest.raises(Transient, match="connect_failed"):
        closed.get("http://127.0.0.1:9/")


def test_a_webhook_answer_comes_back_with_its_status_and_headers(client: Client, origin: str) -> None:
    assert client.post(f"http://{origin}/hook", b"{}", {"Content-Type": "application/json"}).status == 200
    slow = client.post(f"http://{origin}/hook", b"slow", {"Content-Type": "application/json"})
    assert (slow.status, slow.headers["retry-after"]) == (429, "7")


def test_header_lines_that_drip_end_at_the_deadline(origin: str) -> None:
    hasty = Client(Guard(frozenset({origin})), "Oncowire/1", Limits(total_s=0.5))
    with pytest.raises(Transient, match="timeout"):
        hasty.get(f"http://{origin}/drip")
    hasty.close()


def test_a_body_that_was_refused_does_not_spoil_the_next_answer(client: Client, origin: str) -> None:
    for path, code in (("/brotli", "body_coding"), ("/cut", "body_truncated"), ("/big", "body_too_large")):
        with pytest.raises(Transient, match=code):
            client.get(f"http://{origin}{path}")
        assert client.get(f"http://{origin}/feed").body == b"<rss/>"
