# SPDX-License-Identifier: MIT
"""The table of politeness: what is asked, what is kept, what is refused. Each check polls a real origin (origin.py)."""

import gzip
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from alerts.net.client import Limits
from tests.feeds.origin import NOON, Answer, Bench, ok, rss, status

HOUR, DAY = 3600.0, 86_400.0
MODIFIED = "Tue, 24 Nov 2026 10:00:00 GMT"


class Check(NamedTuple):
    area: str
    sentence: str
    run: Callable[[Bench], bool]


CHECKS: list[Check] = []


def check(area: str, sentence: str) -> Callable[[Callable[[Bench], bool]], Callable[[Bench], bool]]:
    def keep(run: Callable[[Bench], bool]) -> Callable[[Bench], bool]:
        CHECKS.append(Check(area, sentence, run))
        return run

    return keep


def sent(bench: Bench, *answers: Answer) -> list[tuple[str | None, str | None]]:
    """(If-None-Match, If-Modified-Since) of each poll, the feed polled once for each answer and once more."""
    bench.script(*answers, answers[-1])
    bench.add()
    for _ in range(len(answers) + 1):
        bench.force()
    return [(a.get("If-None-Match"), a.get("If-Modified-Since")) for a in bench.log]


def given(etag: str = '"a"', modified: str = MODIFIED) -> dict[str, str]:
    return {"ETag": etag, "Last_Modified": modified}


# ── validators ───────────────────────────────────────────────────────────────────────────────────


@check("validators", "the first request carries none")
def first_is_plain(b: Bench) -> bool:
    return sent(b, ok(**given()))[0] == (None, None)


@check("validators", "ETag and Last-Modified go back together")
def both_go_back(b: Bench) -> bool:
    return sent(b, ok(**given()))[1] == ('"a"', MODIFIED)


for name, odd in {
    "weak": 'W/"5f-abc"',
    "unquoted": "5f-abc--gzip",
    "odd (quotes, spaces, commas, slashes)": 'w/"a,\t b"c\\" ;==',
    "Latin-1": '"caf\xe9\xff"',
    "very long": '"' + "x" * 3000 + '"',
}.items():

    @check("validators", f"an ETag that is {name} goes back byte for byte")
    def odd_etag(b: Bench, odd: str = odd) -> bool:
        return sent(b, ok(ETag=odd))[1] == (odd, None)


@check("validators", "a Last-Modified that is no date goes back byte for byte")
def odd_date(b: Bench) -> bool:
    return sent(b, ok(Last_Modified="2026-11-24 10:00 (local)"))[1] == (None, "2026-11-24 10:00 (local)")


@check("validators", "an ETag that moves under one Last-Modified is followed")
def moving_etag(b: Bench) -> bool:
    asked = sent(b, ok("one", **given('"a"')), ok("one", "two", **given('"b"')), ok("three", **given('"c"')))
    return [etag for etag, _ in asked] == [None, '"a"', '"b"', '"c"'] and b.titles() == ["one", "two", "three"]


@check("validators", "a 304 renews them")
def renewed(b: Bench) -> bool:
    return sent(b, ok(**given()), status(304, b"", **given('"new"')))[2] == ('"new"', MODIFIED)


@check("validators", "a 304 without them keeps them")
def kept_by_304(b: Bench) -> bool:
    return sent(b, ok(**given()), status(304))[2] == ('"a"', MODIFIED)


@check("validators", "they are dropped when the next 200 lacks them")
def dropped(b: Bench) -> bool:
    return sent(b, ok(**given()), ok("two"))[2] == (None, None)


@check("validators", "one that the next 200 lacks is dropped, the other stays")
def one_dropped(b: Bench) -> bool:
    return sent(b, ok(**given()), ok("two", ETag='"b"'))[2] == ('"b"', None)


for what, bad in {
    "a 500": status(500, b"oops", ETag='"bad"'),
    "a lost connection": Answer(act=lambda out: None),
    "an empty 200": status(200, b"", ETag='"bad"'),
    "a 200 that is a web page": status(200, b"<!doctype html><html><body>Log in</body></html>", ETag='"bad"'),
    "a 200 that ends early": Answer(200, (("ETag", '"bad"'),), rss("one", "two"), length=9000),
    "a document that is cut off": Answer(200, (("ETag", '"bad"'),), rss("one", "two", "three")[:-45]),
    "a 404": status(404, b"", ETag='"bad"'),
}.items():

    @check("validators", f"they are kept through {what}, and none is taken from it")
    def kept(b: Bench, bad: Answer = bad) -> bool:
        asked = sent(b, ok("one", **given()), bad, ok("one", "two", "three", **given('"c"')))
        return asked[1:3] == [('"a"', MODIFIED)] * 2 and b.titles() == ["one", "two", "three"]


@check("validators", "a 304 that nobody asked for is an error, not news")
def unasked_304(b: Bench) -> bool:
    sent(b, status(304))
    return b.feed().last_error_code == "http_304"


