# SPDX-License-Identifier: MIT
"""What happened: the grammar of events (vocabulary/events.yaml) over a sentence's key in which known names are masked."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from itertools import islice
from typing import Any, NamedTuple

from alerts.facts.phrases import Guarded, Phrases, branches
from alerts.facts.vocabulary import words
from alerts.model import EventType


class Event(NamedTuple):
    type: EventType
    status: str | None
    start: int  # key positions of the phrase
    end: int
    rank: int  # row of the grammar: smaller wins
    firm: bool  # a loose phrase gives way to a firm one of the lead


class Row(NamedTuple):
    type: EventType
    status: str | None
    pattern: str
    unless: str | None
    title_only: bool
    firm: bool


_T = EventType
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
EVERY = frozenset(EventType)
AUTHORISED = {_T.APPROVAL, _T.LABEL_EXPANSION}
READOUTS = {_T.TRIAL_POSITIVE, _T.TRIAL_NEGATIVE, _T.TRIAL_UPDATE}
# How a known name stands in a masked key, by kind of concept (see the head of events.yaml).
MASKS = {"drug": "D", "indication": "C", "biomarker": "B", "company": "K"}
BODY_MASKS = {"regulator": "R", "hta": "H", "payer": "H", "guideline": "G", "conference": "M"}


def _grammar() -> tuple[Row, ...]:
    data: dict[str, Any] = words("events")
    return tuple(
        Row(
            EventType(row["event"]),
            row.get("status"),
            _from_a_word(_spelt("|".join(row["any"]), data["words"])),
            _spelt(row["unless"], data["words"]) if "unless" in row else None,
            row.get("where") == "title",
            row.get("level") != "loose",
        )
        for row in data["events"]
    )


def _spelt(text: str, words: dict[str, str]) -> str:
    for name, meaning in words.items():
        text = text.replace(f"{{{name}}}", meaning)
    return re.sub(r"~(\d{1,2}) ?", _gap, text)


def _from_a_word(pattern: str) -> str:
    """Every alternative begins where a word begins: "plus X approved" is no "us … approved"."""
    return "|".join(b if b.startswith(_PLACED) else rf"(?<![a-z]){b}" for b in branches(pattern))


def _gap(found: re.Match[str]) -> str:
    """`a~3 b`: up to three words between a and b; `a ~3b`: the same where the blank stands before."""
    most = found.group(1)
    return rf"(?: \S+){{0,{most}}} " if found.group().endswith(" ") else rf"(?:\S+ ){{0,{most}}}"


_PLACED = (r"\b", "^", "(?<")  # says itself where it begins
GRAMMAR = _grammar()
_SIGN = re.compile(r"(?<=B )(?:positive|negative)\b")
_PHRASES = Phrases(((rank, row.pattern) for rank, row in enumerate(GRAMMAR)), keep="events")


def events(
    masked: str, *, title: bool = False, kinds: Collection[EventType] = EVERY, firm: bool = False
) -> Iterator[Event]:
    """Event phrases of a sentence's masked key, the one that wins first; looked for as they are asked for.

    `firm`: only those that no firmer one of the lead can outdo.
    """
    asked = _asked(masked)
    for rank in asked.ranks:
        row = GRAMMAR[rank]
        if (title or not row.title_only) and (row.firm or not firm) and (kinds is EVERY or row.type in kinds):
            event = asked.event(rank)
            if event is not None:
                yield event


_guarded = cache(Guarded)  # a row's exceptions, made by need: most items ask for few


def thinkable(masked: str, *, title: bool) -> set[EventType]:
    """The kinds of firm events that the words of a masked key leave open, of it and of its parts."""
    rows = (GRAMMAR[rank] for rank in _asked(masked).ranks)
    return {row.type for row in rows if row.firm and (title or not row.title_only)}


class _Asked:
    """One masked key and what was found in it so far."""

    def __init__(self, masked: str) -> None:
        self._masked = masked
        self._may = _PHRASES.may(masked)
        self.ranks = _PHRASES.ranks(self._may)
        self._known: dict[int, Event | None] = {}

    def event(self, rank: int) -> Event | None:
        if rank not in self._known:
            self._known[rank] = self._event(rank)
        return self._known[rank]

    def _event(self, rank: int) -> Event | None:
        row = GRAMMAR[rank]
        hit = _PHRASES.leftmost(self._masked, rank, self._may)
        if hit is None or (row.unless and _guarded(row.unless).holds(self._masked)):
            return None
        return Event(row.type, row.status, hit.start(), hit.end(), rank, row.firm)


_asked = lru_cache(maxsize=32)(_Asked)  # the steps of reading an item ask its sentences again and again


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
# A first look at a sentence.
_DATED = Guarded(rf"(?:{'|'.join(_MONTHS)})\.? \d|\d(?:st|nd|rd|th)? (?:{'|'.join(_MONTHS)})|20\d\d \d\d")
_BYLINE = re.compile(r"\W*(?:[a-z.]+ ?){1,4}(?:, [a-z. ]{2,20})?,? (?:and [a-z. ]+, )?\(?")
_DAYED = (" on ", "today", "as of ", "effective ")  # a first look
_DAYS = re.compile(
    rf"\b(?:on|as of|effective|today,?) (?:(?:{'|'.join(_MONTHS)}) \d\d?|\d\d? (?:{'|'.join(_MONTHS)}))\b(?:,? 20\d\d,?)?"
)


def plainer(masked: str) -> str:
    """The same length with what tells nothing of an event closed up to one word.

    The sign of a biomarker ("HER2-negative") is part of its name; a day between body and verb ("EC on July 24, 2025
    approved") is no word of the phrase.
    """
    if "B " in masked:
        masked = _SIGN.sub(lambda sign: "B" * len(sign.group()), masked)
    return (
        _DAYS.sub(lambda day: "Y" * len(day.group()), masked)
        if any(word in masked for word in _DAYED) or masked.startswith("on ")
        else masked
    )


def event_date(key: str, published: datetime | None) -> date | None:
    """The day that a sentence gives for its event; a missing year comes from the publication.

    Behind a byline's day ("TOKYO, January 9, 2024 -") another one is the event's, unless that is told as of today.
    """
    days = list(islice(_given(key, published), 2))
    byline = len(days) > 1 and "today" not in key and bool(_BYLINE.fullmatch(key[: days[0][0]]))
    return days[byline][1] if days else None


def _given(key: str, published: datetime | None) -> Iterator[tuple[int, date]]:
    """Days in a key, with where they stand; of one way to write them, in the order of the text."""
    for pattern in _DATES if _DATED.holds(key) else ():
        for hit in pattern.finditer(key):
            month = _MONTHS.get(hit["month"]) or (int(hit["month"]) if hit["month"].isdigit() else 0)
            made = _date(hit["year"], month, int(hit["day"]), published)
            if made is not None:
                yield hit.start(), made


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
