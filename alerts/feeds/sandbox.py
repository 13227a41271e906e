# SPDX-License-Identifier: MIT
"""Documents are read in a process of their own that may be killed: no document can hang, crash or bloat a worker.

Parsers of feeds and pages hold surprises that no list of patterns ends (300 kB of "a.a.a." in an <author> cost
feedparser minutes, 300 kB of attributes 5 s). One child a worker process, started with the first document that needs
it, kept, bounded by RLIMIT_DATA and by the clock; one that overruns is killed and the next document gets a new one.
"""

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from datetime import datetime
from functools import lru_cache
from typing import Any

from alerts.errors import OncowireError, Permanent, Transient
from alerts.feeds.parse import Document, Selectors

TIMEOUT_S = 15.0  # the slowest real feed measured takes 1 s; a hostile one would take hours
_LENGTH = struct.Struct(">I")


class Sandbox:
    """Safe to share between threads; calls take turns. Not for use across a fork: make one in each process."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def feed(self, body: bytes, url: str, content_type: str, now: datetime) -> Document:
        """`parse.parse` elsewhere. Raises what it raises, and Transient(document_too_slow, document_too_big)."""
        return Document.load(self._call("feed", body, url=url, content_type=content_type, now=now.isoformat()))

    def page(self, body: bytes, url: str, selectors: Selectors, now: datetime) -> Document:
        """`page.parse_page` elsewhere."""
        return Document.load(self._call("page", body, url=url, selectors=selectors.model_dump(), now=now.isoformat()))

    def links(self, body: bytes, url: str) -> list[dict[str, str]]:
        """`discover.feed_links` elsewhere."""
        found: list[dict[str, str]] = self._call("links", body, url=url)
        return found

    def article(self, body: bytes, url: str) -> str:
        """`maintext.main_text` elsewhere."""
        return str(self._call("article", body, url=url))

    def _call(self, what: str, body: bytes, **options: Any) -> Any:
        with self._lock:
            child = self._alive()
            late = threading.Event()
            timer = threading.Timer(self._timeout_s, _overdue, (child, late))
            timer.start()
            try:
                reply = _exchange(child, json.dumps({"what": what, **options}).encode(), body)
            finally:
                timer.cancel()
            if reply is None:
                self._end()
                raise _lost(late.is_set(), self._timeout_s)
            if reply.get("last"):
                self._end()  # it is ending: the next document must not meet it
        if "error" in reply:
            raise _error(reply["error"])
        return reply["answer"]

    def _alive(self) -> "subprocess.Popen[bytes]":
        if self._child is not None and self._child.poll() is not None:
            self._end()  # it died while nobody asked it anything
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "alerts.feeds.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the worker; the child ends when its input does
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                assert pipe is not None
                try:
                    pipe.close()
                except OSError:  # what was still to be written to a dead child
                    continue
            self._child = None

    def close(self) -> None:
        with self._lock:
            self._end()


def _overdue(child: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    child.kill()


def _exchange(child: "subprocess.Popen[bytes]", head: bytes, body: bytes) -> dict[str, Any] | None:
    """The child's reply, None if it died over the document."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(_LENGTH.pack(len(head)) + head + _LENGTH.pack(len(body)) + body)
        child.stdin.flush()
    except OSError:
        return None
    size = child.stdout.read(_LENGTH.size)
    data = child.stdout.read(_LENGTH.unpack(size)[0]) if len(size) == _LENGTH.size else b""
    try:
        reply: dict[str, Any] = json.loads(data)
    except ValueError:
        return None
    return reply


def _lost(late: bool, timeout_s: float) -> Transient:
    if late:
        return Transient("document_too_slow", f"reading the document took more than {timeout_s:g} s")
    return Transient("document_too_big", "reading the document took more memory than a document may cost")


def _error(error: dict[str, Any]) -> OncowireError:
    family = Permanent if error["family"] == "permanent" else Transient
    return family(error["code"], error["message"])


@lru_cache(maxsize=1)
def shared(pid: int) -> Sandbox:  # noqa: ARG001 - the cache's key: a fork must not inherit another process's child
    """The sandbox of process `pid`."""
    made = Sandbox()
    atexit.register(made.close)
    return made


def sandbox() -> Sandbox:
    """The one sandbox of this process."""
    return shared(os.getpid())
