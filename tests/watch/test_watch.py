# SPDX-License-Identifier: MIT
"""Trouble is told once when it has lasted long enough, and once when it is over; ordinary life is no trouble."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from alerts.watch import IdleRule, Known, Look, Stage, Trouble, step, troubles

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CALM = {name: Stage(due=0, oldest_s=0) for name in ("poll", "read", "group", "match", "deliver")}


GROWING = {"deliver": tuple(range(500, 900, 50))}


def look(**found: object) -> Look:
    return Look.model_validate({"at": NOW, "stages": CALM, **found})


def keys(seen: Look) -> set[str]:
    return {trouble.key for trouble in troubles(seen)}


@pytest.mark.parametrize(
    ("found", "key"),
    [
        ({"stages": CALM | {"read": Stage(due=3, oldest_s=500)}}, "stage:read"),
        ({"stages": CALM | {"deliver": Stage(due=900, oldest_s=60)}, "due_before": GROWING}, "backlog:deliver"),
        ({"signs": {"housekeeping": NOW - timedelta(minutes=4)}}, "process:housekeeping"),
        ({"disk_free_bytes": 150_000_000, "disk_total_bytes": 900_000_000}, "disk:var"),
        ({"database_skew_s": -45.0}, "clock:database"),
        ({"clock_jump_s": 3600.0}, "jump:clock"),
        ({"items_read": 10, "items_unreadable": 6}, "reading:items"),
        ({"vocabulary_error": "overlay.yaml:3: twice"}, "vocabulary:load"),
        ({"idle_rules": (IdleRule(id=7, name="EU approvals", days=91),)}, "rule:7:idle"),
    ],
)  # fmt: skip
def test_each_kind_of_trouble_is_seen_and_says_what_to_do(found: dict[str, object], key: str) -> None:
    seen = look(**found)
    assert keys(seen) == {key}
    (trouble,) = troubles(seen)
    assert len(trouble.text) > 30
    assert trouble.wait_s <= 15 * 60


@pytest.mark.parametrize(
    "found",
    [
        {},
        {
            "stages": CALM | {"read": Stage(due=4000, oldest_s=55)},
            "due_before": {"read": (100, 900, 5000, 4500)},
        },  # a congress burst
        {"signs": {"housekeeping": NOW - timedelta(seconds=100), "web": NOW - timedelta(seconds=61)}},
        {"disk_free_bytes": 40_000_000_000, "disk_total_bytes": 250_000_000_000},
        {"items_read": 400, "items_unreadable": 6},
        {"database_skew_s": 2.0, "clock_jump_s": -1.5},
    ],
)
def test_ordinary_life_is_no_trouble(found: dict[str, object]) -> None:
    assert keys(look(**found)) == set()


def test_a_trouble_that_goes_before_it_was_told_is_forgotten() -> None:
    trouble = Trouble(key="stage:read", text="…", wait_s=120)
    opened = step(None, trouble, NOW)
    assert (opened.action, opened.tell_after) == ("open", NOW + timedelta(seconds=120))
    assert step(Known(since=NOW), None, NOW).action == "forget"


def test_a_told_trouble_is_closed_once_and_can_come_again() -> None:
    told = Known(since=NOW, told_at=NOW)
    trouble = Trouble(key="disk:var", text="…")
    assert step(told, trouble, NOW).action == "keep"
    assert step(told, None, NOW).action == "close"
    over = told.model_copy(update={"over_at": NOW})
    assert step(over, None, NOW).action == "keep"
    assert step(over, trouble, NOW).action == "open"


def test_a_month_of_ordinary_life_gives_at_most_one_false_notice() -> None:
    """A look a minute: bursts of a congress, an upgrade or crash of up to three minutes a day, slow publishers and relays."""
    dice = random.Random(20261125)
    queues = {"read": Queue(3000), "deliver": Queue(2000)}
    told, since, down = 0, dict[str, datetime](), 0
    for minute in range(30 * 24 * 60):
        down = dice.randint(1, 3) if dice.random() < 1 / (24 * 60) else max(down - 1, 0)
        news = int(dice.expovariate(1 / 2)) + (500 if minute % (7 * 24 * 60) < 10 else 0)
        at = NOW + timedelta(minutes=minute)
        stages = {name: queue.minute(news, down > 0, dice) for name, queue in queues.items()}
        seen = look(
            at=at,
            stages=CALM | stages,
            due_before={name: tuple(queue.due[-9:-1]) for name, queue in queues.items()},
            signs={"housekeeping": at - timedelta(seconds=60 * down + dice.uniform(0, 70))},
            items_read=100,
            items_unreadable=int(dice.random() < 0.02),
            database_skew_s=dice.gauss(0, 0.5),
        )
        if down:  # nobody looks while nothing runs
            continue
        found = {trouble.key: trouble for trouble in troubles(seen)}
        since = {key: since.get(key, at) for key in found}
        told += sum(0 <= (at - since[key]).total_seconds() - t.wait_s < 60 for key, t in found.items())
    assert told <= 1


class Queue:
    """A stage that handles up to `rate` rows a minute, in a simulation."""

    def __init__(self, rate: int) -> None:
        self.rate, self.rows, self.standing_s = rate, 0, 0.0
        self.due: list[int] = []

    def minute(self, news: int, down: bool, dice: random.Random) -> Stage:
        done = 0 if down else int(self.rate * dice.uniform(0.3, 1))
        self.rows = max(self.rows + news - done, 0)
        self.standing_s = self.standing_s + 60 if down else 0.0
        self.due.append(self.rows)
        oldest_s = self.standing_s + 60 * self.rows / self.rate + dice.uniform(0, 20)
        return Stage(due=self.rows, oldest_s=oldest_s if self.rows else 0.0)
