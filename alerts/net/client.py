# SPDX-License-Identifier: MIT
"""Guarded HTTP: our own redirect loop, inflate and deadline over a kept urllib3 pool.

Limits and why (measured on these libraries): 5 MiB on the wire and 10 MiB inflated, since a 658-byte nested gzip became
315 MB elsewhere; one coding; the whole fetch 30 s by the monotonic clock, since socket time-outs never end a drip body.
"""

import socket
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, ReadTimeoutError, SSLError

from alerts.errors import OncowireError, Permanent, Transient
from alerts.net.guard import Guard, Target
from alerts.net.idn import SAFE, ascii_url

MAX_HOPS = 5
REDIRECTS = {301, 302, 303, 307, 308}


class Limits(NamedTuple):
    connect_s: float = 5.0
    read_s: float = 10.0
    total_s: float = 30.0
    wire_bytes: int = 5 * 1024 * 1024
    inflated_bytes: int = 10 * 1024 * 1024


class Hop(NamedTuple):
    status: int
    url: str  # where it led


class Response(NamedTuple):
    """What came back after redirects. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    hops: tuple[Hop, ...]
    wire_bytes: int


class Client:
    """One per process, made after fork. Never sends cookies, a Referer or credentials; ignores proxy variables."""

    def __init__(self, guard: Guard, user_agent: str, limits: Limits | None = None) -> None:
        self._guard = guard
        self._user_agent = user_agent
        self._limits = limits or Limits()
        self._watch = _Watch()
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=4, ssl_context=urllib3.util.create_urllib3_context())
        self._pool.pool_classes_by_scheme = {
            "http": _pool(guard, self._watch, secure=False),
            "https": _pool(guard, self._watch, secure=True),
        }
        self._pool.connection_pool_kw["ssl_context"].load_default_certs()

    def may_fetch(self, url: str) -> bool:
        """Would the guard let this address through, as it is written?"""
        try:
            self._guard.check_url(url)
        except Permanent:
            return False
        return True

    def get(self, url: str, headers: Mapping[str, str] | None = None, within_s: float | None = None) -> Response:
        """Raises Permanent (refused address, redirect_loop, downgrade) or Transient (dns, connect, timeout, body limits).

        `within_s`: less time than the client's own limit, for who has little left.
        """
        limit_s = self._limits.total_s if within_s is None else min(within_s, self._limits.total_s)
        deadline = time.monotonic() + limit_s
        hops: list[Hop] = []
        url = ascii_url(url)
        seen = {url}
        while True:
            self._guard.check_url(url)
            response = self._one("GET", url, headers or {}, None, deadline)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or not location:
                return response._replace(hops=tuple(hops))
            target = _located(url, location)
            if len(hops) >= MAX_HOPS or target in seen:
                raise Permanent("redirect_loop", f"more than {MAX_HOPS} redirects, or a circle, at {_host(url)}")
            if url.startswith("https:") and target.startswith("http:"):
                raise Permanent("redirect_downgrade", "a redirect from https to http is not followed")
            hops.append(Hop(response.status, target))
            seen.add(target)
            url = target

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """No redirects: a webhook that moved is a webhook to be looked at. An error after sending is Transient(unknown_…)."""
        self._guard.check_url(url)
        return self._one("POST", ascii_url(url), headers, body, time.monotonic() + self._limits.total_s)

    def _one(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float) -> Response:
        sent = {"User-Agent": self._user_agent, "Accept-Encoding": "gzip" if method == "GET" else "identity", **headers}
        left_s = max(deadline - time.monotonic(), 0.001)
        limits = urllib3.Timeout(connect=min(self._limits.connect_s, left_s), read=min(self._limits.read_s, left_s))
        self._watch.current.deadline = deadline
        try:
            raw = self._pool.request(
                method,
                url,
                headers=sent,
                body=body,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=limits,
            )
            try:
                data, wire = self._body(raw, deadline)
            except BaseException:
                raw.close()  # a connection with an unread answer must never serve another request
                raise
            finally:
                raw.release_conn()
            names = {name.lower(): value for name, value in raw.headers.items()}
            if "cache-control" in names:  # a list, so its lines are one (RFC 9110 §5.3); elsewhere the last line counts
                names["cache-control"] = ", ".join(raw.headers.getlist("cache-control"))
            return Response(raw.status, names, data, url, (), wire)
        except OncowireError:
            raise
        except (HTTPError, OSError) as exc:
            self._in_time(deadline)
            raise _transient(exc, url) from None

    def _body(self, raw: Any, deadline: float) -> tuple[bytes, int]:
        coding = (raw.headers.get("content-encoding") or "identity").strip().lower()
        if coding not in {"identity", "gzip", "x-gzip", ""}:
            raise Transient("body_coding", f"content coding {coding!r} was not asked for")
        inflate = _Gzip() if "gzip" in coding else None
        out, wire = bytearray(), 0
        self._in_time(deadline)  # the watch ends dripping header lines, which then look complete
        while chunk := raw.read1(16384):
            wire += len(chunk)
            room = self._limits.inflated_bytes + 1 - len(out)
            out += inflate.decompress(chunk, room) if inflate else chunk
            if wire > self._limits.wire_bytes or len(out) > self._limits.inflated_bytes:
                raise Transient(
                    "body_too_large",
                    f"more than {self._limits.wire_bytes:,} bytes sent or {self._limits.inflated_bytes:,} inflated",
                )
            self._in_time(deadline)
        if inflate is not None and wire and not inflate.complete:
            raise Transient("body_truncated", "the compressed body ends early")
        return bytes(out), wire

    def _in_time(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Transient("timeout", "not complete within the time that a fetch may take") from None

    def close(self) -> None:
        self._pool.clear()


def _located(url: str, location: str) -> str:
    """Where a Location leads (RFC 9110 §10.2.2); raw UTF-8 and spaces in it are read as browsers read them."""
    raw = location.strip().encode("latin-1")
    try:
        try:
            given = raw.decode()
        except UnicodeDecodeError:
            given = quote(raw, safe=SAFE)
        return quote(ascii_url(urljoin(url, given)), safe=SAFE)
    except ValueError:
        raise Permanent("address_refused_syntax", f"{_host(url)} redirects to what is no address") from None


class _Gzip:
    """Inflates one coding of one or several members (RFC 1952 §2.2), never more than there is room for."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def complete(self) -> bool:
        return self._member.eof

    def decompress(self, chunk: bytes, room: int) -> bytes:
        made = bytearray()
        try:
            while chunk and len(made) < room:
                if self._member.eof:
                    if not chunk.startswith(b"\x1f"):
                        break  # padding after the last member
                    self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
                made += self._member.decompress(chunk, room - len(made))
                chunk = self._member.unused_data
        except zlib.error as exc:
            raise Transient("body_coding", f"not gzip: {exc}") from None
        return bytes(made)


