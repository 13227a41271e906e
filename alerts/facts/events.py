# SPDX-License-Identifier: MIT
"""What happened: event phrases with polarity and tense, tried on a sentence's key (lower case, dashes as blanks).

The phrases are data (vocabulary/events.yaml); their order is the tie-break.
"""

import re
from datetime import UTC, date, datetime
from typing import NamedTuple

import yaml

from alerts.facts.vocabulary import FOLDER
from alerts.model import EventType


class Event(NamedTuple):
    type: EventType
    status: str | None
    start: int  # key positions of the phrase
    end: int
    rank: int  # place in PHRASES: smaller wins


_T = EventType
PHRASES = tuple(
    (EventType(row["event"]), row.get("status"), re.compile("|".join(row["any"])))
    for row in yaml.safe_load((FOLDER / "events.yaml").read_text(encoding="utf-8"))
)
# An approval that is only hoped for is none.
_HOPED = re.compile(
    r"\bto (?:seek|win|obtain|support)|could|may\b|would|if approved|potential approval|pending|awaits?"
)

REGULATORY = {
    _T.APPROVAL,
    _T.LABEL_EXPANSION,
    _T.FILING_STATUS,
    _T.DESIGNATION,
    _T.OPINION_POSITIVE,
    _T.REJECTION,
    _T.WITHDRAWAL,
    _T.SAFETY,
    _T.ACCESS,
}
READOUTS = {_T.TRIAL_POSITIVE, _T.TRIAL_NEGATIVE, _T.TRIAL_UPDATE}


def events(key: str) -> list[Event]:
    """Event phrases of a sentence key, the one that wins first."""
    found = [
        Event(kind, status, hit.start(), hit.end(), rank)
        for rank, (kind, status, pattern) in enumerate(PHRASES)
        if (hit := pattern.search(key))
    ]
    if _HOPED.search(key):
        found = [e for e in found if e.type is not _T.APPROVAL] or found
    return found


_NAMES = "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october"
_MONTHS = {
    name: number
    for number, names in enumerate(f"{_NAMES}|nov november|dec december".split("|"), 1)
    for name in names.split()
}
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"\b(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.? {_DAY}\b(?:,? (?P<year>20\d\d))?"),
    re.compile(rf"\b{_DAY} (?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?(?:,? (?P<year>20\d\d))?"),
    re.compile(r"\b(?P<year>20\d\d) (?P<month>\d\d) (?P<day>\d\d)\b"),
)


def event_date(key: str, published: datetime | None) -> date | None:
    """The day that a sentence gives for its event; a missing year comes from the publication."""
    for pattern in _DATES:
        for hit in pattern.finditer(key):
            month = _MONTHS.get(hit["month"]) or (int(hit["month"]) if hit["month"].isdigit() else 0)
            made = _date(hit["year"], month, int(hit["day"]), published)
            if made is not None:
                return made
    return None


def _date(year: str | None, month: int, day: int, published: datetime | None) -> date | None:
    if year is None and published is None:
        return None
    try:
        if year is not None:
            return date(int(year), month, day)
        assert published is not None
        told = published.astimezone(UTC).date()
        made = date(told.year, month, day)
        return made if made <= told else None  # a day to come is a plan, not this event
    except ValueError:
        return None
