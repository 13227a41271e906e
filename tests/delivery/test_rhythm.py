# SPDX-License-Identifier: MIT
"""Cadence, quiet hours and what follows from them, over all zones and both changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.schedule import Action, Placement, Wishes, place
from alerts.errors import InputError
from alerts.model import EventType
from alerts.rhythm import (
    DAYS,
    Cadence,
    Quiet,
    Rhythm,
    cadence_text,
    hold_until,
    in_words,
    is_quiet,
    last_slot,
    next_slot,
    next_slots,
    parse_cadence,
    parse_quiet,
    slot,
)

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
zones = st.sampled_from(ZONES)
clocks = st.times(max_value=time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(1995, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds UTC
DAILY = "daily 08:00 Europe/Paris"


def at(text: str) -> datetime:
    """Paris time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


def exists(day: date, zone: str) -> bool:
    return any(
        datetime.combine(day, time(h), ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).date() == day
        for h in range(24)
    )


@given(zones, clocks, moments)
def test_a_daily_digest_comes_once_on_each_local_day_and_never_in_the_past(
    zone: str, clock: time, now: datetime
) -> None:
    cadence = Cadence(kind="daily", at=clock, zone=zone)
    found = next_slots(cadence, now, 5)
    assert found[0] > now
    days = [m.astimezone(ZoneInfo(zone)).date() for m in found]
    for earlier, later in pairwise(days):
        assert earlier < later
        between = [earlier + timedelta(days=n) for n in range(1, (later - earlier).days)]
        assert not any(exists(d, zone) for d in between)


@given(zones, clocks, moments)
def test_a_digest_comes_at_the_wished_time_unless_the_clock_skips_it(zone: str, clock: time, now: datetime) -> None:
    moment = next_slot(Cadence(kind="daily", at=clock, zone=zone), now)
    local = moment.astimezone(ZoneInfo(zone))
    wished = datetime.combine(local.date(), clock)
    back = wished.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    skipped = back.replace(tzinfo=None) != wished
    assert (local.replace(tzinfo=None) == wished) is not skipped


@given(zones, clocks, st.integers(0, 6), moments)
def test_a_weekly_digest_comes_on_its_day_at_most_two_weeks_away(
    zone: str, clock: time, day: int, now: datetime
) -> None:
    cadence = Cadence(kind="weekly", day=day, at=clock, zone=zone)
    moment = next_slot(cadence, now)
    assert moment.astimezone(ZoneInfo(zone)).weekday() == day
    assert now < moment <= now + timedelta(days=14, hours=2)
    assert last_slot(cadence, moment) == moment
    assert last_slot(cadence, now) <= now


@given(zones, clocks, clocks, moments)
def test_quiet_hours_end_and_what_they_held_goes_out_when_nothing_is_quiet(
    zone: str, start: time, end: time, now: datetime
) -> None:
    if start == end:
        return
    quiet = Quiet(start=start, end=end, zone=zone)
    awake = hold_until(quiet, now)
    assert awake >= now
    assert not is_quiet(quiet, awake)
    assert (awake == now) is not is_quiet(quiet, now)


@given(zones, clocks, st.integers(0, 6), st.booleans(), st.sampled_from(["daily", "weekly", "instant"]))
def test_a_cadence_is_read_back_as_it_was_written(zone: str, clock: time, day: int, first: bool, kind: str) -> None:
    text = {
        "instant": "instant",
        "daily": f"daily {clock:%H:%M} {zone}",
        "weekly": f"weekly {DAYS[day]} {clock:%H:%M} {zone}",
    }[kind]
    wanted = f"first then {text}" if first and kind != "instant" else text
    assert cadence_text(parse_cadence(wanted)) == wanted


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), "2026-03-29 01:30"),  # skipped: 03:30 summer time
        (date(2026, 10, 25), time(2, 30), "2026-10-25 00:30"),  # twice: the first
        (date(2026, 7, 1), time(8, 0), "2026-07-01 06:00"),
        (date(2026, 12, 1), time(8, 0), "2026-12-01 07:00"),
    ],
)
def test_skipped_and_doubled_times_are_read_as_rfc_5545_says(day: date, clock: time, expected: str) -> None:
    assert slot(day, clock, "Europe/Paris") == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_day_that_a_zone_left_out_has_no_digest() -> None:
    assert slot(date(2011, 12, 30), time(8, 0), "Pacific/Apia") is None
    before = datetime(2011, 12, 29, 20, 0, tzinfo=UTC)  # 10:00 on the 29th there
    local = [
        m.astimezone(ZoneInfo("Pacific/Apia")).day
        for m in next_slots(parse_cadence("daily 08:00 Pacific/Apia"), before, 2)
    ]
    assert local == [31, 1]


@pytest.mark.parametrize(
    "text", ["", "hourly", "daily 8:00 Europe/Paris", "daily 08:00", "weekly foo 08:00 UTC", "first then instant"]
)
def test_a_cadence_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="bad_cadence"):
        parse_cadence(text)


@pytest.mark.parametrize(
    "text", ["late", "22:00-07:00", "22:00-22:00 UTC", "22:00-25:00 UTC", "22:00-07:00 Europe/Atlantis"]
)
def test_quiet_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="bad_quiet"):
        parse_quiet(text)


# ── placing ──────────────────────────────────────────────────────────────────────────────────────


