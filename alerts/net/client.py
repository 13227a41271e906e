# SPDX-License-Identifier: MIT
"""Guarded HTTP: our own redirect loop, inflate and deadline over a kept urllib3 pool.

Limits and why (measured on these libraries): 5 MiB on the wire and 10 MiB inflated, since a 658-byte nested gzip became
315 MB elsewhere; one coding; the whole fetch 30 s by the monotonic clock, since socket time-outs never end a drip body.
"""

import time
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, ReadTimeoutError, SSLError

from alerts.errors import OncowireError, Permanent, Transient
from alerts.net.guard import Guard, Target

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
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=4, ssl_context=urllib3.util.create_urllib3_context())
        self._pool.pool_classes_by_scheme = {"http": _pool(guard, False), "https": _pool(guard, True)}
        self._pool.connection_pool_kw["ssl_context"].load_default_certs()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """Raises Permanent (refused address, redirect_loop, downgrade) or Transient (dns, connect, timeout, body limits)."""
        deadline = time.monotonic() + self._limits.total_s
        hops: list[Hop] = []
        seen = {url}
        while True:
            self._guard.check_url(url)
            response = self._one("GET", url, headers or {}, None, deadline)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or not location:
                return response._replace(hops=tuple(hops))
            target = urljoin(url, location)
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
        return self._one("POST", url, headers, body, time.monotonic() + self._limits.total_s)

    def _one(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float) -> Response:
        sent = {"User-Agent": self._user_agent, "Accept-Encoding": "gzip" if method == "GET" else "identity", **headers}
        limits = urllib3.Timeout(connect=self._limits.connect_s, read=self._limits.read_s)
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
            finally:
                raw.release_conn()
            names = {name.lower(): value for name, value in raw.headers.items()}
            return Response(raw.status, names, data, url, (), wire)
        except OncowireError:
            raise
        except (HTTPError, OSError) as exc:
            raise _transient(exc, url) from None

    def _body(self, raw: Any, deadline: float) -> tuple[bytes, int]:
        coding = (raw.headers.get("content-encoding") or "identity").strip().lower()
        if coding not in {"identity", "gzip", "x-gzip", ""}:
            raw.close()
            raise Transient("body_coding", f"content coding {coding!r} was not asked for")
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in coding else None
        out, wire = bytearray(), 0
        while chunk := raw.read1(16384):
            wire += len(chunk)
            room = self._limits.inflated_bytes + 1 - len(out)
            out += _inflated(inflate, chunk, room) if inflate else chunk
            if wire > self._limits.wire_bytes or len(out) > self._limits.inflated_bytes:
                raw.close()
                raise Transient(
                    "body_too_large",
                    f"more than {self._limits.wire_bytes:,} bytes sent or {self._limits.inflated_bytes:,} inflated",
                )
            if time.monotonic() > deadline:
                raw.close()
                raise Transient("timeout", f"not complete after {self._limits.total_s:g} s")
        if inflate is not None and wire and not inflate.eof:
            raise Transient("body_truncated", "the compressed body ends early")
        return bytes(out), wire

    def close(self) -> None:
        self._pool.clear()


def _inflated(inflate: Any, chunk: bytes, room: int) -> bytes:
    try:
        data: bytes = inflate.decompress(chunk, room)
    except zlib.error as exc:
        raise Transient("body_coding", f"not gzip: {exc}") from None
    return data


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


def _pool(guard: Guard, secure: bool) -> Any:
    """Connection pool class whose sockets are opened by the guard: to the checked address and no other."""

    def new_connection(self: Any) -> Any:
        target: Target = guard.check_url(
            f"{'https' if secure else 'http'}://{self.host if ':' not in self.host else f'[{self.host}]'}:{self.port}/"
        )
        return guard.connect(target, float(self.timeout or 5.0))

    base: Any = HTTPSConnection if secure else HTTPConnection
    pool: Any = urllib3.HTTPSConnectionPool if secure else urllib3.HTTPConnectionPool
    connection = type("Guarded" + base.__name__, (base,), {"_new_conn": new_connection})
    return type("Guarded" + pool.__name__, (pool,), {"ConnectionCls": connection})