@check("validators", "they survive a restart")
def restart(b: Bench) -> bool:
    b.script(ok(**given()), status(304))
    b.add()
    b.poll()
    b.close()
    b.open()
    (asked,) = b.force()
    return (asked.get("If-None-Match"), asked.get("If-Modified-Since")) == ('"a"', MODIFIED)


@check("validators", "an identical 200 gives nothing new")
def identical(b: Bench) -> bool:
    sent(b, ok("one"), ok("one"))
    return b.titles() == ["one"] and b.feed().state == "ok"


# ── redirects ────────────────────────────────────────────────────────────────────────────────────


def moved(b: Bench, code: int, target: Answer | None = None, days: int = 4, via: int | None = None) -> Bench:
    """The feed answers with a redirect to /new on another host from its second poll on."""
    b.script(target or ok("one"), number=1, path="/new")
    b.script(ok("one"), status(code, Location=b.url(2 if via else 1, "/hop" if via else "/new")))
    if via:
        b.script(status(via, Location=b.url(1, "/new")), number=2, path="/hop")
    b.add()
    for _ in range(2 * days):
        b.force(DAY / 2)
        b.tell_ops()
    return b


for permanent in (301, 308):

    @check("redirects", f"a {permanent} is learned after 3 good polls over a day, and items stay the same ones")
    def learned(b: Bench, permanent: int = permanent) -> bool:
        moved(b, permanent)
        old = [a for a in b.log if a.path == "/feed"]
        told = [n.key for n in b.notices()]
        return (
            b.feed().url == b.url(1, "/new")
            and b.feed().original_url == b.url()
            and len(old) == 4
            and b.titles() == ["one"]
            and told == ["feed:1:moved"]
        )


@check("redirects", "a 301 is not learned within a day")
def not_too_soon(b: Bench) -> bool:
    b.script(ok("one"), number=1, path="/new")
    b.script(status(301, Location=b.url(1, "/new")))
    b.add()
    for _ in range(6):
        b.force(HOUR)
    return b.feed().url == b.url() and b.titles() == ["one"]


for temporary in (302, 303, 307):

    @check("redirects", f"a {temporary} is followed and never stored")
    def temporary_only(b: Bench, temporary: int = temporary) -> bool:
        return moved(b, temporary, ok("one", "two")).feed().url == b.url() and b.titles() == ["one", "two"]


@check("redirects", "a 301 that leads on by a 302 is not learned")
def mixed(b: Bench) -> bool:
    return moved(b, 301, via=302).feed().url == b.url()


@check("redirects", "a 301 to a log-in page is not learned and is told as one")
def login(b: Bench) -> bool:
    moved(b, 301, status(200, b"<html><body>Log in</body></html>"))
    return b.feed().url == b.url() and b.feed().last_error_code == "feed_html"


@check("redirects", "a 301 to another feed without any known item is not learned")
def other_feed(b: Bench) -> bool:
    return moved(b, 301, ok("advert")).feed().url == b.url()


@check("redirects", "a captive portal costs neither address, validators nor items")
def portal(b: Bench) -> bool:
    page = status(200, b"<html><body>Welcome to our lounge</body></html>", ETag='"portal"')
    b.script(page, number=1, path="/portal")
    b.script(ok("one", **given()), status(302, Location=b.url(1, "/portal")), ok("one", "two", **given('"b"')))
    b.add()
    b.poll()
    b.force()
    trouble = b.feed().last_error_code
    (asked,) = b.force()
    return trouble == "feed_html" and asked.get("If-None-Match") == '"a"' and b.titles() == ["one", "two"]


@check("redirects", "a loop ends after six requests at most")
def loop(b: Bench) -> bool:
    for n in range(9):
        b.script(status(302, Location=b.url(n + 1)), number=n)
    b.script(status(301, Location=b.url(9)), number=9)
    b.add()
    return len(b.poll()) <= 6 and b.feed().last_error_code == "redirect_loop"


@check("redirects", "a page that redirects to itself until it gets its cookie is asked once")
def cookie_wall(b: Bench) -> bool:
    b.script(status(302, Location=b.url(), Set_Cookie="seen=1"))
    b.add()
    return len(b.poll()) == 1 and b.feed().last_error_code == "redirect_loop"


for where in (
    "http://169.254.169.254/",
    "http://2130706433/",
    "file:///etc/passwd",
    "http://[::ffff:10.0.0.1]/",
    "http://[",
):

    @check("redirects", f"a redirect to {where} is refused")
    def inside(b: Bench, where: str = where) -> bool:
        b.script(status(301, Location=where))
        b.add()
        return len(b.poll()) == 1 and str(b.feed().last_error_code).startswith("address_refused")


@check("redirects", "a Location with raw UTF-8 and spaces is followed")
def raw_location(b: Bench) -> bool:
    b.script(status(302, Location="/caf\xc3\xa9 feed"))
    b.script(ok("one"), path="/caf%C3%A9%20feed")
    b.add()
    b.poll()
    return b.titles() == ["one"]


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


