# SPDX-License-Identifier: MIT
"""The gate refuses what leads inside, before any socket opens."""

import pytest

from alerts.errors import Permanent, Transient
from alerts.net.guard import MAIL_PORTS, Guard

HOSTILE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://localhost/",
    "http://printer.local/",
    "http://metadata.internal/",
    "http://10.0.0.8/",
    "http://172.20.1.1/",
    "http://192.168.1.1/",
    "http://192.0.0.192/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fd00::1]/",
    "http://[3fff::1]/",
    "http://[ff02::1]/",
    "http://224.0.0.1/",
    "http://alice@example.org/",
    "http://alice:secret@example.org/",
    "http://example.org:22/",
    "http://example.org:6379/",
    "ftp://example.org/feed",
    "file:///etc/passwd",
    "gopher://example.org/",
    "http://example.org\\@127.0.0.1/",
    "http://example.org/\r\nHost: inside",
    "http://exam\u200bple.org/",
    "http://127.0.0.1\u200b/",
    "http://exämple.org\u3002127.0.0.1/",
    "http://８.8.8.8/",
    "http://ⓛocalhost/",
    "http://bücher/",
    "http://bücher.local/",
    "http://alice@bücher.example.org/",
    "http://bücher.example.org:22/",
    "http://b%C3%BCcher.example.org/",
    "http://-ü.example.org/",
    "http://example.org:99999/",
    "http:///feed",
    "example.org/feed",
    "",
]


def never(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host}:{port} was looked up although its address is refused as written")


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_as_written(url: str) -> None:
    with pytest.raises(Permanent) as refused:
        Guard(resolver=never).check_url(url)
    assert refused.value.code.startswith("address_refused_")


@pytest.mark.parametrize(
    "answer", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "64:ff9b::a00:1", "2002:a00:1::", "fe80::1%eth0"]
)
def test_a_public_name_that_resolves_inside_is_refused_even_beside_a_public_answer(answer: str) -> None:
    guard = Guard(resolver=lambda host, port: ["93.184.216.34", answer])
    with pytest.raises(Permanent, match="address_refused_private"):
        guard.addresses(guard.check_url("https://example.org/feed"))


def test_an_ordinary_address_passes() -> None:
    guard = Guard(resolver=lambda host, port: ["93.184.216.34", "2606:2800:220:1::1"])
    target = guard.check_url("https://Example.org/feed?x=1")
    assert (target.host, target.port, target.path) == ("example.org", 443, "/feed?x=1")
    assert len(guard.addresses(target)) == 2


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://Bücher.example.org/Neu?q=ä", "xn--bcher-kva.example.org", "/Neu?q=%C3%A4"),
        ("https://例え.テスト/feed", "xn--r8jz45g.xn--zckzah", "/feed"),
        ("https://example.org/caf\u00e9%20x", "example.org", "/caf%C3%A9%20x"),
        ("https://xn--bcher-kva.example.org/", "xn--bcher-kva.example.org", "/"),
    ],
)
def test_an_address_in_another_script_is_what_idna_makes_of_it(url: str, host: str, path: str) -> None:
    target = Guard(resolver=never).check_url(url)
    assert (target.host, target.path) == (host, path)


def test_a_name_in_another_script_that_resolves_inside_is_refused() -> None:
    guard = Guard(resolver=lambda host, port: ["10.0.0.1"])
    with pytest.raises(Permanent, match="address_refused_private"):
        guard.addresses(guard.check_url("https://bücher.example.org/feed"))


def test_an_allowed_pair_opens_that_port_and_no_other() -> None:
    guard = Guard(frozenset({"127.0.0.1:8081"}), resolver=never)
    assert guard.check_url("http://127.0.0.1:8081/feed").allowed
    with pytest.raises(Permanent):
        guard.check_url("http://127.0.0.1:8082/feed")


def test_an_allowed_pair_may_be_in_another_script() -> None:
    guard = Guard(frozenset({"bücher.intern:8081"}), resolver=never)
    assert guard.check_url("http://BÜCHER.intern:8081/feed").allowed
    assert guard.check_url("http://xn--bcher-kva.intern:8081/feed").allowed


def test_the_mail_relay_goes_through_the_same_gate() -> None:
    with pytest.raises(Permanent, match="address_refused_private"):
        Guard(resolver=never).open_socket("10.0.0.25", 25, 1.0)
    assert Guard(frozenset({"relay.internal:25"})).check_host("relay.internal", 25, MAIL_PORTS).allowed


def test_a_name_without_an_address_may_have_one_later() -> None:
    with pytest.raises(Transient, match="dns_failed"):
        Guard(resolver=lambda host, port: []).addresses(Guard().check_url("http://example.org/"))
