# SPDX-License-Identifier: MIT
"""One poll: what is asked, what is new, what is said of a feed that is no feed."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import InputError, Permanent, Transient
from alerts.feeds import FeedState, ListedFeed, PollResult, Schedule, poll, read_opml, starter, write_opml
from alerts.feeds.dates import moment
from alerts.feeds.decide import backoff_s, fresh_s, identities, next_poll_s, retry_after_s
from alerts.feeds.parse import parse
from alerts.net import Response
from tests.conftest import NOW, shared

SCHEDULE = Schedule(min_interval_s=60)


def rss(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>Wire</title>{"".join(items)}</channel></rss>'.encode()


def entry(guid: str, title: str = "News", link: str = "", date: str = "Tue, 24 Nov 2026 11:00:00 GMT") -> str:
    return f"<item><guid>{guid}</guid><title>{title}</title><link>{link}</link><pubDate>{date}</pubDate></item>"


class Origin:
    """A client that answers from a list and remembers what it was asked."""

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def get(self, url: str, headers: dict[str, str]) -> Response:
        self.asked.append(headers)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Response:
    return Response(
        status, {k.replace("_", "-"): v for k, v in headers.items()}, body, "https://example.org/feed", (), len(body)
    )


def polled(origin: Any, known: dict[str, str] | None = None, **state: Any) -> PollResult:
    feed = FeedState(url="https://example.org/feed", next_poll_at=NOW, **state)
    return poll(feed, origin, lambda _: (known or {}, {}), SCHEDULE, NOW, 0.0)


def poll_again(before: PollResult, given_answer: Any, hours: float) -> PollResult:
    origin: Any = Origin(given_answer)
    then = NOW + timedelta(hours=hours)
    return poll(before.state, origin, lambda _: ({}, {}), SCHEDULE, then, 0.0, memory=before.memory)


def test_validators_go_back_byte_for_byte_and_a_304_renews_them() -> None:
    origin = Origin(answer(200, rss(entry("1")), etag='W/"odd', last_modified="yesterday"), answer(304, etag='"new"'))
    first = polled(origin)
    second = poll(first.state, origin, lambda _: ({}, {}), SCHEDULE, NOW, 0.0)  # type: ignore[arg-type]
    assert (origin.asked[1]["If-None-Match"], origin.asked[1]["If-Modified-Since"]) == ('W/"odd', "yesterday")
    assert (second.state.etag, second.state.last_modified, second.changes) == ('"new"', "yesterday", [])


def test_validators_are_dropped_when_the_next_answer_has_none() -> None:
    assert polled(Origin(answer(200, rss(entry("1")))), etag='"old"').state.etag is None


def test_the_first_import_tells_nobody_of_what_is_old() -> None:
    old = entry("1", date="Fri, 20 Nov 2026 11:00:00 GMT")
    found = polled(Origin(answer(200, rss(old, entry("2"))))).changes
    assert {c.identity: c.silent for c in found} == {"guid:1": "first_import", "guid:2": None}


def test_an_unchanged_body_is_not_parsed_and_a_redated_entry_is_no_update() -> None:
    first = polled(Origin(answer(200, rss(entry("1")))))
    again = polled(
        Origin(answer(200, rss(entry("1", date="Tue, 24 Nov 2026 11:30:00 GMT")))),
        {c.identity: c.content_hash for c in first.changes},
    )
    assert again.changes == []


def test_an_edited_entry_is_an_update() -> None:
    assert [c.kind for c in polled(Origin(answer(200, rss(entry("1", "Edited")))), {"guid:1": "x"}).changes] == [
        "updated"
    ]


@pytest.mark.parametrize(
    ("given_answer", "code", "state"),
    [
        (answer(200, b""), "feed_empty", "failing"),
        (answer(200, b"<!doctype html><html><body>Please log in</body></html>"), "feed_html", "failing"),
        (answer(200, b"\x00\x01 nonsense"), "feed_malformed", "failing"),
        (answer(200, b'{"version": 1}'), "feed_malformed", "failing"),
        (answer(403), "http_403", "blocked"),
        (answer(500), "http_500", "failing"),
        (Transient("dns_failed", "no such host"), "dns_failed", "failing"),
        (Transient("body_too_large", "too much"), "body_too_large", "failing"),
        (Permanent("redirect_loop", "a circle"), "redirect_loop", "failing"),
    ],
)
def test_a_feed_that_is_no_feed_says_why_and_keeps_its_validators(given_answer: Any, code: str, state: str) -> None:
    result = polled(Origin(given_answer), etag='"kept"')
    assert (result.state.state, result.state.last_error_code, result.attempt.error_code) == (state, code, code)
    assert result.state.etag == '"kept"'
    assert result.state.next_poll_at > NOW


def test_retry_after_is_heard_in_both_forms_and_a_429_speaks_for_the_host() -> None:
    result = polled(Origin(answer(429, retry_after="7200")))
    assert result.state.next_poll_at >= NOW + timedelta(hours=2)
    assert polled(Origin(answer(503, retry_after="7200"))).host_pause_s is None
    assert result.host_pause_s == 7200
    assert retry_after_s("Tue, 24 Nov 2026 14:00:00 GMT", NOW) == 7200
    assert retry_after_s("soon", NOW) is None


def test_a_feed_that_says_gone_twice_is_gone() -> None:
    first = polled(Origin(answer(410)))
    days = [poll_again(first, answer(410), hours).state for hours in (2, 25)]
    assert [first.state.state, *(d.state for d in days)] == ["failing", "failing", "gone"]
    assert first.state.next_poll_at >= NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"cache-control": "max-age=7200"}, 7200),
        ({"cache-control": 'public, Max-Age="7200"'}, 7200),
        ({"cache-control": "max-age=604800"}, 86400),
        ({"cache-control": "no-cache, max-age=7200"}, 900),
        ({"cache-control": "s-maxage=7200"}, 900),
        ({"expires": "Tue, 24 Nov 2026 14:00:00 GMT"}, 7200),
        ({"expires": "Tue, 24 Nov 2020 14:00:00 GMT", "date": "Tue, 24 Nov 2020 12:00:00 GMT"}, 7200),
        ({"expires": "0"}, 900),
        ({"cache-control": "max-age=60", "expires": "Tue, 24 Nov 2026 14:00:00 GMT"}, 900),
    ],
)
def test_the_feed_may_ask_for_more_time_but_not_for_a_week(headers: dict[str, str], wait_s: float) -> None:
    assert next_poll_s(900, [fresh_s(headers, NOW)], SCHEDULE, 0) == wait_s


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1e9), st.floats(0, 1))
def test_a_failing_feed_is_asked_ever_less_often_but_every_day(
    errors: int, wanted: float | None, spread: float
) -> None:
    assert 60 <= backoff_s(errors, 900, wanted, SCHEDULE, spread) <= 86400 * 1.15


def test_one_guid_on_all_entries_does_not_make_them_one() -> None:
    document = parse(
        rss(entry("x", "A", "https://e.org/a"), entry("x", "B", "https://e.org/b")), "https://e.org", "", NOW
    )
    assert identities(document.entries) == ["link:https://e.org/a", "link:https://e.org/b"]


def test_what_is_stored_is_clean() -> None:
    body = rss(
        "<item><guid>1</guid><title>A &lt;script&gt;x()&lt;/script&gt;B\u202e</title><link>javascript:alert(1)</link>"
        "<description>&lt;p onclick='x'&gt;T&lt;img src=x&gt;&lt;/p&gt;</description></item>"
    )
    made = parse(body, "https://e.org", "", NOW).entries[0]
    assert (made.title, made.link, made.summary) == ("A B", "", "<p>T</p>")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Sun, 22 Nov 2026 10:00:00 GMT", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00+02:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("some day", None),
    ],
)
def test_dates_are_read_by_the_ladder(raw: str, expected: datetime | None) -> None:
    assert moment(raw) == expected


def test_a_json_feed_is_read() -> None:
    body = (
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "J",'
        b'"items": [{"id": "1", "title": "T", "content_text": "a < b"}]}'
    )
    document = parse(body, "https://e.org", "application/feed+json", NOW)
    assert (document.title, document.entries[0].title, document.entries[0].summary) == ("J", "T", "a &lt; b")


def test_opml_goes_out_and_comes_back_and_bad_files_are_refused() -> None:
    listed = starter()
    assert len(listed) > 25
    assert any(feed.disabled_because for feed in listed)
    untitled = ListedFeed("https://example.org/feed?a=1&b=2")
    back = read_opml(write_opml([*listed, untitled]))
    assert [(f.url, f.title, f.tier) for f in back] == [(f.url, f.title, f.tier) for f in [*listed, untitled]]
    for bad in (b"", b"<opml/>", b'<!DOCTYPE x [<!ENTITY a "b">]><opml>&a;</opml>'):
        with pytest.raises(InputError, match="bad_opml"):
            read_opml(bad)


def test_documents_of_the_wild_give_entries_or_a_reason() -> None:
    found = 0
    for path in sorted(shared("feeds/documents").glob("*.*ml")) + sorted(shared("feeds/documents").glob("*.r*")):
        with contextlib.suppress(Transient):  # every other error fails the test
            found += bool(parse(path.read_bytes(), "https://e.org/", "", NOW).entries)
    assert found >= 20


def test_an_author_made_to_confuse_a_pattern_costs_nothing() -> None:
    body = rss(f"<item><title>T</title><author>{'a.' * 150_000}</author></item>")
    assert parse(body, "https://e.org/", "", NOW).entries[0].title == "T"
