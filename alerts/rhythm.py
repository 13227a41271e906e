# SPDX-License-Identifier: MIT
"""When somebody wants to be told: cadence, quiet hours, and the moments that follow from them. Pure.

Below the stages, since rule files are checked by it, deliveries are timed by it and pages show what it will do.

Local times and changes of the clock (RFC 5545 §3.3.5): a time that the clock skips is read with the offset before the
change (02:30 becomes 03:30), a time that comes twice is the first one. A local day that a zone leaves out (Samoa, 30
December 2011) has no slot. So there is exactly one slot on every local day that exists.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from alerts.errors import InputError
from alerts.model import EventType, Value

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CADENCE_FORMS = "instant, daily HH:MM Zone, weekly day HH:MM Zone, or first then daily/weekly …"
MORNING = time(8, 0)  # when what passed a cap is told if no digest time is set
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Cadence(Value):
    """`instant`, or a digest at a local time; with `first`, the first of each window goes at once and the rest waits."""

    kind: Literal["instant", "daily", "weekly"] = "instant"
    first: bool = False
    at: time = MORNING
    day: int = 0  # of a weekly one: 0 is Monday
    zone: str = "UTC"


class Quiet(Value):
    """Local hours in which nothing is sent; over midnight if `start` is later than `end`."""

    start: time
    end: time
    zone: str


class Rhythm(Value):
    """All that decides when one channel of one subscription is told."""

    cadence: Cadence = Cadence()
    quiet: Quiet | None = None
    cap_per_day: int | None = None
    priority: frozenset[EventType] = frozenset()

    @property
    def zone(self) -> str:
        """Zone of days and of shown times: the digest's, else that of the quiet hours, else UTC."""
        if self.cadence.kind != "instant":
            return self.cadence.zone
        return self.quiet.zone if self.quiet else "UTC"


@lru_cache(maxsize=1024)
def parse_cadence(text: str) -> Cadence:
    """instant · daily HH:MM Zone · weekly day HH:MM Zone · first then daily … . Raises InputError(bad_cadence)."""
    words = text.split()
    if [w.lower() for w in words] == ["instant"]:
        return Cadence()
    first = [w.lower() for w in words[:2]] == ["first", "then"]
    kind, rest = (words[2:] if first else words)[:1], (words[2:] if first else words)[1:]
    try:
        if kind == ["daily"] and len(rest) == 2:
            return Cadence(kind="daily", first=first, at=_clock(rest[0]), zone=_zone_name(rest[1]))
        if kind == ["weekly"] and len(rest) == 3 and rest[0].lower()[:3] in DAYS:
            day = DAYS.index(rest[0].lower()[:3])
            return Cadence(kind="weekly", first=first, day=day, at=_clock(rest[1]), zone=_zone_name(rest[2]))
    except ValueError as exc:
        raise InputError("bad_cadence", str(exc)) from None
    raise InputError("bad_cadence", f"{text!r}: cadence is {CADENCE_FORMS}" if words else "cadence is empty")


@lru_cache(maxsize=1024)
def parse_quiet(text: str) -> Quiet | None:
    """HH:MM-HH:MM Zone; `none` for no quiet hours. Raises InputError(bad_quiet)."""
    if text.strip().lower() == "none":
        return None
    found = re.fullmatch(r"(\S+?)\s*[-–]\s*(\S+)\s+(\S+)", text.strip())
    if not found:
        raise InputError("bad_quiet", f"{text!r}: quiet hours are HH:MM-HH:MM Zone, or none")
    try:
        made = Quiet(start=_clock(found[1]), end=_clock(found[2]), zone=_zone_name(found[3]))
    except ValueError as exc:
        raise InputError("bad_quiet", str(exc)) from None
    if made.start == made.end:
        raise InputError("bad_quiet", "quiet hours that end when they start would hold everything for ever")
    return made


def cadence_text(cadence: Cadence) -> str:
    """As rule files have it; `parse_cadence` reads it back."""
    if cadence.kind == "instant":
        return "instant"
    day = f"{DAYS[cadence.day]} " if cadence.kind == "weekly" else ""
    return f"{'first then ' if cadence.first else ''}{cadence.kind} {day}{cadence.at:%H:%M} {cadence.zone}"


