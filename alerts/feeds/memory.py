# SPDX-License-Identifier: MIT
"""What a poll remembers of a feed besides its columns, what a person set for it, and what ops are told of it.

`Memory` and `Options` are read by nobody but the poller: each is one JSON column (`model_dump(mode="json")`).
"""

from datetime import datetime, timedelta
from statistics import median
from typing import Literal, NamedTuple

from alerts.feeds.decide import MIN_GAPS, Schedule
from alerts.feeds.parse import Hints, Selectors
from alerts.model import Value

TELL_AFTER_S = 24 * 3600.0  # more down-notices than news is what people complain of: a day of it, then once
SILENT_FACTOR = 5  # "no new item for five times its usual gap"
KEPT_GAPS = 20
LEARN_POLLS, LEARN_S = 3, 24 * 3600.0
PERMANENT = {301, 308}


class Options(Value):
    """What a person set for one feed."""

    identity: Literal["auto", "guid", "link", "text"] = "auto"
    page: Selectors | None = None  # the address is a page without a feed
    articles: bool = False  # fetch the article where a summary is too thin for facts


class Memory(Value):
    """What earlier polls leave for later ones."""

    polls: int = 0
    ttl_s: float | None = None
    fresh_s: float | None = None  # what the last answer said of its freshness; a 304 without a word repeats it
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    redirect_to: str | None = None
    redirect_count: int = 0
    redirect_since: datetime | None = None
    seen_known_item: bool = False  # behind the present redirect
    gone_since: datetime | None = None
    gaps_s: tuple[float, ...] = ()  # between arrivals of new items, the last 20
    counts: tuple[int, ...] = ()  # new items of an arrival, the last 20
    newest_at: datetime | None = None  # latest date that the feed gave an item
    trouble: str | None = None  # failing · blocked · silent · flood
    trouble_since: datetime | None = None
    told: bool = False  # ops know of the trouble
    moved_at: datetime | None = None  # a new address was learned; shown for a day


class Notice(NamedTuple):
    """One line for ops, told once."""

    kind: str  # failing · blocked · silent · flood · gone · moved; over: recovered (of a trouble) · settled (of a move)
    text: str


def heard(memory: Memory, hints: Hints) -> Memory:
    """The feed's own wishes are kept: a 304 repeats none of them."""
    return memory.model_copy(
        update={"ttl_s": hints.ttl_s, "skip_hours": hints.skip_hours, "skip_days": hints.skip_days}
    )


def arrived(memory: Memory, last_new_at: datetime | None, dates: list[datetime], count: int, now: datetime) -> Memory:
    """New items came in: when, how many, and how long after the ones before."""
    newest = max([*dates, *([memory.newest_at] if memory.newest_at else [])], default=None)
    if last_new_at is None:  # the first import says nothing of what is usual
        return memory.model_copy(update={"newest_at": newest})
    gaps = (*memory.gaps_s, (now - last_new_at).total_seconds())[-KEPT_GAPS:]
    counts = (*memory.counts, count)[-KEPT_GAPS:]
    return memory.model_copy(update={"newest_at": newest, "gaps_s": gaps, "counts": counts})


def usual_count(memory: Memory) -> float:
    """New items of an arrival, as is usual; 0 while nothing is known."""
    return median(memory.counts) if memory.counts else 0.0


def silent_since(memory: Memory, last_new_at: datetime | None, schedule: Schedule) -> datetime | None:
    """When the feed's silence became unusual; None while too little is known of what is usual."""
    if last_new_at is None or len(memory.gaps_s) < MIN_GAPS:
        return None
    usual = max(median(memory.gaps_s), schedule.scaled(3600.0))
    return last_new_at + timedelta(seconds=SILENT_FACTOR * usual)


class Told(NamedTuple):
    memory: Memory
    notices: tuple[Notice, ...]


def trouble(memory: Memory, kind: str | None, why: str, now: datetime, schedule: Schedule) -> Told:
    """Told once after a day of the same trouble, with the reason; told again when it is over."""
    if kind is None and memory.trouble is None:
        return Told(memory, ())
    if kind is None:
        over = (Notice("recovered", f"over after {_span(memory, now)}: {memory.trouble}"),) if memory.told else ()
        return Told(memory.model_copy(update={"trouble": None, "trouble_since": None, "told": False}), over)
    since = memory.trouble_since or now
    due = not memory.told and (now - since).total_seconds() >= schedule.scaled(TELL_AFTER_S)
    after = memory.model_copy(update={"trouble": kind, "trouble_since": since, "told": memory.told or due})
    return Told(after, (Notice(kind, f"since {since:%Y-%m-%d %H:%M} UTC: {why}"),) if due else ())


def _span(memory: Memory, now: datetime) -> str:
    hours = (now - (memory.trouble_since or now)).total_seconds() / 3600
    return f"{hours:.0f} h"


class Learned(NamedTuple):
    """`moved_to`: the feed's new address, once it is certain."""

    memory: Memory
    moved_to: str | None


def learn_redirect(
    memory: Memory, hops: list[tuple[int, str]], known_item: bool, now: datetime, schedule: Schedule
) -> Learned:
    """After a good poll. A permanent redirect (RFC 9110 §15.4.2, §15.4.9) is learned after three good polls over a day,
    if every hop was permanent, always led to the same address, and an item that we know was there: so neither a captive
    portal nor a slip of an afternoon moves a feed. 302, 303 and 307 are never learned."""
    if not hops and memory.redirect_to is None:
        return Learned(memory, None)
    if not hops or any(status not in PERMANENT for status, _ in hops):
        cleared = {"redirect_to": None, "redirect_count": 0, "redirect_since": None, "seen_known_item": False}
        return Learned(memory.model_copy(update=cleared), None)
    target = hops[-1][1]
    same = target == memory.redirect_to and memory.redirect_since is not None
    since = memory.redirect_since if same and memory.redirect_since else now
    count = memory.redirect_count + 1 if same else 1
    seen = memory.seen_known_item if same else known_item  # later on, what is known may come from there itself
    after = memory.model_copy(
        update={"redirect_to": target, "redirect_count": count, "redirect_since": since, "seen_known_item": seen}
    )
    sure = count >= LEARN_POLLS and seen and (now - since).total_seconds() >= schedule.scaled(LEARN_S)
    if not sure:
        return Learned(after, None)
    return Learned(learn_redirect(after, [], False, now, schedule).memory, target)


def unlearned(url: str, original_url: str, given_up: bool) -> str | None:
    """The first address, to be asked again, where a learned one has failed for a day or is gone: it may speak for itself
    by now or lead elsewhere. Where it still leads to the dead one this costs a redirect a poll."""
    return original_url if given_up and original_url not in {"", url} else None


def moving(learned: Learned, now: datetime, schedule: Schedule) -> Told:
    """A learned address is told at once and shown for a day."""
    memory = learned.memory
    if learned.moved_to is not None:
        why = f"moved for good to {learned.moved_to}"
        return Told(memory.model_copy(update={"moved_at": now}), (Notice("moved", why),))
    if memory.moved_at is None or (now - memory.moved_at).total_seconds() < schedule.scaled(TELL_AFTER_S):
        return Told(memory, ())
    return Told(memory.model_copy(update={"moved_at": None}), (Notice("settled", ""),))


def standing(memory: Memory, url: str) -> tuple[str, str]:
    """(state, reason) of a feed that answered well."""
    if memory.trouble == "silent":
        return "silent", f"no new item for {SILENT_FACTOR} times its usual gap"
    return ("moved", f"moved for good to {url}") if memory.moved_at else ("ok", "")
