# SPDX-License-Identifier: MIT
"""A publisher's date → UTC, by a ladder: RFC 5322, ISO 8601, written-out dates, feedparser's reading, none.

feedparser alone reads 2026/11/22 as 1 November, drops the hours of "2026-11-22 10:00:00 UTC", makes an epoch the year
1795 and ignores CET and BST; so it comes last, and not for forms that it is known to misread.
"""

import re
from calendar import timegm
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

OLDEST, NEWEST = timedelta(days=3653), timedelta(days=1)
# Zone names that European and Asian publishers use and email.utils does not know, in hours; ambiguous ones (IST) are left out.
_ZONES = {
    "WET": 0,
    "BST": 1,
    "WEST": 1,
    "CET": 1,
    "MEZ": 1,
    "CEST": 2,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "JST": 9,
    "KST": 9,
}
_ZONE = re.compile(r"\s+\(?([A-Z]{2,4})\)?$")
_WRITTEN = ("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%B %d %Y", "%B %d, %Y %H:%M", "%d %B %Y %H:%M")


def moment(raw: str) -> datetime | None:
    """UTC, or None if no rung of the ladder reads it. A date without a zone is taken as UTC."""
    raw = " ".join(raw.split())[:100]
    for read in (_rfc5322, _iso, _written):
        try:
            value = read(raw)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return value
    return None


def _rfc5322(raw: str) -> datetime:
    zone = _ZONE.search(raw)
    value = parsedate_to_datetime(raw)
    if zone and zone[1] in _ZONES:
        value = value.replace(tzinfo=timezone(timedelta(hours=_ZONES[zone[1]])))
    return _utc(value)


def _iso(raw: str) -> datetime:
    raw = re.sub(r"\s*(?:UTC|GMT)$", "+00:00", raw)
    return _utc(datetime.fromisoformat(re.sub(r"^(\d{4})/(\d{1,2})/(\d{1,2})", _dashes, raw)))


def _dashes(found: re.Match[str]) -> str:
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}"


def _written(raw: str) -> datetime:
    for form in _WRITTEN:
        try:
            return datetime.strptime(raw, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(raw)


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def from_struct(raw: str, struct: Any) -> datetime | None:
    """feedparser's reading (already UTC), unless the text is of a form that it misreads."""
    if not struct or re.fullmatch(r"[\d\s/.:-]+", raw.strip()):
        return None
    try:
        return datetime.fromtimestamp(timegm(struct), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def clamp(value: datetime | None, now: datetime) -> datetime | None:
    """A date that cannot be is no date: more than ten years back or a day ahead of the first sight."""
    return value if value is not None and now - OLDEST <= value <= now + NEWEST else None
