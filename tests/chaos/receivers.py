# SPDX-License-Identifier: MIT
"""The other side: an SMTP relay and webhook receivers that keep what they got and can be told to misbehave."""

import asyncio
import email
import email.policy
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
SLOW_S = 2.0
TOKEN = re.compile(r"XQZ-\d{6}")


class Got(NamedTuple):
    """One message as it arrived: for whom, about which item, under which Message-ID (mail only)."""

    channel: str
    token: str
    message_id: str


class Receivers:
    """`mode`: normal · hang_up (takes the message, then drops the connection without an answer) · slow."""

    def __init__(self) -> None:
        self.mode = "normal"
        self.got: list[Got] = []
        self.hung_up = 0
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._relay = self._loop.run_until_complete(self._loop.create_server(self._protocol, LOOPBACK, 0))
        self.smtp = f"{LOOPBACK}:{self._relay.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self._web = _Server((LOOPBACK, 0), _handler(self))
        self.web = f"{LOOPBACK}:{self._web.server_address[1]}"
        threading.Thread(target=self._web.serve_forever, args=(0.05,), name="webhooks", daemon=True).start()

    def keep(self, got: Got) -> None:
        with self._lock:
            self.got.append(got)
            self.hung_up += self.mode == "hang_up"

    def _protocol(self) -> SMTP:
        return SMTP(self, loop=self._loop, hostname="relay.example", enable_SMTPUTF8=True)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        self.keep(Got(envelope.rcpt_tos[0], _token(mail["Subject"]), mail["Message-ID"]))
        if self.mode == "hang_up" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        if self.mode == "slow":
            await asyncio.sleep(SLOW_S)
        return "250 kept"

    def close(self) -> None:
        self._web.shutdown()
        self._web.server_close()
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _shut(self) -> None:
        """Listener and open connections, so that nothing is left for the garbage collector to complain about."""
        self._relay.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed on purpose here."""


def _handler(receivers: Receivers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # its sender was killed in the middle: nothing was told
                self.close_connection = True
                return
            receivers.keep(Got(self.path, _token(body.decode()), ""))
            if receivers.mode == "hang_up":
                self.close_connection = True
                return
            if receivers.mode == "slow":
                time.sleep(SLOW_S)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


def _token(text: str) -> str:
    found = TOKEN.search(text)
    return found[0] if found else f"no token in {text[:80]!r}"