@check("bodies", "gzip is asked for and read, nothing else is asked for")
def gzipped(b: Bench) -> bool:
    b.script(Answer(200, (("Content-Encoding", "gzip"),), gzip.compress(rss("one"))))
    b.add()
    return b.poll()[0].get("Accept-Encoding") == "gzip" and b.titles() == ["one"]


@check("bodies", "gzip in several members is read to its end")
def members(b: Bench) -> bool:
    body = rss("one", "two")
    b.script(Answer(200, (("Content-Encoding", "gzip"),), gzip.compress(body[:99]) + gzip.compress(body[99:])))
    b.add()
    b.poll()
    return b.titles() == ["one", "two"]


@check("bodies", "a gzip bomb is refused at 10 MiB")
def bomb(b: Bench) -> bool:
    b.script(Answer(200, (("Content-Encoding", "gzip"),), gzip.compress(b" " * 50_000_000)))
    b.add()
    b.poll()
    return b.feed().last_error_code == "body_too_large"


@check("bodies", "a coding that was not asked for is refused")
def coding(b: Bench) -> bool:
    b.script(Answer(200, (("Content-Encoding", "br"),), b"\x0b\x02\x80"))
    b.add()
    b.poll()
    return b.feed().last_error_code == "body_coding"


def _endless(out: Any) -> None:
    out.write(b"\r\n<rss>")
    with suppress(OSError):
        for _ in range(2000):
            out.write(b" " * 65_536)


@check("bodies", "an endless body is refused at 5 MiB")
def endless(b: Bench) -> bool:
    b.script(Answer(act=_endless))
    b.add()
    b.poll()
    return b.feed().last_error_code == "body_too_large"


def _drip(lead: bytes, drop: bytes) -> Callable[[Any], None]:
    def act(out: Any) -> None:
        with suppress(OSError):
            out.write(lead)
            for _ in range(240):
                out.write(drop)
                time.sleep(0.05)

    return act


for part, lead, drop in (("body", b"\r\n<rss>", b" "), ("header", b"", b"X-A: b\r\n")):

    @check("bodies", f"a {part} that drips ends at the deadline (here 0.6 s)")
    def drip(b: Bench, lead: bytes = lead, drop: bytes = drop) -> bool:
        b.close()
        b.limits = Limits(total_s=0.6)
        b.open()
        b.script(Answer(act=_drip(lead, drop)))
        b.add()
        started = time.monotonic()
        b.poll()
        return b.feed().last_error_code == "timeout" and time.monotonic() - started < 6.0


for what, raw in {
    "a status line that is none": b"HTTP/9 yes\r\n\r\n",
    "a header line without an end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    "a thousand headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n",
    "chunks that are no chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss",
    "an ETag folded over lines": b'HTTP/1.1 200 OK\r\nETag: "a\r\n b"\r\nContent-Length: 0\r\n\r\n',
}.items():

    @check("bodies", f"{what} costs this poll and nothing else")
    def broken(b: Bench, raw: bytes = raw) -> bool:
        b.script(Answer(raw, act=lambda out: None), ok("one"))
        b.add()
        b.poll()
        first = b.feed().last_error_code
        b.force()
        return first is not None and b.titles() == ["one"] and b.feed().state == "ok"


# ── manners ──────────────────────────────────────────────────────────────────────────────────────


@check("manners", "one User-Agent with a contact, on every hop")
def agent(b: Bench) -> bool:
    moved(b, 302)
    seen = {a.get("User-Agent") for a in b.log}
    return len(seen) == 1 and "Oncowire/" in str(seen) and "+https://example.org/about" in str(seen)


@check("manners", "no cookie goes back")
def cookies(b: Bench) -> bool:
    sent(b, ok("one", Set_Cookie="id=1; Path=/"), ok("two"))
    return all(a.get("Cookie") is None for a in b.log)


@check("manners", "GET only, no Referer, no Range, no Authorization, no query of ours, also behind redirects")
def plain(b: Bench) -> bool:
    moved(b, 301)
    unwanted = ("Referer", "Range", "Authorization", "Cookie", "Proxy-Authorization")
    return all(a.method == "GET" and "?" not in a.path and not any(a.get(n) for n in unwanted) for a in b.log)


@check("manners", "feed types are what is asked for")
def accept(b: Bench) -> bool:
    return sent(b, ok()) != [] and all("application/rss+xml" in str(a.get("Accept")) for a in b.log)


@check("manners", "a challenge page is told as blocked")
def challenge(b: Bench) -> bool:
    b.script(status(403, b"<html><script src=/cdn-cgi/challenge-platform/x></script></html>", cf_mitigated="challenge"))
    b.add()
    b.poll()
    return b.feed().state == "blocked" and b.feed().last_error_code == "feed_challenge"


@check("manners", "a 403 is told as blocked")
def forbidden(b: Bench) -> bool:
    b.script(status(403))
    b.add()
    b.poll()
    return b.feed().state == "blocked"


@check("manners", "a paused feed is not asked")
def paused(b: Bench) -> bool:
    b.script(ok())
    b.add(enabled=False, state="paused")
    return b.force() == [] and b.now > NOON