def rhythm(cadence: str = "instant", quiet: str = "none", cap: int | None = None, *priority: EventType) -> Rhythm:
    return Rhythm(
        cadence=parse_cadence(cadence), quiet=parse_quiet(quiet), cap_per_day=cap, priority=frozenset(priority)
    )


def placed(wishes: Wishes | Rhythm, now: datetime, told: int = 0, event: EventType = EventType.APPROVAL) -> Placement:
    return place(wishes if isinstance(wishes, Wishes) else Wishes(rhythm=wishes), event, now, lambda _: told)


NIGHT = "22:00-07:00 Europe/Paris"


def test_without_a_rhythm_all_goes_out_at_once() -> None:
    assert placed(rhythm(), at("2026-11-24 12:00")) == (Action.SEND, at("2026-11-24 12:00"), "instant")


def test_a_digest_waits_for_its_time() -> None:
    assert placed(rhythm(DAILY), at("2026-11-24 12:00")) == (Action.HOLD, at("2026-11-25 08:00"), "cadence")


def test_first_then_tells_the_first_of_a_window_at_once_and_holds_what_follows() -> None:
    wish = rhythm(f"first then {DAILY}")
    assert placed(wish, at("2026-11-24 12:00"))[::2] == (Action.SEND, "first")
    assert placed(wish, at("2026-11-24 13:00"), told=1) == (Action.HOLD, at("2026-11-25 08:00"), "cadence")


def test_the_window_of_first_then_begins_at_the_last_digest() -> None:
    def told(since: datetime) -> int:
        return int(since <= at("2026-11-23 09:00"))

    wish = Wishes(rhythm=rhythm(f"first then {DAILY}"))
    assert place(wish, EventType.APPROVAL, at("2026-11-24 07:00"), told).action is Action.HOLD
    assert place(wish, EventType.APPROVAL, at("2026-11-24 09:00"), told).action is Action.SEND


def test_quiet_hours_hold_until_they_end() -> None:
    assert placed(rhythm("instant", NIGHT), at("2026-11-24 23:00")) == (Action.HOLD, at("2026-11-25 07:00"), "quiet")
    assert placed(rhythm("instant", NIGHT), at("2026-11-24 21:59")).action is Action.SEND


def test_a_digest_that_falls_into_quiet_hours_waits_for_their_end() -> None:
    wish = rhythm("daily 06:00 Europe/Paris", NIGHT)
    assert placed(wish, at("2026-11-24 12:00")).due == at("2026-11-25 07:00")


def test_a_priority_event_breaks_quiet_hours_digests_and_caps() -> None:
    for wish in (rhythm("instant", NIGHT, 1, EventType.SAFETY), rhythm(DAILY, NIGHT, 1, EventType.SAFETY)):
        assert placed(wish, at("2026-11-24 23:00"), told=9, event=EventType.SAFETY)[::2] == (Action.SEND, "priority")
        assert placed(wish, at("2026-11-24 23:00"), told=9).action is Action.HOLD


def test_what_passes_the_cap_waits_for_the_next_morning_or_the_digest() -> None:
    day = at("2026-11-24 12:00")
    assert placed(rhythm("instant", NIGHT, 3), day, told=2).action is Action.SEND
    assert placed(rhythm("instant", NIGHT, 3), day, told=3) == (Action.HOLD, at("2026-11-25 08:00"), "cap")
    assert placed(rhythm("first then daily 18:00 Europe/Paris", "none", 1), day, told=1).due == at("2026-11-24 18:00")


def test_muted_and_left_hear_nothing_and_a_snooze_ends_in_a_digest() -> None:
    now = at("2026-11-24 12:00")
    later = now + timedelta(hours=3)
    urgent = rhythm("instant", "none", None, EventType.APPROVAL)
    assert placed(Wishes(rhythm=urgent, muted_until=later), now)[::2] == (Action.DROP, "muted")
    assert placed(Wishes(rhythm=urgent, left=True), now)[::2] == (Action.DROP, "unsubscribed")
    assert placed(Wishes(rhythm=urgent, paused=True), now)[::2] == (Action.DROP, "paused")
    assert placed(Wishes(rhythm=urgent, snoozed_until=later), now) == (Action.HOLD, later, "snooze")
    assert placed(Wishes(rhythm=urgent, muted_until=now, snoozed_until=now), now).action is Action.SEND


@given(zones, clocks, clocks, clocks, st.sampled_from(["instant", "daily", "weekly"]), st.integers(0, 4), moments)
def test_nothing_is_ever_placed_in_the_past(
    zone: str, clock: time, start: time, end: time, kind: str, told: int, now: datetime
) -> None:
    text = {"instant": "instant", "daily": f"daily {clock:%H:%M} {zone}", "weekly": f"weekly fri {clock:%H:%M} {zone}"}
    quiet = f"{start:%H:%M}-{end:%H:%M} {zone}" if start != end else "none"
    found = placed(rhythm(text[kind], quiet, 2), now, told)
    assert found.due >= now
    assert (found.due > now) is (found.action is Action.HOLD)


def test_a_rhythm_reads_as_a_sentence() -> None:
    assert in_words(rhythm(f"first then {DAILY}", NIGHT, 5, EventType.SAFETY)) == (
        "The first story at once, what follows in a digest every day at 08:00 (Europe/Paris); nothing from 22:00 to 07:00 "
        "(Europe/Paris); at most 5 messages a day, the rest in a digest; always at once: safety."
    )
