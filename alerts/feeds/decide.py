# SPDX-License-Identifier: MIT
"""Decisions of a poll, pure: which entries are new, when to look again, what state the feed is in."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

from alerts.feeds.parse import Document, Entry

INTERVAL_S = 15 * 60.0  # in minutes of the schedule, see `minute_s`
MAX_IDENTITY_BYTES = 1_000  # an index entry of PostgreSQL holds 2,700
MIN_ADAPTED_S, MAX_ADAPTED_S = 10 * 60.0, 6 * 3600.0
ADAPTED_SHARE = 10  # polls for each new item, as is usual for the feed
MIN_GAPS = 5  # fewer arrivals say nothing about what is usual
MAX_HINT_S = 24 * 3600.0  # a week-long max-age may not silence a regulator
MAX_BACKOFF_S = 24 * 3600.0
SPREAD = 0.15
TOO_OLD = timedelta(hours=24)
DUG_UP = timedelta(days=7)
FLOOD_FACTOR, FLOOD_FLOOR = 10, 50
REGULAR = {"regulator", "hta"}  # they publish seldom and at any hour, and are what people wait for


class Change(NamedTuple):
    """An entry that the store does not have like this. `silent`: why nobody is told of it, else None."""

    identity: str
    entry: Entry
    content_hash: str
    kind: str  # new · updated
    silent: str | None


class Schedule(NamedTuple):
    """Settings that time decisions need. `minute_s`: length of a minute of the poll schedule in seconds."""

    min_interval_s: float
    minute_s: float = 60.0

    def scaled(self, seconds: float) -> float:
        return seconds * self.minute_s / 60


def identities(entries: Sequence[Entry], mode: str = "auto") -> list[str]:
    """What makes an entry the same in its feed: guid if unique in this document, else link if unique, else its text.

    `mode` (an option of the feed): guid, link or text trusts that one wherever the entry has it.
    """
    guids, links = Counter(e.guid for e in entries), Counter(e.link for e in entries)
    made = []
    for entry in entries:
        if entry.guid and (mode == "guid" or (mode == "auto" and guids[entry.guid] == 1)):
            made.append(_short("guid:" + entry.guid))
        elif entry.link and (mode == "link" or (mode != "text" and links[entry.link] == 1)):
            made.append(_short("link:" + entry.link))
        else:
            made.append("text:" + _sha(entry.title, entry.published_raw, entry.summary))
    return made


def _short(identity: str) -> str:
    return identity if len(identity.encode()) <= MAX_IDENTITY_BYTES else "sha256:" + _sha(identity)


def content_hash(entry: Entry) -> str:
    """Of what readers see, so that a re-dated entry is not an update.

    Google News spells the outlet at the end of the title one way and the other ("Nature", "nature.com"), and repeats
    the title as the summary: there only the headline counts.
    """
    if entry.link.startswith("https://news.google.com/"):
        return _sha(_words(entry.title.rpartition(" - ")[0] or entry.title))
    return _sha(_words(f"{entry.title} {entry.summary}"))


def _words(value: str) -> str:
    return " ".join(re.sub(r"\W+", " ", re.sub(r"<[^>]*>", " ", value)).lower().split())


def _sha(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def changes(
    document: Document,
    known: Mapping[str, str],
    by_link: Mapping[str, str],
    *,
    first_import: bool,
    now: datetime,
    mode: str = "auto",
    newest_at: datetime | None = None,
    usual_count: float = 0.0,
) -> list[Change]:
    """New and changed entries, oldest first. `known`: identity → content hash; `by_link`: link → identity of stored items.

    A new guid under a known link is an update of that item. The first import is silent for what is older than 24 h.
    Far more new items than the `usual_count` of an arrival are a flood: held until a person has looked.
    """
    made: dict[str, Change] = {}
    given = identities(document.entries, mode)
    for identity, entry in zip(_settled(document.entries, given, known, by_link), document.entries, strict=True):
        if not (entry.guid or entry.link or entry.title or entry.summary):
            continue
        digest = content_hash(entry)
        if known.get(identity) != digest and identity not in made:
            kind = "updated" if identity in known else "new"
            made[identity] = Change(identity, entry, digest, kind, _silent(entry, first_import, newest_at, now))
    found = sorted(made.values(), key=lambda c: c.entry.published or now)
    count = sum(c.kind == "new" for c in found)
    if first_import or count <= max(FLOOD_FLOOR, FLOOD_FACTOR * usual_count):
        return found
    return [c._replace(silent=c.silent or "flood") for c in found]


def _settled(
    entries: Sequence[Entry], given: Sequence[str], known: Mapping[str, str], by_link: Mapping[str, str]
) -> list[str]:
    """Identities with a changed guid led back by its link: only where the link is an article's own (one entry here has
    it, it is no front page) and the item it leads to is not listed here itself."""
    links, listed = Counter(e.link for e in entries), set(given)
    made = []
    for identity, entry in zip(given, entries, strict=True):
        old = by_link.get(entry.link) if entry.link and links[entry.link] == 1 and not _front_page(entry.link) else None
        made.append(old if identity not in known and old is not None and old not in listed else identity)
    return made


def _front_page(link: str) -> bool:
    parts = urlsplit(link)
    return parts.path in {"", "/"} and not parts.query


def _silent(entry: Entry, first_import: bool, newest_at: datetime | None, now: datetime) -> str | None:
    """Why nobody is told. `too_old`: a week old and behind what the feed has already given, so dug up, not news."""
    at = entry.published
    if first_import and (at is None or at < now - TOO_OLD):
        return "first_import"
    if at is not None and at < now - DUG_UP and newest_at is not None and at < newest_at - TOO_OLD:
        return "too_old"
    return None


def usual_wait_s(interval_s: float | None, gaps_s: Sequence[float], tier: str, schedule: Schedule) -> float:
    """Seconds between polls where nothing else is asked for: as a person set it, else the global interval, else, once
    the feed is known, a tenth of its median gap between 10 min and 6 h. A regulator is never asked less than usual."""
    if interval_s is not None:
        return schedule.scaled(interval_s)
    if len(gaps_s) < MIN_GAPS:
        return schedule.scaled(INTERVAL_S)
    slowest = INTERVAL_S if tier in REGULAR else MAX_ADAPTED_S
    return min(max(median(gaps_s) / ADAPTED_SHARE, schedule.scaled(MIN_ADAPTED_S)), schedule.scaled(slowest))


def next_poll_s(usual_s: float, hints_s: Sequence[float | None], schedule: Schedule, spread: float) -> float:
    """Seconds until the next poll after a good answer. `spread`: uniform random number in 0…1."""
    hint = min(max((h for h in hints_s if h is not None), default=0.0), MAX_HINT_S)
    return max(usual_s, hint, schedule.min_interval_s) * (1 + SPREAD * spread)


def backoff_s(errors: int, usual_s: float, retry_after_s: float | None, schedule: Schedule, spread: float) -> float:
    """Seconds until the next try after the `errors`-th error in a row: the usual wait, doubled by each up to a day,
    never before Retry-After."""
    most = max(usual_s, schedule.scaled(MAX_BACKOFF_S))
    wanted = min(usual_s * 2.0 ** min(errors, 16), most)
    return max(wanted, min(retry_after_s or 0.0, MAX_HINT_S), schedule.min_interval_s) * (1 + SPREAD * spread)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Retry-After in both forms, seconds or a date (RFC 9110 §10.2.3)."""
    if not value:
        return None
    if re.fullmatch(r"\d{1,12}", value.strip(), re.ASCII):
        return float(value)
    then = _http_date(value)
    return max(0.0, (then - now).total_seconds()) if then else None


