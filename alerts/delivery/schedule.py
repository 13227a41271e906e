# SPDX-License-Identifier: MIT
"""Where an alert goes: out at once, into a digest that is due then, or nowhere, each with its reason. Pure.

The order is the specification; the first that holds decides:

    left · paused · muted   → dropped: not told later either
    snoozed                 → held until the snooze ends
    priority event          → at once: breaks quiet hours, digests and caps, since the rule's owner said so
    digest cadence          → held until its next slot (with `first then`, all but the first of each window)
    cap of the day reached  → held until the next slot, or 08:00 of the next day
    quiet hours             → held until they end
    else                    → at once
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from alerts.model import EventType, Value
from alerts.rhythm import Rhythm, day_start, hold_until, last_slot, next_morning, next_slot


class Action(StrEnum):
    SEND = "send"
    HOLD = "hold"
    DROP = "drop"


class Placement(NamedTuple):
    """What to do with an alert, when, and why: instant · priority · first · cadence · cap · quiet · snooze · muted · …"""

    action: Action
    due: datetime
    why: str


class Wishes(Value):
    """What the reader of one channel wants of one subscription right now."""

    rhythm: Rhythm = Rhythm()
    left: bool = False  # unsubscribed
    paused: bool = False
    muted_until: datetime | None = None
    snoozed_until: datetime | None = None


def place(wishes: Wishes, event: EventType, now: datetime, told_since: Callable[[datetime], int]) -> Placement:
    """`told_since(moment)`: how many alerts went out at once to this channel for this subscription since then."""
    if refusal := standing(wishes, now):
        return Placement(Action.DROP, now, refusal)
    rhythm = wishes.rhythm
    if wishes.snoozed_until and wishes.snoozed_until > now:
        return _hold(rhythm, wishes.snoozed_until, "snooze")
    if event in rhythm.priority:
        return Placement(Action.SEND, now, "priority")
    why = "instant"
    if rhythm.cadence.kind != "instant":
        if not rhythm.cadence.first or told_since(last_slot(rhythm.cadence, now)):
            return _hold(rhythm, next_slot(rhythm.cadence, now), "cadence")
        why = "first"
    if rhythm.cap_per_day is not None and told_since(day_start(rhythm.zone, now)) >= rhythm.cap_per_day:
        return _hold(rhythm, after_cap(rhythm, now), "cap")
    awake = hold_until(rhythm.quiet, now)
    return Placement(Action.HOLD, awake, "quiet") if awake > now else Placement(Action.SEND, now, why)


def standing(wishes: Wishes, now: datetime) -> str | None:
    """Why this reader is told nothing at all, None if they are."""
    if wishes.left:
        return "unsubscribed"
    if wishes.paused:
        return "paused"
    return "muted" if wishes.muted_until and wishes.muted_until > now else None


def may_go(wishes: Wishes, why: str, now: datetime) -> Placement:
    """Just before sending, since wishes change and a retry may come due at night. `why`: what the alert was placed for."""
    if why == "by_hand":
        return Placement(Action.SEND, now, why)
    if refusal := standing(wishes, now):
        return Placement(Action.DROP, now, refusal)
    if wishes.snoozed_until and wishes.snoozed_until > now:
        return _hold(wishes.rhythm, wishes.snoozed_until, "snooze")
    awake = now if why == "priority" else hold_until(wishes.rhythm.quiet, now)
    return Placement(Action.HOLD, awake, "quiet") if awake > now else Placement(Action.SEND, now, why)


def after_cap(rhythm: Rhythm, now: datetime) -> datetime:
    """When what passed a cap, or came too late for its window, is told."""
    return next_morning(rhythm.zone, now) if rhythm.cadence.kind == "instant" else next_slot(rhythm.cadence, now)


def _hold(rhythm: Rhythm, due: datetime, why: str) -> Placement:
    """A digest does not break quiet hours either."""
    return Placement(Action.HOLD, hold_until(rhythm.quiet, due), why)
