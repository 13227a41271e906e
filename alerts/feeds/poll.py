# SPDX-License-Identifier: MIT
"""One poll of one feed: ask politely, read the answer, decide. The caller saves the result in one transaction."""

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.errors import OncowireError, Transient
from alerts.feeds.articles import Robots, read_articles
from alerts.feeds.decide import (
    MAX_HINT_S,
    Change,
    Schedule,
    allowed_at,
    backoff_s,
    changes,
    content_hash,
    fresh_s,
    identities,
    next_poll_s,
    retry_after_s,
    usual_wait_s,
)
from alerts.feeds.memory import (
    Memory,
    Notice,
    Options,
    arrived,
    heard,
    learn_redirect,
    moving,
    silent_since,
    standing,
    trouble,
    unlearned,
    usual_count,
)
from alerts.feeds.parse import Document, challenges
from alerts.feeds.politeness import public
from alerts.feeds.sandbox import Sandbox, sandbox
from alerts.model import Value
from alerts.net import Client, Response

ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
GONE_AFTER = 2  # answers of 410 (RFC 9110 §15.5.11), on two days
GONE_S = 24 * 3600.0
BLOCKED = {401, 403, 451}


class FeedState(Value):
    """What a poll must know of a feed, and what it leaves: the columns of the feed's row."""

    url: str
    original_url: str = ""  # before permanent redirects were learned
    title: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    first_import: bool = True
    tier: str = "unknown"
    state: str = "ok"  # ok · failing · blocked · silent · moved · gone
    state_reason: str = ""
    last_status: int | None = None
    last_error_code: str | None = None
    error_count: int = 0
    gone_count: int = 0
    last_polled_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_item_at: datetime | None = None
    next_poll_at: datetime
    interval_s: float | None = None


class Attempt(Value):
    """One line of the feed's log."""

    at: datetime
    status: int | None = None
    duration_ms: int = 0
    wire_bytes: int = 0
    new_count: int = 0
    updated_count: int = 0
    error_code: str | None = None
    error_text: str | None = None


class PollResult(NamedTuple):
    """All that a poll leaves, to be saved in one transaction."""

    state: FeedState
    attempt: Attempt
    changes: list[Change]
    host_pause_s: float | None  # a 429 speaks for the whole host
    memory: Memory = Memory()
    notices: tuple[Notice, ...] = ()  # for ops, each told once
    moved_to: str | None = None  # the address to poll from now on; `original_url` and history stay


# identities and links of a document → what the store knows: (identity → content hash, link → identity)
Known = Callable[[Document], tuple[Mapping[str, str], Mapping[str, str]]]


class _Visit(NamedTuple):
    """What stays the same during one poll."""

    feed: FeedState
    memory: Memory
    options: Options
    schedule: Schedule
    now: datetime
    spread: float


def poll(
    feed: FeedState,
    client: Client,
    known: Known,
    schedule: Schedule,
    now: datetime,
    spread: float,
    *,
    memory: Memory = Memory(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
    reader: Sandbox | None = None,
    robots: Robots | None = None,
) -> PollResult:
    """Fetch and decide. Expected faults come back as the result's error, never as an exception.

    `spread`: uniform random number in 0…1. `reader`: where documents are read, by default this process's sandbox.
    `robots`: kept between polls, so that a site's robots.txt is read once a day.
    """
    started = time.monotonic()
    visit = _Visit(feed, memory.model_copy(update={"polls": memory.polls + 1}), options, schedule, now, spread)
    try:
        response = client.get(feed.url, _conditions(feed))
        result = _answered(visit, response, known, reader or sandbox(), robots or Robots(client))
    except OncowireError as exc:
        result = _failed(visit, exc, None)
    except Exception as exc:  # noqa: BLE001 - whatever one feed does to us, it is told at that feed and costs no other
        result = _failed(visit, Transient("poll_failed", f"{type(exc).__name__}: {exc}"), None)
    duration_ms = int(1000 * (time.monotonic() - started))
    return result._replace(attempt=result.attempt.model_copy(update={"duration_ms": duration_ms}))


def unsaved(
    feed: FeedState, memory: Memory, options: Options, schedule: Schedule, now: datetime, spread: float, why: str
) -> PollResult:
    """In place of a result that the store would not take: validators stay, so the document is asked for in full again."""
    visit = _Visit(feed, memory.model_copy(update={"polls": memory.polls + 1}), options, schedule, now, spread)
    return _failed(visit, Transient("save_failed", why), None)


def _conditions(feed: FeedState) -> dict[str, str]:
    """Validators byte for byte as they came (RFC 9110 §13.1)."""
    given = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified}
    return {"Accept": ACCEPT, **{name: value for name, value in given.items() if value}}


