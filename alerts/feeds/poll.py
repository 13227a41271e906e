# SPDX-License-Identifier: MIT
"""One poll of one feed: ask politely, read the answer, decide. The caller saves the result in one transaction."""

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from alerts.errors import OncowireError, Transient
from alerts.feeds.decide import Change, Schedule, backoff_s, changes, content_hash, next_poll_s, retry_after_s
from alerts.feeds.parse import Document, parse
from alerts.model import Value
from alerts.net import Client, Response

ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
GONE_AFTER = 2  # answers of 410, a day apart by the back-off


class FeedState(Value):
    """What a poll must know of a feed, and what it leaves: the columns of the feed's row."""

    url: str
    title: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    first_import: bool = True
    state: str = "ok"  # ok · failing · blocked · gone
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
    state: FeedState
    attempt: Attempt
    changes: list[Change]
    host_pause_s: float | None  # a 429 speaks for the whole host


# identities and links of a document → what the store knows: (identity → content hash, link → identity)
Known = Callable[[Document], tuple[Mapping[str, str], Mapping[str, str]]]


def poll(feed: FeedState, client: Client, known: Known, schedule: Schedule, now: datetime, spread: float) -> PollResult:
    """Fetch and decide. Expected faults come back as the result's error, never as an exception."""
    started = time.monotonic()
    try:
        response = client.get(feed.url, _conditions(feed))
        result = _answered(feed, response, known, schedule, now, spread)
    except OncowireError as exc:
        result = _failed(feed, exc, None, schedule, now, spread)
    return result._replace(
        attempt=result.attempt.model_copy(update={"duration_ms": int(1000 * (time.monotonic() - started))})
    )


def _conditions(feed: FeedState) -> dict[str, str]:
    """Validators byte for byte as they came (RFC 9110 §13.1)."""
    given = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified}
    return {"Accept": ACCEPT, **{name: value for name, value in given.items() if value}}


def _answered(
    feed: FeedState, r: Response, known: Known, schedule: Schedule, now: datetime, spread: float
) -> PollResult:
    if r.status == 304:
        renewed = {
            "etag": r.headers.get("etag", feed.etag),
            "last_modified": r.headers.get("last-modified", feed.last_modified),
        }
        return _good(feed, r, renewed, [], None, schedule, now, spread)
    if r.status != 200:
        return _failed(feed, _status_error(r, now), r, schedule, now, spread)
    digest = hashlib.sha256(r.body).hexdigest()
    validators = {"etag": r.headers.get("etag"), "last_modified": r.headers.get("last-modified"), "body_sha256": digest}
    if digest == feed.body_sha256:
        return _good(feed, r, validators, [], None, schedule, now, spread)
    document = parse(r.body, r.url, r.headers.get("content-type", ""), now)
    hashes, links = known(document)
    found = changes(document, hashes, links, first_import=feed.first_import, now=now)
    return _good(
        feed, r, {**validators, "title": feed.title or document.title}, found, document.ttl_s, schedule, now, spread
    )


def _good(
    feed: FeedState,
    r: Response,
    changed: Mapping[str, object],
    found: list[Change],
    ttl_s: float | None,
    schedule: Schedule,
    now: datetime,
    spread: float,
) -> PollResult:
    wait = next_poll_s(r.headers, ttl_s, feed.interval_s, schedule, spread, now)
    news = [c for c in found if c.kind == "new"]
    after = {
        **changed,
        "first_import": False,
        "state": "ok",
        "state_reason": "",
        "last_status": r.status,
        "last_error_code": None,
        "error_count": 0,
        "gone_count": 0,
        "last_polled_at": now,
        "last_ok_at": now,
        "next_poll_at": now + timedelta(seconds=wait),
    }
    if news:
        after["last_new_item_at"] = now
    attempt = Attempt(
        at=now, status=r.status, wire_bytes=r.wire_bytes, new_count=len(news), updated_count=len(found) - len(news)
    )
    return PollResult(feed.model_copy(update=after), attempt, found, None)


def _status_error(r: Response, now: datetime) -> Transient:
    wait = retry_after_s(r.headers.get("retry-after"), now)
    return Transient(f"http_{r.status}", f"the server answered {r.status}", wait)


def _failed(
    feed: FeedState, exc: OncowireError, r: Response | None, schedule: Schedule, now: datetime, spread: float
) -> PollResult:
    """Validators stay through errors; a failing feed is asked ever less often; 410 twice is gone."""
    status = r.status if r else None
    gone = feed.gone_count + 1 if status == 410 else 0
    wanted = exc.retry_after_s if isinstance(exc, Transient) else None
    wait = backoff_s(feed.error_count + 1, wanted, schedule, spread)
    if status == 410:
        wait = max(wait, schedule.scaled(24 * 3600))
    state = "gone" if gone >= GONE_AFTER else "blocked" if status in {401, 403, 451} else "failing"
    after = feed.model_copy(
        update={
            "state": state,
            "state_reason": exc.message[:300],
            "last_status": status,
            "last_error_code": exc.code,
            "error_count": feed.error_count + 1,
            "gone_count": gone,
            "last_polled_at": now,
            "next_poll_at": now + timedelta(seconds=wait),
        }
    )
    attempt = Attempt(
        at=now, status=status, wire_bytes=r.wire_bytes if r else 0, error_code=exc.code, error_text=exc.message[:300]
    )
    return PollResult(after, attempt, [], wait if status == 429 else None)


def host_key(url: str) -> str:
    """Host and port: what shares a server."""
    return urlsplit(url).netloc.lower()


__all__ = ["Attempt", "FeedState", "PollResult", "content_hash", "host_key", "poll"]
