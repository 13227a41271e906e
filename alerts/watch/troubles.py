# SPDX-License-Identifier: MIT
"""From one look at the installation to its troubles, each with what to do about it.

The limits are chosen so that a restart, an upgrade or a congress burst (5,000 items in ten minutes) is no trouble, and a
stage that stands still is told within fifteen minutes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from pydantic import Field

from alerts.model import Value

STUCK_S = 420.0  # the oldest due row of a stage: a lease (≤ 300 s) may pass once before it counts
GROWING_ROWS = 500
GROWING_LOOKS = 8  # in a row, each with more due rows than the one before
SILENT_S = 180.0  # a process that signs every 60 s
DISK_SHARE, DISK_BYTES = 0.03, 200_000_000
SKEW_S, JUMP_S = 30.0, 60.0
UNREADABLE_SHARE, UNREADABLE_ITEMS = 0.2, 5
IDLE_DAYS = 90
WAIT_S = {
    "stage": 120.0,
    "backlog": 0.0,
    "process": 240.0,
    "disk": 0.0,
    "clock": 120.0,
    "jump": 0.0,
    "reading": 120.0,
    "vocabulary": 0.0,
    "rule": 0.0,
}


class Stage(Value):
    """Due rows of a stage and the age of the oldest of them."""

    due: int
    oldest_s: float


class IdleRule(Value):
    """An active rule that matched nothing for `days` days."""

    id: int
    name: str
    days: int


class Look(Value):
    """What one look found; `None` where it could not be found out."""

    at: datetime
    stages: dict[str, Stage]
    due_before: Mapping[str, tuple[int, ...]] = Field(default_factory=dict)  # at earlier looks, oldest first
    signs: Mapping[str, datetime] = Field(default_factory=dict)  # process → its last sign of life
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    database_skew_s: float | None = None  # database clock minus ours
    clock_jump_s: float = 0.0  # wall clock minus steady clock since the look before
    items_read: int = 0  # in the last hour
    items_unreadable: int = 0
    vocabulary_error: str | None = None
    idle_rules: tuple[IdleRule, ...] = ()


class Trouble(Value):
    """Something wrong. `key` is stable while it lasts; it is told once it has lasted `wait_s`."""

    key: str
    text: str
    wait_s: float = 0.0


def troubles(look: Look) -> tuple[Trouble, ...]:
    """All troubles of one look."""
    found = (*_stages(look), *_processes(look), *_machine(look), *_reading(look), *_rules(look))
    return tuple(Trouble(key=key, text=text, wait_s=WAIT_S[key.partition(":")[0]]) for key, text in found)


def _stages(look: Look) -> Iterator[tuple[str, str]]:
    for name, stage in look.stages.items():
        if stage.oldest_s > STUCK_S:
            yield (
                f"stage:{name}",
                (
                    f"{name} stands still: {stage.due} rows are due, the oldest for {_minutes(stage.oldest_s)}. "
                    f"Look at the log of its worker and restart it."
                ),
            )
        seen = (*look.due_before.get(name, ())[-GROWING_LOOKS:], stage.due)
        if stage.due > GROWING_ROWS and len(seen) > GROWING_LOOKS and all(a < b for a, b in pairwise(seen)):
            yield (
                f"backlog:{name}",
                (
                    f"{name} falls behind: {stage.due} rows are due, more at each of the last {GROWING_LOOKS} looks. "
                    f"Add a worker (--scale worker-{'deliver' if name == 'deliver' else 'poll' if name == 'poll' else 'read'}=N)."
                ),
            )


def _processes(look: Look) -> Iterator[tuple[str, str]]:
    for name, last in look.signs.items():
        age_s = (look.at - last).total_seconds()
        if age_s > SILENT_S:
            yield f"process:{name}", f"{name} gave no sign of life for {_minutes(age_s)}. Is it running?"


def _machine(look: Look) -> Iterator[tuple[str, str]]:
    free, total = look.disk_free_bytes, look.disk_total_bytes
    if free is not None and total and (free < DISK_BYTES or free < DISK_SHARE * total):
        yield (
            "disk:var",
            f"the disk is nearly full: {free // 1_000_000} MB of {total // 1_000_000} MB are free. `oncowire prune` makes room.",
        )
    if look.database_skew_s is not None and abs(look.database_skew_s) > SKEW_S:
        yield (
            "clock:database",
            f"the clocks of program and database differ by {look.database_skew_s:+.0f} s. Check time synchronisation (NTP).",
        )
    if abs(look.clock_jump_s) > JUMP_S:
        yield (
            "jump:clock",
            f"the clock of this machine jumped by {look.clock_jump_s:+.0f} s. Check time synchronisation (NTP).",
        )


def _reading(look: Look) -> Iterator[tuple[str, str]]:
    if look.vocabulary_error:
        yield (
            "vocabulary:load",
            f"the vocabulary cannot be loaded: {look.vocabulary_error}. `oncowire vocab check` says where.",
        )
    unreadable = look.items_unreadable
    if unreadable >= UNREADABLE_ITEMS and unreadable > UNREADABLE_SHARE * (look.items_read + unreadable):
        yield (
            "reading:items",
            f"{unreadable} items of the last hour could not be read. Their errors stand at the items.",
        )


def _rules(look: Look) -> Iterator[tuple[str, str]]:
    for rule in look.idle_rules:
        if rule.days >= IDLE_DAYS:
            yield (
                f"rule:{rule.id}:idle",
                f"the rule “{rule.name}” has matched nothing for {rule.days} days. Is it still what its team wants?",
            )


def _minutes(seconds: float) -> str:
    minutes = seconds / 60
    return (
        f"{minutes:.0f} min"
        if minutes < 120
        else f"{minutes / 60:.0f} h"
        if minutes < 2880
        else f"{minutes / 1440:.0f} days"
    )
