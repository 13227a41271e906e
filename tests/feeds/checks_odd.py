# SPDX-License-Identifier: MIT
"""The table of politeness, third part: odd but legal answers, and what must survive a restart."""

from datetime import timedelta

from tests.feeds.checks import CHECKS, DAY, HOUR, MODIFIED, check, given, sent
from tests.feeds.checks_timing import waits
from tests.feeds.origin import NOON, Answer, Bench, ok, rss, status

__all__ = ["CHECKS"]


def restart(b: Bench) -> None:
    b.close()
    b.open()


# ── validators ───────────────────────────────────────────────────────────────────────────────────

for name, odd in {
    "UTF-8": '"r\xc3\xa9v-1"',
    "empty within its quotes": '""',
    "the number 0": "0",
    "a star": "*",
}.items():

    @check("validators", f"an ETag that is {name} goes back byte for byte")
    def odd_etag(b: Bench, odd: str = odd) -> bool:
        return sent(b, ok(ETag=odd))[1] == (odd, None)


@check("validators", "an ETag without a value is none")
def no_value(b: Bench) -> bool:
    return sent(b, ok(ETag=""))[1] == (None, None)


@check("validators", "a Last-Modified is never made up from Date, pubDate or the clock")
def not_made_up(b: Bench) -> bool:
    head = "<lastBuildDate>Tue, 24 Nov 2026 10:00:00 GMT</lastBuildDate>"
    return sent(b, ok(head=head, Date=MODIFIED, ETag='"a"'))[1] == ('"a"', None)


@check("validators", "a 200 with the ETag that was sent is read all the same")
def same_etag(b: Bench) -> bool:
    sent(b, ok("one", **given()), ok("one", "two", **given()))
    return b.titles() == ["one", "two"]


@check("validators", "an identical 200 renews them")
def identical_renews(b: Bench) -> bool:
    return sent(b, ok(**given()), ok(**given('"b"')))[2] == ('"b"', MODIFIED)


@check("validators", "they are kept through a redirect to a page, a 204 and a 206")
def other_codes(b: Bench) -> bool:
    bad = [status(code, b"", ETag='"bad"') for code in (204, 206)]
    return sent(b, ok(**given()), *bad)[1:4] == [('"a"', MODIFIED)] * 3


@check("validators", "what is behind a redirect is asked with the validators that it gave")
def behind(b: Bench) -> bool:
    b.script(ok(**given()), status(304), number=1, path="/new")
    b.script(status(302, Location=b.url(1, "/new")))
    b.add()
    b.force()
    asked = [a for a in b.force() if a.path == "/new"]
    return [a.get("If-None-Match") for a in asked] == ['"a"'] and b.feed().state == "ok"


# ── redirects ────────────────────────────────────────────────────────────────────────────────────


@check("redirects", "a chain of 301 and 308 is learned at its end, and counted on over restarts")
def chain(b: Bench) -> bool:
    b.script(ok("one"), number=2, path="/end")
    b.script(status(308, Location=b.url(2, "/end")), number=1, path="/hop")
    b.script(ok("one"), status(301, Location=b.url(1, "/hop")))
    b.add()
    for _ in range(6):
        b.force(DAY / 2)
        b.tell_ops()
        restart(b)
    last = b.force()
    return b.feed().url == b.url(2, "/end") and [a.path for a in last] == ["/end"]


@check("redirects", "a 301 that ends, or leads elsewhere, is counted anew")
def anew(b: Bench) -> bool:
    b.script(ok("one"), number=1, path="/new")
    b.script(ok("one"), number=2, path="/new")
    here, there = (status(301, Location=b.url(n, "/new")) for n in (1, 2))
    b.script(ok("one"), here, here, there, there, ok("one"), here, here)
    b.add()
    for _ in range(8):
        b.force(DAY / 2)
    return b.feed().url == b.url()


@check("redirects", "a relative Location, one without a scheme and one with a fragment are followed")
def relative(b: Bench) -> bool:
    b.script(status(302, Location="b/../hop#part"), path="/feed")
    b.script(status(307, Location=b.url(1, "/end").removeprefix("http:")), path="/hop")
    b.script(ok("one"), number=1, path="/end")
    b.add()
    return [a.path for a in b.poll()] == ["/feed", "/hop", "/end"] and b.titles() == ["one"]


@check("redirects", "a redirect without a Location is an error")
def nowhere(b: Bench) -> bool:
    b.script(status(301))
    b.add()
    return len(b.poll()) == 1 and b.feed().last_error_code == "http_301"


@check("redirects", "a fragment of the feed's own address is not sent")
def fragment(b: Bench) -> bool:
    b.script(ok("one"))
    b.add(path="/feed#latest")
    return [a.path for a in b.poll()] == ["/feed"]


