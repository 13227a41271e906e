# SPDX-License-Identifier: MIT
"""HTTP connections over sockets that the guard opens, kept for the next request while both ends like it.

The standard library's client and nothing above it: each pool manager that was measured costs more than the request
itself, and two thirds of all polls end in an answer without a body (docs/adr/0056).
"""

import select
import socket
import ssl
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import NamedTuple

from alerts.errors import Transient
from alerts.net.guard import Guard, Target

KEPT = 64  # idle connections in all
KEPT_A_HOST = 4

Key = tuple[str, str, int]


class Timeouts(NamedTuple):
    """`deadline`: of the monotonic clock, for the whole exchange."""

    connect_s: float
    read_s: float
    deadline: float


class Connection(HTTPConnection):
    """To one checked target and no other."""

    def __init__(self, guard: Guard, target: Target, tls: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if tls else 80  # which the Host header leaves out
        self.target, self._guard, self._tls = target, guard, tls
        self.timeouts = Timeouts(5.0, 10.0, 0.0)

    def connect(self) -> None:
        """Raises what the guard raises, and Transient(tls_failed, connect_timeout)."""
        made = self._guard.connect(self.target, self.timeouts.connect_s)
        if self._tls is not None:
            made = self._secured(made, self._tls)
        made.settimeout(self.timeouts.read_s)
        self.sock = made

    def _secured(self, plain: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        try:
            return tls.wrap_socket(plain, server_hostname=self.target.host)
        except TimeoutError:
            plain.close()
            raise Transient("connect_timeout", f"{self.host}: the TLS handshake took too long") from None
        except OSError as exc:  # ssl.SSLError is one
            plain.close()
            raise Transient("tls_failed", f"{self.host}: {exc}") from None

    def answer(self, method: str, selector: str, body: bytes | None, headers: dict[str, str]) -> HTTPResponse:
        """Raises HTTPException, OSError."""
        if self.sock is not None:
            self.sock.settimeout(self.timeouts.read_s)
        self.request(method, selector, body, headers)
        return self.getresponse()

    @property
    def dropped(self) -> bool:
        """Has the other end hung up, or sent what nobody asked for?"""
        if self.sock is None:
            return True
        waiting = select.poll()
        waiting.register(self.sock, select.POLLIN)
        return bool(waiting.poll(0))


class Connections:
    """Safe to share between threads; one per process, made after fork."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        self._idle: OrderedDict[Key, list[Connection]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def take(self, target: Target) -> Connection:
        """One that is idle and still open, or a new one; whoever takes it gives it back or closes it."""
        while (kept := self._pop(_key(target))) is not None:
            if not kept.dropped:
                return kept
            kept.close()
        return Connection(self._guard, target, self._tls if target.scheme == "https" else None)

    def _pop(self, key: Key) -> Connection | None:
        with self._lock:
            idle = self._idle.get(key)
            if not idle:
                return None
            self._count -= 1
            found = idle.pop()
            if not idle:
                del self._idle[key]
            return found

    def give(self, connection: Connection) -> None:
        """Its answer was read to the end. What has been idle longest makes room."""
        if connection.sock is None:
            return
        with self._lock:
            idle = self._idle.setdefault(_key(connection.target), [])
            idle.append(connection)
            self._idle.move_to_end(_key(connection.target))
            self._count += 1
            over = idle.pop(0) if len(idle) > KEPT_A_HOST else self._oldest() if self._count > KEPT else None
            self._count -= over is not None
        if over is not None:
            over.close()

    def _oldest(self) -> Connection:
        key, idle = next(iter(self._idle.items()))
        found = idle.pop(0)
        if not idle:
            del self._idle[key]
        return found

    def close(self) -> None:
        with self._lock:
            idle = [each for several in self._idle.values() for each in several]
            self._idle.clear()
            self._count = 0
        for connection in idle:
            connection.close()


def _key(target: Target) -> Key:
    return target.scheme, target.host, target.port


class Watch:
    """Ends an exchange that drips: each socket time-out starts anew with every byte, so it never would.

    One thread a client, started with the first request and idle while nothing is awaited.
    """

    TICK_S = 0.25

    def __init__(self) -> None:
        self._awaited: dict[int, Connection] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """From now on its socket is shut down when its deadline has passed."""
        if self._thread is None:
            self._start()
        self._awaited[id(connection)] = connection
        if not self._wake.is_set():
            self._wake.set()

    def end(self, connection: Connection) -> None:
        self._awaited.pop(id(connection), None)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="http-deadlines", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(self.TICK_S)
            now = time.monotonic()
            for connection in list(self._awaited.values()):
                sock = connection.sock
                if now > connection.timeouts.deadline and sock is not None:
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
            if not self._awaited:
                self._wake.clear()


__all__ = ["Connection", "Connections", "HTTPException", "HTTPResponse", "Timeouts", "Watch"]
