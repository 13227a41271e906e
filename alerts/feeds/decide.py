# SPDX-License-Identifier: MIT
"""Decisions of a poll, pure: which entries are new, when to look again, what state the feed is in."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from alerts.feeds.parse import Document, Entry

INTERVAL_S = 15 * 60.0  # in minutes of the schedule, see `minute_s`
MAX_HINT_S = 24 * 3600.0  # a week-long max-age may not silence a regulator
MAX_BACKOFF_S = 24 * 3600.0
SPREAD = 0.15
TOO_OLD = timedelta(hours=24)
FLOOD_FACTOR, FLOOD_FLOOR = 10, 100


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


def identities(entries: Sequence[Entry]) -> list[str]:
    """What makes an entry the same in its feed: guid if unique in this document, else link if unique, else its text."""
    guids, links = Counter(e.guid for e in entries), Counter(e.link for e in entries)
    made = []
    for entry in entries:
        if entry.guid and guids[entry.guid] == 1:
            made.append("guid:" + entry.guid)
        elif entry.link and links[entry.link] == 1:
            made.append("link:" + entry.link)
        else:
            made.append("text:" + _sha(entry.title, entry.published_raw, entry.summary))
    return made


def content_hash(entry: Entry) -> str:
    """Of what readers see, so that a re-dated entry is not an update."""
    words = re.sub(r"\W+", " ", re.sub(r"<[^>]*>", " ", f"{entry.title} {entry.summary}")).lower()
    return _sha(" ".join(words.split()))


def _sha(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def changes(
    document: Document, known: Mapping[str, str], by_link: Mapping[str, str], *, first_import: bool, now: datetime
) -> list[Change]:
    """New and changed entries, oldest first. `known`: identity → content hash; `by_link`: link → identity of stored items.

    A new guid under a known link is an update of that item. The first import is silent for what is older than 24 h.
    """
    made: dict[str, Change] = {}
    for identity, entry in zip(identities(document.entries), document.entries, strict=True):
        identity = identity if identity in known else by_link.get(entry.link, identity) if entry.link else identity
        digest = content_hash(entry)
        if known.get(identity) != digest and identity not in made:
            kind = "updated" if identity in known else "new"
            made[identity] = Change(identity, entry, digest, kind, _silent(entry, first_import, now))
    found = sorted(made.values(), key=lambda c: c.entry.published or now)
    flood = not first_import and sum(c.kind == "new" for c in found) > max(
        FLOOD_FLOOR, FLOOD_FACTOR * max(1, len(known) // 10)
    )
    return [c._replace(silent="flood") for c in found] if flood else found


def _silent(entry: Entry, first_import: bool, now: datetime) -> str | None:
    old = entry.published is None or entry.published < now - TOO_OLD
    return "first_import" if first_import and old else None


def next_poll_s(
    headers: Mapping[str, str],
    ttl_s: float | None,
    interval_s: float | None,
    schedule: Schedule,
    spread: float,
    now: datetime,
) -> float:
    """Seconds until the next poll after a good answer. `spread`: uniform random number in 0…1."""
    hints = [h for h in (_max_age_s(headers, now), ttl_s) if h]
    wanted = max(
        schedule.scaled(interval_s or INTERVAL_S), min(max(hints, default=0.0), MAX_HINT_S), schedule.min_interval_s
    )
    return wanted * (1 + SPREAD * spread)


def backoff_s(errors: int, retry_after_s: float | None, schedule: Schedule, spread: float) -> float:
    """Seconds until the next try after the `errors`-th error in a row: doubles up to a day, never before Retry-After."""
    wanted = min(schedule.scaled(INTERVAL_S) * 2.0 ** min(errors - 1, 12), schedule.scaled(MAX_BACKOFF_S))
    return max(wanted, min(retry_after_s or 0.0, MAX_HINT_S), schedule.min_interval_s) * (1 + SPREAD * spread)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Retry-After in both forms, seconds or a date (RFC 9110 §10.2.3)."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (then.astimezone(UTC) - now).total_seconds())


def _max_age_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """max-age, else Expires; none of them with no-cache (RFC 9111 §5.2.2, §5.3)."""
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return None
    found = re.search(r"max-age=\"?(\d+)", control)
    return float(found[1]) if found else retry_after_s(headers.get("expires"), now)


def first_poll_s(url: str, schedule: Schedule) -> float:
    """First polls are spread over a minute by the address, so that a restart is no stampede."""
    return schedule.scaled(int(_sha(url)[:8], 16) / 0xFFFFFFFF * 60)
