# SPDX-License-Identifier: MIT
"""Local stand-ins for a mailbox, Slack and Teams. Each keeps what it got, byte for byte, in a folder of the outbox.

They refuse what the real ones refuse in the simplest cases: Slack an empty message, Teams one without attachments.
"""

import asyncio
import itertools
import json
import re
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
KINDS = ("email", "slack", "teams")
SUFFIXES = {"email": ".eml", "slack": ".json", "teams": ".json"}
MAX_BODY_BYTES = 5_000_000


class Outbox:
    """A folder with one folder a receiver; files are numbered in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = {kind: itertools.count(1) for kind in KINDS}
        for kind in KINDS:
            (folder / kind).mkdir(parents=True)

    def keep(self, kind: str, whose: str, content: bytes) -> Path:
        """Written under another name first, so that nobody reads half a file."""
        name = f"{next(self._numbers[kind]):04}-{re.sub(r'[^A-Za-z0-9.@_-]', '_', whose)[:80]}{SUFFIXES[kind]}"
        path = self.folder / kind / name
        part = path.with_suffix(".part")
        part.write_bytes(content)
        return part.rename(path)

    def counts(self) -> dict[str, int]:
        return {kind: len(list((self.folder / kind).glob("*" + SUFFIXES[kind]))) for kind in KINDS}


class Mailbox:
    """An SMTP server that takes every mail."""

    def __init__(self, outbox: Outbox, address: str = LOOPBACK) -> None:
        self._outbox = outbox
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._loop.create_server(self._protocol, address, 0))
        self.host = f"{address}:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailbox", daemon=True)
        self._thread.start()

    def _protocol(self) -> SMTP:
        return SMTP(self, loop=self._loop, hostname="mailbox.example", enable_SMTPUTF8=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        self._outbox.keep("email", ",".join(envelope.rcpt_tos), content)
        return "250 OK"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _shut(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Webhooks:
    """Slack (/services/…) and Teams (/workflows/…) on one port, answering like the real ones."""

    def __init__(self, outbox: Outbox, address: str = LOOPBACK) -> None:
        self._outbox = outbox
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self.host = f"{address}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="webhooks", daemon=True).start()

    def receive(self, path: str, body: bytes) -> tuple[HTTPStatus, str]:
        """Keep the message if the real receiver would take it; status and text of the answer."""
        message = _object(body)
        parts = path.partition("?")[0].strip("/").split("/")
        if parts[0] == "services" and len(parts) == 4:
            if message is None or not (message.get("text") or message.get("blocks")):
                return HTTPStatus.BAD_REQUEST, "invalid_payload"
            self._outbox.keep("slack", parts[3], body)
            return HTTPStatus.OK, "ok"
        if parts[0] == "workflows" and len(parts) > 1:
            if message is None or not message.get("attachments"):
                return HTTPStatus.BAD_REQUEST, "TriggerInputSchemaMismatch"
            self._outbox.keep("teams", parts[1], body)
            return HTTPStatus.ACCEPTED, ""
        return HTTPStatus.NOT_FOUND, "no_service"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhooks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", "0")), MAX_BODY_BYTES)
                status, text = webhooks.receive(self.path, self.rfile.read(length))
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_args: object) -> None:
                """Quiet: the outbox tells."""

        return Handler


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