def _answered(visit: _Visit, r: Response, known: Known, reader: Sandbox, robots: Robots) -> PollResult:
    feed = visit.feed
    if r.status == 304 and (feed.etag or feed.last_modified):
        renewed = {"etag": r.headers.get("etag") or feed.etag}
        renewed["last_modified"] = r.headers.get("last-modified") or feed.last_modified
        return _good(visit, r, renewed, [], known_item=not feed.first_import)
    if r.status != 200:
        return _failed(visit, _status_error(r, visit.now), r)
    digest = hashlib.sha256(r.body).hexdigest()
    validators = {name: r.headers.get(name.replace("_", "-")) for name in ("etag", "last_modified")}
    if digest == feed.body_sha256:
        return _good(visit, r, validators, [], known_item=True)
    try:
        document = _document(visit, r, reader)
    except OncowireError as exc:
        return _failed(visit, exc, r)
    return _read(visit, r, document, validators | {"body_sha256": digest}, known, reader, robots)


def _read(
    visit: _Visit,
    r: Response,
    document: Document,
    changed: Mapping[str, object],
    known: Known,
    reader: Sandbox,
    robots: Robots,
) -> PollResult:
    """A new document: what is new in it. One that was cut off gives what it has and is asked for in full again."""
    feed, memory = visit.feed, visit.memory
    hashes, links = known(document)
    found = changes(
        document,
        hashes,
        links,
        first_import=feed.first_import,
        now=visit.now,
        mode=visit.options.identity,
        newest_at=memory.newest_at,
        usual_count=usual_count(memory),
    )
    if visit.options.articles:
        found = read_articles(found, robots, reader.article, visit.now, time.sleep)
    visit = visit._replace(memory=heard(memory, document.hints))
    kept = {"title": feed.title or document.title} | ({} if document.truncated else dict(changed))
    return _good(visit, r, kept, found, known_item=bool(hashes or links))


def _document(visit: _Visit, r: Response, reader: Sandbox) -> Document:
    if visit.options.page is not None:
        return reader.page(r.body, r.url, visit.options.page, visit.now)
    return reader.feed(r.body, r.url, r.headers.get("content-type", ""), visit.now)


def _good(
    visit: _Visit, r: Response, changed: Mapping[str, object], found: list[Change], *, known_item: bool
) -> PollResult:
    feed, schedule, now = visit.feed, visit.schedule, visit.now
    news = [c for c in found if c.kind == "new"]
    fresh = fresh_s(r.headers, now)
    memory = visit.memory.model_copy(
        update={"gone_since": None, "fresh_s": visit.memory.fresh_s if fresh is None and r.status == 304 else fresh}
    )
    if news:
        dates = [c.entry.published for c in news if c.entry.published]
        memory = arrived(memory, feed.last_new_item_at, dates, len(news), now)
    ours = known_item or feed.first_import  # it has never been anything else
    learned = learn_redirect(memory, [(hop.status, hop.url) for hop in r.hops], ours, now, schedule)
    moved = moving(learned, now, schedule)
    told = trouble(moved.memory, *_silence(moved.memory, feed, news, now, schedule), now, schedule)
    state, why = standing(told.memory, learned.moved_to or feed.url)
    after = {
        **changed,
        "first_import": False,
        "state": state,
        "state_reason": why,
        "last_status": r.status,
        "last_error_code": None,
        "error_count": 0,
        "gone_count": 0,
        "last_polled_at": now,
        "last_ok_at": now,
        "last_new_item_at": now if news else feed.last_new_item_at,
        "next_poll_at": _next_at(visit, r, told.memory),
    }
    attempt = Attempt(
        at=now, status=r.status, wire_bytes=r.wire_bytes, new_count=len(news), updated_count=len(found) - len(news)
    )
    notices = (*_flood(found), *moved.notices, *told.notices)
    return PollResult(
        feed.model_copy(update=after), attempt, found, None, told.memory, notices, moved_to=learned.moved_to
    )


def _flood(found: list[Change]) -> list[Notice]:
    held = sum(c.silent == "flood" for c in found)
    why = f"{held} new items at once, far more than usual, are held; look at them, then `oncowire feeds release`"
    return [Notice("flood", why)] if held else []