@check("redirects", "an address that was learned and then fails for a day is left for the first one")
def unlearned(b: Bench) -> bool:
    learn(b)
    b.script(status(404), number=1, path="/new")
    b.script(ok("one", "two"))
    for _ in range(4):
        b.force(DAY / 2)
        b.tell_ops()
    last = b.force()[0]
    return b.feed().url == b.url() and last.get("If-None-Match") is None and b.titles() == ["one", "two"]


@check("redirects", "an address that was learned and then is gone is left for the first one, which may lead elsewhere")
def moved_again(b: Bench) -> bool:
    learn(b)
    b.script(status(410), number=1, path="/new")
    b.script(ok("one"), number=2, path="/newer")
    b.script(status(301, Location=b.url(2, "/newer")))
    for _ in range(8):
        b.force(DAY)
        b.tell_ops()
    return b.feed().url == b.url(2, "/newer") and b.feed().original_url == b.url() and b.feed().enabled


@check("redirects", "a first address that still leads to the dead one does no harm")
def still_dead(b: Bench) -> bool:
    learn(b)
    b.script(status(404), number=1, path="/new")
    for _ in range(8):
        b.force(DAY)
        b.tell_ops()
    b.script(ok("one", "two"), number=1, path="/new")
    b.force(DAY)
    return b.feed().url == b.url() and b.feed().state == "ok" and b.titles() == ["one", "two"]


def learn(b: Bench) -> None:
    """The feed has moved from /feed to /new on another host, and that was learned."""
    b.script(ok("one", **given()), number=1, path="/new")
    b.script(ok("one"), status(301, Location=b.url(1, "/new")))
    b.add()
    for _ in range(5):
        b.force(DAY / 2)
        b.tell_ops()
    assert b.feed().url == b.url(1, "/new")


for script in ("raw UTF-8", "IDNA"):

    @check("redirects", f"a Location whose host is in another script is followed, given in {script}")
    def foreign(b: Bench, script: str = script) -> bool:
        host = "xn--bcher-kva.example.org"
        name = "bücher.example.org".encode().decode("latin-1") if script == "raw UTF-8" else host
        b.script(status(302, Location=f"http://{name}:{b.origin.port}/b\xc3\xbccher"))
        b.origin.scripts[f"{host}/b%C3%BCcher"] = [ok("one")]
        b.add()
        return [a.host for a in b.poll()][1:] == [host] and b.titles() == ["one"]


for trick in ("①②⑦.0.0.1", "127。0。0。1", "127.0.0.1\u200b", "ⓔxample.org"):

    @check("redirects", f"a Location whose host is {trick!r} is refused")
    def tricked(b: Bench, trick: str = trick) -> bool:
        b.script(status(302, Location=f"http://{trick}/".encode().decode("latin-1")))
        b.add()
        return len(b.poll()) == 1 and str(b.feed().last_error_code).startswith("address_refused")


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


@check("bodies", "two codings on top of each other are refused")
def nested(b: Bench) -> bool:
    b.script(Answer(200, (("Content-Encoding", "gzip, gzip"),), b"\x1f\x8b"))
    b.add()
    b.poll()
    return b.feed().last_error_code == "body_coding"


for encoding in ("utf-16", "utf-8-sig", "iso-8859-1", "windows-1251"):

    @check("bodies", f"a feed in {encoding} is read")
    def encoded(b: Bench, encoding: str = encoding) -> bool:
        title = "жизнь" if encoding == "windows-1251" else "caf\xe9"
        declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>' + rss(title).decode()
        b.script(Answer(200, (("Content-Type", "application/xml"),), declared.encode(encoding)))
        b.add()
        b.poll()
        return b.titles() == [title]


# ── when ─────────────────────────────────────────────────────────────────────────────────────────


@check("when", "Cache-Control in two lines is one header")
def two_lines(b: Bench) -> bool:
    headers = (("Cache-Control", "max-age=7200"), ("Cache-Control", "public"))
    return waits(b, Answer(200, headers, rss("one")), 7200)


@check("when", "no-cache for one named header leaves max-age as it is")
def qualified(b: Bench) -> bool:
    return waits(b, ok(Cache_Control='no-cache="Set-Cookie", max-age=7200'), 7200)


@check("when", "s-maxage is for shared caches, and no max-age")
def shared_cache(b: Bench) -> bool:
    return waits(b, ok(Cache_Control="s-maxage=7200"), 900)


@check("when", "max-age of a 304 replaces that of the 200")
def replaced(b: Bench) -> bool:
    b.script(ok(ETag='"a"', Cache_Control="max-age=7200"), status(304, Cache_Control="max-age=3600"))
    b.add()
    b.poll()
    b.force()
    return 3600 <= b.wait_s() <= 3600 * 1.15


