# SPDX-License-Identifier: MIT
"""Connections are kept while both ends like it, over TLS that is checked, and end in time whatever the server does."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alerts.errors import Transient
from alerts.net import connections
from alerts.net.client import Client, Limits
from alerts.net.guard import Guard
from tests.delivery.test_relay_security import certificate, secured
from tests.serving import serving

pytestmark = pytest.mark.enable_socket


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peers: list[int] = []

    def do_GET(self) -> None:
        Origin.peers.append(self.client_address[1])
        if self.path == "/short":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nshort")
            self.close_connection = True
            return
        if self.path == "/trailer":
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n")
                for number in range(60):
                    self.wfile.write(b"X-%d: 1\r\n" % number)
                    time.sleep(0.1)
            return
        self.send_response(304 if self.path == "/304" else 200)
        if self.path == "/bye":
            self.send_header("Connection", "close")
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif self.path != "/304":
            self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write({"/304": b"", "/chunked": b"4\r\nbody\r\n0\r\n\r\n"}.get(self.path, b"body"))
        self.close_connection = self.close_connection or self.path == "/silent-bye"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    Origin.peers.clear()
    with serving(Origin) as address:
        yield address


@pytest.fixture
def client(origin: str) -> Iterator[Client]:
    made = Client(Guard(frozenset({origin})), "Oncowire/1", Limits(total_s=1.0))
    yield made
    made.close()


def test_a_connection_serves_one_answer_after_the_other(client: Client, origin: str) -> None:
    for path in ("/304", "/plain", "/chunked", "/304"):
        assert client.get(f"http://{origin}{path}").body == (b"" if path == "/304" else b"body")
    assert len(set(Origin.peers)) == 1


@pytest.mark.parametrize("path", ["/bye", "/silent-bye"])
def test_one_that_the_server_ended_is_not_used_again(client: Client, origin: str, path: str) -> None:
    for _ in range(2):
        assert client.get(f"http://{origin}{path}").body == b"body"
        time.sleep(0.05)
    assert len(set(Origin.peers)) == 2


def test_a_body_shorter_than_its_length_is_no_body_and_its_connection_is_left(client: Client, origin: str) -> None:
    with pytest.raises(Transient, match="connection_lost"):
        client.get(f"http://{origin}/short")
    assert client.get(f"http://{origin}/plain").body == b"body"


def test_a_trailer_that_drips_ends_at_the_deadline(client: Client, origin: str) -> None:
    began = time.monotonic()
    with pytest.raises(Transient, match="timeout"):
        client.get(f"http://{origin}/trailer")
    assert time.monotonic() - began < 3


def test_no_more_than_so_many_are_kept(client: Client, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEPT", 2)
    threads = [threading.Thread(target=client.get, args=(f"http://{origin}/plain",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client._connections._count == sum(map(len, client._connections._idle.values())) <= 2


@contextmanager
def over_tls(file: Path) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    server.socket = secured(file).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # whoever hangs up in the handshake
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("named", ["news.example.org", "other.example.org"])
def test_a_certificate_must_be_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    file = certificate(tmp_path, named)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    Origin.peers.clear()
    with over_tls(file) as port:
        guard = Guard(frozenset({f"news.example.org:{port}"}), resolver=lambda host, port: ["127.0.0.1"])
        client = Client(guard, "Oncowire/1", Limits(total_s=5.0))
        if named == "other.example.org":
            with pytest.raises(Transient, match="tls_failed"):
                client.get(f"https://news.example.org:{port}/plain")
        else:
            assert [client.get(f"https://news.example.org:{port}/plain").body for _ in range(2)] == [b"body"] * 2
        client.close()
    assert len(Origin.peers) == (0 if named == "other.example.org" else 2)
    assert len(set(Origin.peers)) <= 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with over_tls(certificate(tmp_path, "news.example.org")) as port:
        guard = Guard(frozenset({f"news.example.org:{port}"}), resolver=lambda host, port: ["127.0.0.1"])
        client = Client(guard, "Oncowire/1", Limits(total_s=5.0))
        with pytest.raises(Transient, match="tls_failed"):
            client.get(f"https://news.example.org:{port}/plain")
        client.close()
