# SPDX-License-Identifier: MIT
"""Guarded HTTP: our own redirect loop, inflate and deadline over kept connections.

Limits and why (measured on these libraries): 5 MiB on the wire and 10 MiB inflated, since a 658-byte nested gzip became
315 MB elsewhere; one coding; the whole fetch 30 s by the monotonic clock, since socket time-outs never end a drip body.
"""

import time
import zlib
from collections.abc import Mapping
from ssl import SSLError
from typing import NamedTuple
from urllib.parse import quote, urljoin

from alerts.errors import Permanent, Transient
from alerts.net.connections import Connections, HTTPException, HTTPResponse, Timeouts, Watch
from alerts.net.guard import Guard
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
        self._watch = Watch()
        self._connections = Connections(guard)

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
        return self._one("POST", ascii_url(url), headers, body, time.monotonic() + self._limits.total_s)

    def _one(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float) -> Response:
        target = self._guard.check_url(url)
        sent = {"User-Agent": self._user_agent, "Accept-Encoding": "gzip" if method == "GET" else "identity", **headers}
        connection = self._connections.take(target)
        connection.timeouts = self._timeouts(deadline)
        self._watch.begin(connection)
        try:
            raw = connection.answer(method, quote(target.path, safe=SAFE), body, sent)
            data, wire = self._body(raw, deadline)
        except (HTTPException, OSError) as exc:
            connection.close()
            self._in_time(deadline)
            raise _transient(exc, url) from None
        except BaseException:
            connection.close()  # a connection with an unread answer must never serve another request
            raise
        finally:
            self._watch.end(connection)
        self._connections.give(connection)
        return Response(raw.status, _named(raw), data, url, (), wire)

    def _timeouts(self, deadline: float) -> Timeouts:
        left_s = max(deadline - time.monotonic(), 0.001)
        return Timeouts(min(self._limits.connect_s, left_s), min(self._limits.read_s, left_s), deadline)

    def _body(self, raw: HTTPResponse, deadline: float) -> tuple[bytes, int]:
        coding = (raw.headers.get("content-encoding") or "").strip().lower()
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
        self._in_time(deadline)  # so do the lines after a chunked body
        if raw.length:
            raise HTTPException("the body ends before its length")
        raw.close()  # of the answer, not of the connection
        if inflate is not None and wire and not inflate.complete:
            raise Transient("body_truncated", "the compressed body ends early")
        return bytes(out), wire

    def _in_time(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Transient("timeout", "not complete within the time that a fetch may take") from None

    def close(self) -> None:
        self._connections.close()


def _named(raw: HTTPResponse) -> dict[str, str]:
    """Headers by name in lower case. Of several lines the last counts; Cache-Control is a list, so its lines are one
    (RFC 9110 §5.3)."""
    names = {name.lower(): value for name, value in raw.headers.items()}
    if "cache-control" in names:
        names["cache-control"] = ", ".join(raw.headers.get_all("cache-control", []))
    return names


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
    if isinstance(exc, TimeoutError):
        return Transient("timeout", f"no answer in time from {_host(url)}")
    if isinstance(exc, HTTPException | ConnectionError | SSLError):
        return Transient("connection_lost", f"{_host(url)} closed the connection early, or does not speak HTTP")
    return Transient("http_failed", f"{_host(url)}: {type(exc).__name__}: {exc}")


def _host(url: str) -> str:
    return url.split("/")[2] if url.count("/") >= 2 else url