@check("when", "<ttl> and skipHours stay through a 304 and an identical 200, and a restart")
def wishes(b: Bench) -> bool:
    head = "<ttl>180</ttl><skipHours><hour>18</hour><hour>19</hour></skipHours>"
    b.script(ok(head=head, ETag='"a"'), status(304), ok(head=head, ETag='"a"'))
    b.add()
    b.poll()
    due = []
    for _ in range(2):
        restart(b)
        b.force(2 * HOUR)
        due.append(b.feed().next_poll_at)
    # At 14:00 three hours later is 17:00 or a little after; at 16:00 it falls into hours that are closed until 20:00.
    return NOON + timedelta(hours=5) <= due[0] <= NOON + timedelta(hours=5.5) and due[1] == NOON + timedelta(hours=8)


for form in ("Tue, 24 Nov 2026 14:00:00 GMT", "Tuesday, 24-Nov-26 14:00:00 GMT", "Tue Nov 24 14:00:00 2026"):

    @check("when", f"Retry-After as {form!r} is obeyed")
    def forms(b: Bench, form: str = form) -> bool:
        return waits(b, status(503, Retry_After=form), 7200)


@check("when", "a Retry-After in the past, of 0, negative or 99999999999999 neither hurries nor silences us")
def extremes(b: Bench) -> bool:
    given_s = ("Tue, 24 Nov 2020 14:00:00 GMT", "0", "-60", "99999999999999", "Tue, 24 Nov 9999 14:00:00 GMT")
    for number, value in enumerate(given_s):
        b.script(status(503, Retry_After=value), number=number)
        b.add(number)
    b.poll()
    found = [b.wait_s(n + 1) for n in range(5)]
    return all(1800 <= s <= DAY * 1.15 for s in found) and all(s <= 1800 * 1.15 for s in found[:3])


@check("when", "a Retry-After on a good answer is waited for")
def on_good(b: Bench) -> bool:
    return waits(b, ok(Retry_After="7200"), 7200)


@check("when", "a server that hangs up is asked ever less often too")
def dead(b: Bench) -> bool:
    b.script(Answer(act=lambda out: None))
    b.add()
    seen = []
    for _ in range(4):
        b.force(HOUR)
        seen.append(b.wait_s())
    return all(w <= s <= w * 1.15 for w, s in zip([1800, 3600, 7200, 14_400], seen, strict=True))


# ── restart ──────────────────────────────────────────────────────────────────────────────────────


@check("restart", "back-off, Retry-After and the count of errors go on")
def errors_go_on(b: Bench) -> bool:
    b.script(*[status(500)] * 2, status(503, Retry_After="20000"))
    b.add()
    for _ in range(3):
        b.force(HOUR)
        restart(b)
    early = b.poll(19_990)
    return b.feed().error_count == 3 and early == [] and len(b.poll(4000)) == 1


@check("restart", "a 429 goes on speaking for the host")
def pause_goes_on(b: Bench) -> bool:
    b.script(status(429, Retry_After="3600"), path="/a")
    b.script(ok(), path="/b")
    b.add(path="/a")
    b.add(path="/b", at=NOON + timedelta(seconds=10))
    b.poll()
    restart(b)
    early = b.poll(3500)
    return early == [] and len(b.poll(5000)) >= 1


@check("restart", "the first 410 is remembered, and a feed that is gone stays so")
def gone_goes_on(b: Bench) -> bool:
    b.script(status(410))
    b.add()
    b.poll()
    restart(b)
    b.poll(DAY * 1.2)
    restart(b)
    return b.feed().state == "gone" and b.poll(9 * DAY) == []


@check("restart", "a 304 does so after a restart, and nothing is told twice")
def not_twice(b: Bench) -> bool:
    b.script(ok("one", "two", **given()), status(304), ok("one", "two", "three"))
    b.add()
    for _ in range(3):
        b.force()
        restart(b)
    return b.titles() == ["one", "two", "three"]


@check("hosts", "a 429 without Retry-After pauses the host too")
def bare_429(b: Bench) -> bool:
    b.script(status(429), path="/a")
    b.script(ok(), path="/b")
    b.add(path="/a")
    b.add(path="/b", at=NOON + timedelta(seconds=10))
    b.poll()
    return b.poll(600) == [] and len(b.poll(HOUR)) >= 1


@check("hosts", "feeds that were due together drift apart")
def drift(b: Bench) -> bool:
    for n in range(40):
        b.script(ok(), number=n)
        b.add(n)
    b.poll()
    at = sorted(b.wait_s(n + 1) for n in range(40))
    return at[0] >= 900 and at[-1] <= 900 * 1.15 + 1 and at[-1] - at[0] > 60


@check("manners", "a 401 and a 451 are told as blocked, a 418 as failing")
def codes(b: Bench) -> bool:
    for number, code in enumerate((401, 451, 418)):
        b.script(status(code, b"", WWW_Authenticate="Basic"), number=number)
        b.add(number)
    b.poll()
    return [b.feed(n).state for n in (1, 2, 3)] == ["blocked", "blocked", "failing"] and len(b.log) == 3
