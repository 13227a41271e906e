# SPDX-License-Identifier: MIT
"""The one gate for outgoing connections: feeds, redirects, OPML, webhooks and the mail relay alike.

Checked twice: the address as written (before any name is looked up) and every answer of the resolver; the socket then
connects to the checked address, so that a second DNS answer cannot lead elsewhere. Own deny list, since
`ipaddress.is_global` lets NAT64, 6to4, IPv4-compatible and site-local addresses pass.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from alerts.errors import Permanent, Transient
from alerts.net.idn import ascii_host, ascii_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

WEB_PORTS = {80, 443, 8080, 8443}
MAIL_PORTS = {25, 465, 587, 2525}
MAX_URL_CHARS = 4096
_HOST = re.compile(r"^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")
_DENIED = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "168.63.129.16/32",  # an address of Azure's own, public in form, that answers inside its machines
        "224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20",
        "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


class Target(NamedTuple):
    """Where a checked address leads. `allowed`: an explicit setting opens it, whatever it resolves to."""

    scheme: str
    host: str
    port: int
    path: str
    allowed: bool


class Guard:
    """`allow`: exact host:port pairs (ONCOWIRE_FETCH_ALLOW) that are let through although they are private."""

    def __init__(self, allow: frozenset[str] = frozenset(), resolver: Resolver | None = None) -> None:
        self._allow = frozenset(pair if pair.isascii() else _ascii_pair(pair) for pair in allow)
        self._resolve = resolver or system_resolver

    def check_url(self, url: str) -> Target:
        """Syntax only, no look-up; a name in another script is looked at as IDNA has it. Raises
        Permanent(address_refused_…)."""
        if len(url) > MAX_URL_CHARS or re.search(r"[\x00-\x20\x7f\\]", url):
            raise _refused("syntax", "the address holds characters that no address may hold")
        url = ascii_url(url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("syntax", "the address cannot be read") from None
        if parts.scheme not in {"http", "https"}:
            raise _refused("scheme", f"only http and https are fetched, not {parts.scheme or 'nothing'!r}")
        if parts.username is not None or parts.password is not None:
            raise _refused("userinfo", "an address may not carry a name or password")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = self.check_host(
            parts.hostname or "", (443 if parts.scheme == "https" else 80) if port is None else port, WEB_PORTS
        )
        return target._replace(scheme=parts.scheme, path=path)

    def check_host(self, host: str, port: int, ports: set[int]) -> Target:
        """Host and port as written. Raises Permanent(address_refused_…)."""
        host = host.lower().rstrip(".")
        allowed = f"{host}:{port}" in self._allow or f"[{host}]:{port}" in self._allow
        literal = _literal(host)
        if not allowed:
            if port not in ports:
                raise _refused(
                    "port", f"port {port} is not one of {sorted(ports)}; ONCOWIRE_FETCH_ALLOW opens exact pairs"
                )
            if literal is not None:
                _check_address(literal)
            elif (
                not _HOST.match(host)
                or host.rpartition(".")[2].isdigit()
                or re.fullmatch(r"0x[0-9a-f]*", host.rpartition(".")[2])
            ):
                raise _refused("host", "the host is neither a name nor a plain IP address")
            elif "." not in host or host.endswith((".localhost", ".local", ".internal", ".home.arpa")):
                raise _refused(
                    "private", f"{host} is a name of a local network; ONCOWIRE_FETCH_ALLOW opens exact pairs"
                )
        return Target("", host, port, "", allowed)

    def addresses(self, target: Target) -> list[str]:
        """Every answer of the resolver, all of them checked. Raises Transient(dns_failed) or Permanent."""
        literal = _literal(target.host)
        if literal is not None:
            return [str(literal)]
        answers = list(self._resolve(target.host, target.port))
        if not answers:
            raise Transient("dns_failed", f"{target.host} has no address")
        if not target.allowed:
            for answer in answers:
                _check_address(ipaddress.ip_address(answer.partition("%")[0]))
        return answers

    def connect(self, target: Target, timeout_s: float) -> socket.socket:
        """A socket connected to a checked address. Raises Transient(connect_failed, timeout, dns_failed) or Permanent."""
        last: OSError | None = None
        for address in self.addresses(target)[:4]:
            try:
                made = socket.create_connection((address, target.port), timeout_s)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a post's body waits 40 ms for an ACK
                return made
            except OSError as exc:
                last = exc
        if isinstance(last, TimeoutError):
            raise Transient("connect_timeout", f"{target.host}:{target.port} did not answer in {timeout_s:g} s")
        raise Transient("connect_failed", f"{target.host}:{target.port}: {last}")

    def open_socket(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """For the mail relay: the same rules, mail ports."""
        return self.connect(self.check_host(host, port, MAIL_PORTS), timeout_s)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Addresses from the system, in its order. Raises Transient(dns_failed)."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise Transient("dns_failed", f"{host}: {exc}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _ascii_pair(pair: str) -> str:
    """Raises Permanent(address_refused_host)."""
    host, _, port = pair.rpartition(":")
    return f"{ascii_host(host)}:{port}"


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _check_address(address: Address) -> None:
    """Raises Permanent(address_refused_private) unless it is an ordinary public address, embedded IPv4 included."""
    for seen in (address, *_embedded(address)):
        if any(seen.version == net.version and seen in net for net in _DENIED) or (
            not seen.is_global and seen not in _NAT64
        ):
            raise _refused("private", f"{address} is not a public address; ONCOWIRE_FETCH_ALLOW opens exact pairs")


def _embedded(address: Address) -> list[Address]:
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    found: list[Address] = [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else []
    if address in _SIX_TO_FOUR:
        found.append(ipaddress.IPv4Address(int(address) >> 80 & 0xFFFFFFFF))
    return [*found, *([address.ipv4_mapped] if address.ipv4_mapped else [])]


def _refused(what: str, why: str) -> Permanent:
    return Permanent(f"address_refused_{what}", why)