def _transient(exc: Exception, url: str) -> Transient:
    cause = getattr(exc, "reason", None) or exc
    if isinstance(cause, ReadTimeoutError | TimeoutError) or isinstance(exc, ReadTimeoutError):
        return Transient("timeout", f"no answer in time from {_host(url)}")
    if isinstance(exc, NewConnectionError):
        return Transient("connect_failed", f"{_host(url)}: {exc}")
    if isinstance(exc, SSLError):
        return Transient("tls_failed", f"{_host(url)}: {exc}")
    if isinstance(exc, ProtocolError):
        return Transient("connection_lost", f"{_host(url)} closed the connection early")
    return Transient("http_failed", f"{_host(url)}: {type(exc).__name__}: {exc}")


def _host(url: str) -> str:
    return url.split("/")[2] if url.count("/") >= 2 else url


class _Watch:
    """Ends an answer whose header lines drip: each socket time-out starts anew with every byte, so it never would.

    One thread a client, started with the first request and idle while nothing is awaited.
    """

    TICK_S = 0.25

    def __init__(self) -> None:
        self.current = threading.local()  # .deadline: monotonic, of the request this thread is making
        self._awaited: dict[int, tuple[float, Any]] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def getresponse(self, connection: Any, plain: Callable[[Any], Any]) -> Any:
        """The answer's status and headers, with the socket shut down when the deadline has passed."""
        self._start()
        self._awaited[id(connection)] = (self.current.deadline, connection)
        self._wake.set()
        try:
            return plain(connection)
        finally:
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
            for deadline, connection in list(self._awaited.values()):
                if time.monotonic() > deadline and connection.sock is not None:
                    with suppress(OSError):
                        connection.sock.shutdown(socket.SHUT_RDWR)
            if not self._awaited:
                self._wake.clear()


def _pool(guard: Guard, watch: _Watch, *, secure: bool) -> Any:
    """Connection pool class whose sockets are opened by the guard: to the checked address and no other."""

    def new_connection(self: Any) -> Any:
        target: Target = guard.check_url(
            f"{'https' if secure else 'http'}://{self.host if ':' not in self.host else f'[{self.host}]'}:{self.port}/"
        )
        return guard.connect(target, float(self.timeout or 5.0))

    base: Any = HTTPSConnection if secure else HTTPConnection

    def getresponse(self: Any) -> Any:
        return watch.getresponse(self, base.getresponse)

    pool: Any = urllib3.HTTPSConnectionPool if secure else urllib3.HTTPConnectionPool
    connection = type("Guarded" + base.__name__, (base,), {"_new_conn": new_connection, "getresponse": getresponse})
    return type("Guarded" + pool.__name__, (pool,), {"ConnectionCls": connection})
