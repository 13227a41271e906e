# SPDX-License-Identifier: MIT
"""Bytes of a feed → entries. feedparser parses and never fetches; what it leaves raw is cleaned here.

RSS 0.9x–2.0, RDF and Atom by feedparser (both HTML options off: 4× faster, so nothing may pass uncleaned); JSON Feed by
a small reader of its public specification (jsonfeed.org/version/1.1).
"""

import html
import io
import json
import re
from calendar import timegm
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin

import feedparser
import nh3

from alerts.errors import Transient

MAX_TITLE_CHARS = 1_000
MAX_SUMMARY_CHARS = 20_000
MAX_ENTRIES = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_TAGS = {
    "p",
    "br",
    "b",
    "i",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
    "a",
    "h1",
    "h2",
    "h3",
    "h4",
    "blockquote",
    "table",
    "tr",
    "td",
    "th",
}
_CLEANER = nh3.Cleaner(tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel=None)


class Entry(NamedTuple):
    """One entry of a document: text clean, links http(s) only, the date as the ladder gives it."""

    guid: str
    link: str
    title: str
    summary: str  # cleaned HTML
    published_raw: str
    published: datetime | None


class Document(NamedTuple):
    title: str
    entries: tuple[Entry, ...]
    ttl_s: float | None  # how long the feed itself asks to be left alone


def parse(body: bytes, url: str, content_type: str, now: datetime) -> Document:
    """Raises Transient(feed_empty, feed_html, feed_malformed): a later poll may find the feed mended."""
    if not body.strip():
        raise Transient("feed_empty", "the answer has no content")
    if body.lstrip()[:1] == b"{":
        return _json_feed(body, url, now)
    # No content-location: feedparser would make guids into addresses, which change when a feed moves; links are joined here.
    headers = {"content-type": content_type or "application/xml"}
    parsed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not parsed.get("version"):
        if re.search(rb"<html|<!doctype html", body[:2000], re.I):
            raise Transient("feed_html", "a page came back instead of a feed (a log-in, a challenge, an error page?)")
        raise Transient("feed_malformed", f"not a feed: {parsed.get('bozo_exception') or 'no format that is known'}")
    if parsed.bozo and not parsed.entries:
        raise Transient("feed_malformed", f"cannot be parsed: {parsed.bozo_exception}")
    entries = tuple(_entry(e, url, now) for e in parsed.entries[:MAX_ENTRIES])
    return Document(
        text(parsed.feed.get("title", "")), tuple(e for e in entries if e.title or e.summary), _ttl_s(parsed.feed)
    )


def _entry(raw: Any, base: str, now: datetime) -> Entry:
    bodies = [c.get("value", "") for c in raw.get("content", [])]
    summary = raw.get("summary") or (bodies[0] if bodies else "")
    # dict.get: feedparser's own hands out one date for the other, with a warning.
    date_raw = dict.get(raw, "published") or dict.get(raw, "updated") or ""
    struct = dict.get(raw, "published_parsed") or dict.get(raw, "updated_parsed")
    return Entry(
        guid=_CONTROL.sub("", str(raw.get("id", "")))[:2000],
        link=link(raw.get("link", ""), base),
        title=text(raw.get("title", ""))[:MAX_TITLE_CHARS],
        summary=clean(summary),
        published_raw=str(date_raw)[:100],
        published=clamp(moment(str(date_raw), struct), now),
    )


def _json_feed(body: bytes, url: str, now: datetime) -> Document:
    try:
        data = json.loads(body)
        if not isinstance(data, dict) or "jsonfeed.org" not in str(data.get("version")):
            raise ValueError("it has no JSON Feed version")
        entries = tuple(_json_entry(i, url, now) for i in data.get("items", [])[:MAX_ENTRIES] if isinstance(i, dict))
    except (ValueError, TypeError, RecursionError) as exc:
        raise Transient("feed_malformed", f"not a JSON Feed: {exc}") from None
    return Document(text(str(data.get("title", ""))), entries, None)


def _json_entry(raw: dict[str, Any], base: str, now: datetime) -> Entry:
    date_raw = str(raw.get("date_published") or raw.get("date_modified") or "")
    return Entry(
        guid=str(raw.get("id", "")),
        link=link(str(raw.get("url") or raw.get("external_url") or ""), base),
        title=text(str(raw.get("title") or ""))[:MAX_TITLE_CHARS],
        summary=clean(
            str(raw.get("content_html") or html.escape(str(raw.get("content_text") or raw.get("summary") or "")))
        ),
        published_raw=date_raw[:100],
        published=clamp(moment(date_raw, None), now),
    )


def text(value: str) -> str:
    """Plain text of a title: no markup, entities read, no control or direction characters, one line."""
    return " ".join(_CONTROL.sub("", html.unescape(nh3.clean(value, tags=set()))).split())


def clean(value: str) -> str:
    """HTML that may be stored: a few tags, http(s) links, nothing active."""
    return _CONTROL.sub("", _CLEANER.clean(value[: MAX_SUMMARY_CHARS * 4])).strip()[:MAX_SUMMARY_CHARS]


def link(value: str, base: str) -> str:
    """Absolute http(s) address, or nothing."""
    made = urljoin(base, _CONTROL.sub("", value).strip())
    return made if made.startswith(("http://", "https://")) else ""


def moment(raw: str, struct: Any) -> datetime | None:
    """A publisher's date: RFC 5322, then ISO 8601, then feedparser's reading, then none (feedparser alone reads
    2026/11/22 as 1 November and drops hours)."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            value = read(raw.strip())
        except (ValueError, TypeError, IndexError):
            continue
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    try:
        return datetime.fromtimestamp(timegm(struct), UTC) if struct else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def clamp(value: datetime | None, now: datetime) -> datetime | None:
    """A date that cannot be is no date: more than ten years back or a day ahead."""
    if value is None or not now - timedelta(days=3653) <= value <= now + timedelta(days=1):
        return None
    return value


def _ttl_s(feed: Any) -> float | None:
    """RSS <ttl> is in minutes."""
    raw = str(feed.get("ttl", ""))
    return float(raw) * 60 if raw.isdigit() else None