def _http_date(value: str) -> datetime | None:
    try:
        then = parsedate_to_datetime(value)
        return then.replace(tzinfo=UTC) if then.tzinfo is None else then.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def fresh_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds for which the answer calls itself fresh: max-age, else Expires, which is measured from the server's own
    Date; 0 with no-cache (one that names a header is about that alone); None if it says nothing (RFC 9111 §4.2.1,
    §5.2.2, §5.3)."""
    control = headers.get("cache-control", "").lower()
    if re.search(r"(?:^|[\s,])no-(?:cache|store)(?:$|[\s,])", control):
        return 0.0
    found = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})", control)
    if found:
        return float(found[1])
    if "expires" not in headers:
        return None
    until, sent = _http_date(headers["expires"]), _http_date(headers.get("date", ""))
    return max(0.0, (until - (sent or now)).total_seconds()) if until else 0.0


def allowed_at(at: datetime, skip_hours: Sequence[int], skip_days: Sequence[int]) -> datetime:
    """`at`, or the first full hour after it that is outside of the feed's skipHours and skipDays (GMT)."""
    moved = at
    for _ in range(7 * 24):
        if moved.hour not in skip_hours and moved.weekday() not in skip_days:
            return moved
        moved = moved.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at


def first_poll_s(url: str, schedule: Schedule) -> float:
    """First polls are spread over a minute by the address, so that a restart is no stampede."""
    return schedule.scaled(int(_sha(url)[:8], 16) / 0xFFFFFFFF * 60)