def _silence(
    memory: Memory, feed: FeedState, news: list[Change], now: datetime, schedule: Schedule
) -> tuple[str | None, str]:
    """(trouble, why) of a feed that answers well but says nothing new."""
    since = None if news else silent_since(memory, feed.last_new_item_at, schedule)
    if since is None or since > now or feed.last_new_item_at is None:
        return None, ""
    return "silent", f"no new item since {feed.last_new_item_at:%Y-%m-%d}, 5 times its usual gap"


def _usual_s(visit: _Visit, memory: Memory) -> float:
    return usual_wait_s(visit.feed.interval_s, memory.gaps_s, visit.feed.tier, visit.schedule)


def _next_at(visit: _Visit, r: Response, memory: Memory) -> datetime:
    # A feed's own ttl is in minutes of the schedule; what the server says is in seconds of its clock.
    ttl_s = None if memory.ttl_s is None else visit.schedule.scaled(min(memory.ttl_s, MAX_HINT_S))
    hints = [memory.fresh_s, ttl_s, retry_after_s(r.headers.get("retry-after"), visit.now)]
    wait = next_poll_s(_usual_s(visit, memory), hints, visit.schedule, visit.spread)
    return allowed_at(visit.now + timedelta(seconds=wait), memory.skip_hours, memory.skip_days)


def _status_error(r: Response, now: datetime) -> Transient:
    wait = retry_after_s(r.headers.get("retry-after"), now)
    if r.headers.get("cf-mitigated") == "challenge" or (r.status in {403, 503} and challenges(r.body)):
        return Transient("feed_challenge", f"the site shows a challenge page to programs (status {r.status})", wait)
    if r.status == 304:
        return Transient("http_304", "the server says that nothing changed, but was never asked whether it did", wait)
    return Transient(f"http_{r.status}", f"the server answered {r.status}", wait)


def _failed(visit: _Visit, exc: OncowireError, r: Response | None) -> PollResult:
    """Validators stay through errors; a failing feed is asked ever less often; 410 on two days is gone."""
    feed, schedule, now = visit.feed, visit.schedule, visit.now
    status = r.status if r else None
    wanted = exc.retry_after_s if isinstance(exc, Transient) else None
    wait = backoff_s(feed.error_count + 1, _usual_s(visit, visit.memory), wanted, schedule, visit.spread)
    if status == 410:
        wait = max(wait, schedule.scaled(GONE_S))
    gone_count, gone_since = _gone(visit, status)
    kind = "blocked" if status in BLOCKED or exc.code == "feed_challenge" else "failing"
    memory = visit.memory.model_copy(update={"gone_since": gone_since})
    told = trouble(memory, kind, f"{exc.code}: {exc.message}", now, schedule)
    back_to = unlearned(feed.url, feed.original_url, gone_count >= GONE_AFTER or bool(told.notices))
    gone = gone_count >= GONE_AFTER and back_to is None
    validators = {"etag": None, "last_modified": None, "body_sha256": None}  # of the address that is left
    after = feed.model_copy(
        update={
            "state": "gone" if gone else kind,
            "state_reason": exc.message[:300],
            "last_status": status,
            "last_error_code": exc.code,
            "error_count": feed.error_count + 1,
            "gone_count": 0 if back_to else gone_count,
            **(validators if back_to else {}),
            "last_polled_at": now,
            "next_poll_at": allowed_at(now + timedelta(seconds=wait), memory.skip_hours, memory.skip_days),
        }
    )
    attempt = Attempt(
        at=now, status=status, wire_bytes=r.wire_bytes if r else 0, error_code=exc.code, error_text=exc.message[:300]
    )
    notices = (Notice("gone", "the publisher says that the feed is gone (410 on two days)"),) if gone else told.notices
    pause_s = wait if status == 429 and r is not None and public(r.url) else None
    return PollResult(after, attempt, [], pause_s, told.memory, notices, back_to)


def _gone(visit: _Visit, status: int | None) -> tuple[int, datetime | None]:
    """(answers of 410 that count, since when): two on one day are one."""
    if status != 410:
        return 0, None
    since = visit.memory.gone_since
    same_day = since is not None and (visit.now - since).total_seconds() < visit.schedule.scaled(GONE_S)
    return (visit.feed.gone_count or 1) if same_day else visit.feed.gone_count + 1, since or visit.now


__all__ = ["Attempt", "FeedState", "PollResult", "content_hash", "identities", "poll", "unsaved"]
