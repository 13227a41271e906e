# SPDX-License-Identifier: MIT
"""The hours around every kind of clock change, in all zones and years: no digest twice or never, quiet hours that end."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.schedule import Action, Wishes, after_cap, may_go, place
from alerts.model import EventType
from alerts.rhythm import (
    Cadence,
    Quiet,
    Rhythm,
    day_start,
    hold_until,
    is_quiet,
    last_slot,
    next_slot,
    next_slots,
    slot,
)
from tests.delivery.test_rhythm import ZONES, exists

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Case(NamedTuple):
    """A moment within a day and a half of a change of the clock, and two times of day near the change."""

    zone: str
    change: datetime
    now: datetime
    clock: time
    end: time

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))


@lru_cache(maxsize=4096)
def changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The moments of a year from which on the clock is another, to the minute."""
    tz, found = ZoneInfo(zone), []
    day = datetime(year, 1, 1, tzinfo=UTC)
    for n in range(366):
        before, after = day + n * DAY, day + (n + 1) * DAY
        if before.astimezone(tz).utcoffset() == after.astimezone(tz).utcoffset():
            continue
        while after - before > MINUTE:
            middle = before + (after - before) // 2
            same = middle.astimezone(tz).utcoffset() == before.astimezone(tz).utcoffset()
            before, after = (middle, after) if same else (before, middle)
        found.append(after.replace(second=0, microsecond=0))
    return tuple(found)


@st.composite
def around_changes(draw: st.DrawFn) -> Case:
    zone, year = draw(
        st.tuples(st.sampled_from(ZONES), st.integers(1996, 2040)).filter(lambda pair: bool(changes(*pair)))
    )
    change = draw(st.sampled_from(changes(zone, year)))
    minutes = st.integers(-36 * 60, 36 * 60).map(lambda n: n * MINUTE)
    near = st.integers(-150, 150).map(lambda n: (change + n * MINUTE).astimezone(ZoneInfo(zone)).time())
    gap = st.integers(-150, 150).map(lambda n: ((change - MINUTE).astimezone(ZoneInfo(zone)) + n * MINUTE).time())
    clock, end = draw(near | gap), draw(near | gap | st.sampled_from([time(7), time(12), time(23, 30)]))
    return Case(
        zone,
        change,
        change + draw(minutes),
        clock.replace(second=0, microsecond=0, fold=0),
        end.replace(second=0, fold=0),
    )


@given(around_changes())
def test_each_local_day_has_one_digest_and_no_day_has_two(case: Case) -> None:
    cadence = Cadence(kind="daily", at=case.clock, zone=case.zone)
    found = next_slots(cadence, case.change - 2 * DAY, 5)
    days = [case.local(m).date() for m in found]
    for earlier, later in pairwise(days):
        assert earlier < later
        assert not any(exists(earlier + n * DAY, case.zone) for n in range(1, (later - earlier).days))


@given(around_changes())
def test_every_moment_lies_in_one_window(case: Case) -> None:
    cadence = Cadence(kind="daily", first=True, at=case.clock, zone=case.zone)
    begin, end = last_slot(cadence, case.now), next_slot(cadence, case.now)
    assert begin <= case.now < end
    assert next_slot(cadence, begin) == end
    assert last_slot(cadence, end - MINUTE) == begin
    assert end - begin <= 2 * DAY + 3 * HOUR  # a day that a zone leaves out, and its change of the clock


@given(around_changes())
def test_the_first_of_a_window_goes_at_once_and_the_rest_comes_with_its_digest(case: Case) -> None:
    rhythm = Rhythm(cadence=Cadence(kind="daily", first=True, at=case.clock, zone=case.zone))
    sent: list[datetime] = []
    held: list[datetime] = []
    for moment in (case.now + n * 3 * HOUR for n in range(12)):
        found = place(Wishes(rhythm=rhythm), EventType.APPROVAL, moment, lambda since: sum(m >= since for m in sent))
        (sent if found.action is Action.SEND else held).append(moment)
        if found.action is Action.HOLD:
            assert found.due == next_slot(rhythm.cadence, moment)
    windows = [last_slot(rhythm.cadence, moment) for moment in sent]
    assert len(windows) == len(set(windows))
    assert {last_slot(rhythm.cadence, moment) for moment in held} <= set(windows)


def wakes_each_day(case: Case) -> bool:
    """Is there a moment between the quiet hours on each day near the change? The only ones may lie in the hour skipped."""
    later = timedelta(days=case.clock <= case.end)  # between them is the same day where they run over midnight
    days = [case.local(case.change).date() + n * DAY for n in range(-3, 4)]
    spans = [(slot(day, case.end, case.zone), slot(day + later, case.clock, case.zone)) for day in days]
    return all(end < begin for end, begin in spans if end and begin)


def test_where_the_hour_skipped_was_the_only_one_to_tell_in_it_is_told_on_the_next_day() -> None:
    quiet = Quiet(start=time(3), end=time(2), zone="Africa/Windhoek")  # 02:00 became 03:00 on 1 September 1996
    before = datetime(1996, 8, 31, 20, 59, tzinfo=UTC)
    assert hold_until(quiet, before) == datetime(1996, 9, 2, 0, 0, tzinfo=UTC)


@given(around_changes())
def test_quiet_hours_end_once_at_their_local_time(case: Case) -> None:
    if case.clock == case.end or not wakes_each_day(case):
        return
    quiet = Quiet(start=case.clock, end=case.end, zone=case.zone)
    awake = hold_until(quiet, case.now)
    assert case.now <= awake <= case.now + DAY + 3 * HOUR
    assert not is_quiet(quiet, awake)
    if awake > case.now:
        assert all(is_quiet(quiet, case.now + n * (awake - case.now) / 7) for n in range(7))
        assert may_go(Wishes(rhythm=Rhythm(quiet=quiet)), "instant", case.now).due == awake
        assert may_go(Wishes(rhythm=Rhythm(quiet=quiet)), "priority", case.now).action is Action.SEND


@given(around_changes())
def test_a_day_of_a_cap_begins_at_its_local_midnight(case: Case) -> None:
    begin = day_start(case.zone, case.now)
    assert begin <= case.now
    assert case.local(begin).date() == case.local(case.now).date()
    assert case.local(begin - MINUTE).date() < case.local(case.now).date()


@given(around_changes())
def test_what_passes_a_cap_comes_the_next_local_day_or_with_the_next_digest(case: Case) -> None:
    quiet = Quiet(start=time(23), end=time(6), zone=case.zone)
    due = after_cap(Rhythm(quiet=quiet, cap_per_day=1), case.now)
    assert case.now < due <= case.now + 2 * DAY + 9 * HOUR
    assert case.local(due).date() > case.local(case.now).date()
    cadence = Cadence(kind="daily", at=case.clock, zone=case.zone)
    assert after_cap(Rhythm(cadence=cadence), case.now) == next_slot(cadence, case.now)


@pytest.mark.parametrize(
    ("zone", "year", "count"),
    [("Europe/Paris", 2026, 2), ("America/New_York", 2026, 2), ("Australia/Lord_Howe", 2026, 2), ("Africa/Casablanca", 2026, 2),
     ("Asia/Tokyo", 2026, 0), ("Pacific/Apia", 2011, 3)],
)  # fmt: skip
def test_the_changes_that_are_tried_are_real_ones(zone: str, year: int, count: int) -> None:
    assert len(changes(zone, year)) == count