def in_words(rhythm: Rhythm) -> str:
    """One sentence for people."""
    c = rhythm.cadence
    when = f"at {c.at:%H:%M} ({c.zone})"
    told = {
        "instant": "At once",
        "daily": f"A digest every day {when}",
        "weekly": f"A digest every {DAY_NAMES[c.day]} {when}",
    }[c.kind]
    if c.first:
        told = f"The first story at once, what follows in {told[0].lower()}{told[1:]}"
    if q := rhythm.quiet:
        told += f"; nothing from {q.start:%H:%M} to {q.end:%H:%M} ({q.zone})"
    if rhythm.cap_per_day:
        told += f"; at most {rhythm.cap_per_day} messages a day, the rest in a digest"
    if rhythm.priority:
        told += f"; always at once: {', '.join(sorted(e.value.replace('_', ' ') for e in rhythm.priority))}"
    return told + "."


# ── moments ──────────────────────────────────────────────────────────────────────────────────────


def slot(day: date, at: time, zone: str) -> datetime | None:
    """The moment (UTC) of a local time on a local day; None if that zone left the day out."""
    tz = _zone(zone)
    for fold in (0, 1):  # 1 only helps where the skipped hour spans midnight: then just before it
        moment = datetime.combine(day, at, tz).replace(fold=fold).astimezone(UTC)
        if moment.astimezone(tz).date() == day:
            return moment
    return None


def next_slot(cadence: Cadence, now: datetime) -> datetime:
    """The first digest moment after `now`; `now` itself for an instant cadence."""
    if cadence.kind == "instant":
        return now
    return next(m for m in _slots(cadence, now, range(-1, 23)) if m > now)


def last_slot(cadence: Cadence, now: datetime) -> datetime:
    """The last digest moment not after `now`: where the present window began; midnight for an instant cadence."""
    if cadence.kind == "instant":
        return day_start(cadence.zone, now)
    return next(m for m in _slots(cadence, now, range(1, -23, -1)) if m <= now)


def next_slots(cadence: Cadence, now: datetime, count: int) -> list[datetime]:
    """The next `count` digest moments, for people to look at; none for an instant cadence."""
    found: list[datetime] = []
    while cadence.kind != "instant" and len(found) < count:
        found.append(next_slot(cadence, found[-1] if found else now))
    return found


def _slots(cadence: Cadence, now: datetime, offsets: range) -> list[datetime]:
    today = now.astimezone(_zone(cadence.zone)).date()
    days = [today + timedelta(days=n) for n in offsets]
    wanted = [d for d in days if cadence.kind == "daily" or d.weekday() == cadence.day]
    return [m for d in wanted if (m := slot(d, cadence.at, cadence.zone)) is not None]


def day_start(zone: str, now: datetime) -> datetime:
    """When the local day of `now` began."""
    found = slot(now.astimezone(_zone(zone)).date(), time(0, 0), zone)
    return min(found, now) if found else now


def next_morning(zone: str, now: datetime) -> datetime:
    """08:00 of the next local day."""
    today = now.astimezone(_zone(zone)).date()
    return next(m for n in range(1, 4) if (m := slot(today + timedelta(days=n), MORNING, zone)) is not None)


def is_quiet(quiet: Quiet | None, now: datetime) -> bool:
    return quiet is not None and _quiet_end(quiet, now) is not None


def hold_until(quiet: Quiet | None, now: datetime) -> datetime:
    """`now` if nothing is held then, else the first moment after it at which something may be sent."""
    while quiet is not None and (end := _quiet_end(quiet, now)) is not None:
        now = end
    return now


def _quiet_end(quiet: Quiet, now: datetime) -> datetime | None:
    """End of the quiet hours that `now` lies in. They run from moment to moment, so the clock cannot begin them twice."""
    today = now.astimezone(_zone(quiet.zone)).date()
    over_midnight = quiet.start > quiet.end
    for day in (today - timedelta(days=2), today - timedelta(days=1), today):
        begin = slot(day, quiet.start, quiet.zone)
        first = day + timedelta(days=1) if over_midnight else day
        end = next((m for n in range(3) if (m := slot(first + timedelta(days=n), quiet.end, quiet.zone))), None)
        if begin and end and begin <= now < end:
            return end
    return None


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time of day (HH:MM)")
    return time(int(found[1]), int(found[2]))


def _zone_name(text: str) -> str:
    if text not in _zones():
        raise ValueError(f"{text!r} is no time zone of the IANA list (Europe/Paris)")
    return text


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
