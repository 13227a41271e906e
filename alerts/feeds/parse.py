# SPDX-License-Identifier: MIT
"""Bytes of a feed → entries. feedparser parses and never fetches; what it leaves raw is cleaned here.

RSS 0.9x–2.0, RDF and Atom by feedparser (both HTML options off: 4× faster, so nothing may pass uncleaned); JSON Feed by
a small reader of its public specification (jsonfeed.org/version/1.1).
"""

import html
import io
import json
import re
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin

import feedparser
import nh3

from alerts.errors import Transient
from alerts.feeds.dates import clamp, from_struct, moment
from alerts.model import Value

MAX_TITLE_CHARS = 1_000
MAX_SUMMARY_CHARS = 20_000
MAX_ENTRIES = 2_000
MAX_LINK_CHARS = 4_096  # as the guard has it
# feedparser looks for a mail address in every author by a pattern of quadratic cost: 300 kB of "a.a.a." held it for
# minutes. Nobody here reads authors.
feedparser.mixin._FeedParserMixin._sync_author_detail = lambda self, key="author": None  # noqa: ARG005
_PERIODS_S = {"hourly": 3600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 31_536_000.0}
_DAYS = {d: i for i, d in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))}
# What the pages of the usual gate keepers hold, in the page's own code rather than in its words.
_CHALLENGE = re.compile(
    rb"cdn-cgi/challenge-platform|cf-chl|_Incapsula_Resource|captcha-delivery\.com|px-captcha|awsWafCookie|g-recaptcha",
    re.I,
)
# Marks of where a reader came from, which change while the article stays the same.
_TRACKING = re.compile(r"([?&])(?:(?:utm_\w+|fbclid|gclid|mc_cid|mc_eid)=[^&#]*(?:&|(?=#)|$))+")
_ROOT_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_TAGS = set(re.findall(r"\w+", "p br b i em strong ul ol li a h1 h2 h3 h4 blockquote table tr td th"))
_CLEANER = nh3.Cleaner(tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel=None)


class Entry(NamedTuple):
    """One entry of a document: text clean, links http(s) only, the date as the ladder gives it."""

    guid: str
    link: str
    title: str
    summary: str  # cleaned HTML
    published_raw: str
    published: datetime | None


class Hints(NamedTuple):
    """When the feed itself wants to be left alone. Hours and days are GMT, Monday is 0."""

    ttl_s: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


class Document(NamedTuple):
    """A feed as read: plain values only, so that it can cross from one process to another."""

    title: str
    entries: tuple[Entry, ...]
    hints: Hints = Hints()
    kind: str = ""  # rss20 · atom10 · json11 · page · …
    truncated: bool = False  # it ends before its root element does: what it lists is right, but not all of it

    def dump(self) -> dict[str, Any]:
        """As JSON values; `load` is the way back."""
        entries = [(*e[:5], e.published.isoformat() if e.published else None) for e in self.entries]
        return {
            "title": self.title,
            "entries": entries,
            "hints": self.hints,
            "kind": self.kind,
            "truncated": self.truncated,
        }

    @classmethod
    def load(cls, value: dict[str, Any]) -> "Document":
        """What `dump` made."""
        entries = tuple(
            Entry(a, b, c, d, e, datetime.fromisoformat(f) if f else None) for a, b, c, d, e, f in value["entries"]
        )
        wait, hours, days = value["hints"]
        return cls(value["title"], entries, Hints(wait, tuple(hours), tuple(days)), value["kind"], value["truncated"])


class Selectors(Value):
    """Where the news of a page without a feed stand: XPath 1.0; all but `item` are looked up inside an item."""

    item: str
    title: str = "string(.//a)"
    link: str = "string(.//a/@href)"
    summary: str = "string(.)"
    date: str = ""
    date_format: str = ""  # strptime form of the page's dates, where they are ambiguous


def parse(body: bytes, url: str, content_type: str, now: datetime) -> Document:
    """Raises Transient(feed_empty, feed_html, feed_malformed): a later poll may find the feed mended."""
    if not body.strip():
        raise Transient("feed_empty", "the answer has no content")
    if body.lstrip()[:1] == b"{":
        return _json_feed(body, url, now)
    # No content-location: feedparser would make guids into addresses, which change when a feed moves; links are joined here.
    parsed = _parsed(body, {"content-type": content_type or "application/xml"})
    if not parsed.get("version"):
        if re.search(rb"<html|<!doctype html", body[:2000], re.I):
            if challenges(body):
                raise Transient("feed_challenge", "the site shows a challenge page to programs instead of its feed")
            raise Transient("feed_html", "a page came back instead of a feed (a log-in, an error page?)")
        raise Transient("feed_malformed", f"not a feed: {parsed.get('bozo_exception') or 'no format that is known'}")
    if parsed.bozo and not parsed.entries:
        raise Transient("feed_malformed", f"cannot be parsed: {parsed.bozo_exception}")
    truncated = bool(parsed.bozo) and _cut_off(body)
    listed = parsed.entries[:-1] if truncated else parsed.entries
    # One that says nothing is an entry too, as with other parsers; it is no item (decide.changes).
    entries = tuple(_entry(e, url, now) for e in listed[:MAX_ENTRIES])
    return Document(text(parsed.feed.get("title", "")), entries, _hints(parsed.feed, body), parsed.version, truncated)


def _parsed(body: bytes, headers: dict[str, str]) -> Any:
    """What feedparser makes of it. It stumbles itself over some broken documents: `</link>` without a beginning is a KeyError."""
    try:
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError) as exc:
        raise Transient("feed_malformed", f"cannot be parsed: {type(exc).__name__}: {exc}") from exc


def challenges(body: bytes) -> bool:
    """Is this the page of a gate keeper?"""
    return bool(_CHALLENGE.search(body[:50_000]))


def _cut_off(body: bytes) -> bool:
    """No end tag of a feed's root element near the end: only asked where the parser stumbled."""
    return b"\0" not in body[:200] and not _ROOT_END.search(body[-4000:])


def _entry(raw: Any, base: str, now: datetime) -> Entry:
    bodies = [c.get("value", "") for c in raw.get("content", [])]
    summary = raw.get("summary") or (bodies[0] if bodies else "")
    # dict.get: feedparser's own hands out one date for the other, with a warning.
    date_raw = dict.get(raw, "published") or dict.get(raw, "updated") or ""
    struct = dict.get(raw, "published_parsed") or dict.get(raw, "updated_parsed")
    return Entry(
        guid=_CONTROL.sub("", str(raw.get("id", "")))[:2000],
        link=_entry_link(raw, base),
        title=text(raw.get("title", ""))[:MAX_TITLE_CHARS],
        summary=clean(summary),
        published_raw=_CONTROL.sub("", str(date_raw))[:100],
        published=clamp(moment(str(date_raw)) or from_struct(str(date_raw), struct), now),
    )


def _entry_link(raw: Any, base: str) -> str:
    """The entry's page: its link, else an alternate one of several, else an id that is an address."""
    given = raw.get("link") or next(
        (x.get("href", "") for x in raw.get("links", []) if x.get("rel") == "alternate"), ""
    )
    found = link(given, base) if given else ""
    guid = str(raw.get("id", ""))
    return found or (link(guid, base) if guid.startswith(("http://", "https://")) else "")


def _json_feed(body: bytes, url: str, now: datetime) -> Document:
    try:
        data = json.loads(body)
        if not isinstance(data, dict) or "jsonfeed.org" not in str(data.get("version")):
            raise ValueError("it has no JSON Feed version")
        items = data.get("items") or []
        entries = tuple(_json_entry(i, url, now) for i in items[:MAX_ENTRIES] if isinstance(i, dict))
    except (ValueError, TypeError, RecursionError) as exc:
        raise Transient("feed_malformed", f"not a JSON Feed: {exc}") from None
    kept = tuple(e for e in entries if e.title or e.summary or e.link or e.guid)
    return Document(
        text(str(data.get("title") or "")),
        kept,
        Hints(),
        "json" + str(data["version"]).rpartition("/")[2].replace(".", ""),
    )


def _json_entry(raw: dict[str, Any], base: str, now: datetime) -> Entry:
    date_raw = str(raw.get("date_published") or raw.get("date_modified") or "")
    return Entry(
        guid=_CONTROL.sub("", str(raw.get("id") if raw.get("id") is not None else ""))[:2000],
        link=link(str(raw.get("url") or raw.get("external_url") or ""), base),
        title=text(str(raw.get("title") or ""))[:MAX_TITLE_CHARS],
        summary=clean(
            str(raw.get("content_html") or html.escape(str(raw.get("content_text") or raw.get("summary") or "")))
        ),
        published_raw=_CONTROL.sub("", date_raw)[:100],
        published=clamp(moment(date_raw), now),
    )


def text(value: str) -> str:
    """Plain text of a title: no markup, entities read, no control or direction characters, one line."""
    return " ".join(_CONTROL.sub("", html.unescape(nh3.clean(value, tags=set()))).split())


def clean(value: str) -> str:
    """HTML that may be stored: a few tags, http(s) links, nothing active."""
    return _CONTROL.sub("", _CLEANER.clean(value[: MAX_SUMMARY_CHARS * 4])).strip()[:MAX_SUMMARY_CHARS]


def link(value: str, base: str) -> str:
    """Absolute http(s) address, or nothing."""
    try:
        made = urljoin(base, _CONTROL.sub("", value).strip())
    except ValueError:  # "http://[" and its like
        return ""
    usable = made.startswith(("http://", "https://")) and len(made) <= MAX_LINK_CHARS
    return _TRACKING.sub(_joint, made).rstrip("?&") if usable else ""


def _joint(found: re.Match[str]) -> str:
    return "?" if found[1] == "?" else ""


def _hints(feed: Any, body: bytes) -> "Hints":
    """What the feed itself asks: RSS <ttl> in minutes, RSS 1.0 syndication module, <skipHours> and <skipDays> (GMT)."""
    ttl = str(feed.get("ttl", "")).strip()
    period_s = _PERIODS_S.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    times = str(feed.get("sy_updatefrequency", "1")).strip()
    waits = [float(ttl) * 60] if ttl.isdigit() and len(ttl) < 9 else []
    if period_s:
        waits.append(period_s / max(1, int(times) if times.isdigit() and len(times) < 6 else 1))
    hours = {int(h) % 24 for h in _inside(body, b"skipHours", rb"<hour>\s*(\d{1,2})\s*</hour>") if int(h) <= 24}
    days = {_DAYS[d.lower()] for d in _inside(body, b"skipDays", rb"<day>\s*(\w+)\s*</day>") if d.lower() in _DAYS}
    # A feed that is closed all day, every day, says nothing: nobody could ever ask it again.
    return Hints(
        max(waits, default=None),
        tuple(sorted(hours)) if len(hours) < 24 else (),
        tuple(sorted(days)) if len(days) < 7 else (),
    )


def _inside(body: bytes, name: bytes, pattern: bytes) -> list[str]:
    """Values in the first element `name`; read from the bytes since feedparser keeps only the last of them."""
    start = body.find(b"<" + name + b">")
    end = body.find(b"</" + name + b">", start, start + 4000) if start >= 0 else -1
    return [v.decode("ascii", "replace") for v in re.findall(pattern, body[start:end])] if end >= 0 else []
