# SPDX-License-Identifier: MIT
"""SQL of feeds: claim what is due, save polls with their items in one transaction, add and change feeds.

Feeds are read and written by Core on the poll path: thousands of polls a minute end in a 304 and must cost next to nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    update,
)
from sqlmodel import Session, col, select

from alerts.errors import InputError, Permanent
from alerts.feeds import Change, FeedState, ListedFeed, Memory, Options, PollResult, host_key
from alerts.feeds.politeness import GAP_S, MAX_AT_A_TIME
from alerts.model import SourceTier
from alerts.net import ascii_url
from alerts.store import ops
from alerts.store.engine import take_turn
from alerts.store.insert import insert_many, insert_new
from alerts.store.tables import Feed, FeedAttempt, FeedHost, Item

LEASE_S = 45.0  # renewed while the poll lasts, so that only the feeds of a dead process are late, and not for long
KEPT_ATTEMPTS = 50
TIDY_EVERY = 10  # polls
# Claims of several workers take turns, or two of them could ask one host at once (any constant will do).
PG_CLAIM_LOCK = 7_306_503
REMOVED = "removed"  # kept as a row: its items and the stories made of them stay
POLLED = ("ok", "failing", "blocked", "silent", "moved")

_FEED: Table = Feed.__table__  # type: ignore[attr-defined]
_ATTEMPT: Table = FeedAttempt.__table__  # type: ignore[attr-defined]
_HOST: Table = FeedHost.__table__  # type: ignore[attr-defined]
_READ = [name for name in FeedState.model_fields if name not in {"url", "state"}]
_STATE = list(FeedState.model_fields)
_AT_CLAIM = {"next_poll_at", "last_polled_at"}  # read as `due_at`, and written by the claim itself
_COLUMNS = [_FEED.c[name] for name in ("id", *_STATE, "memory", "options") if name not in _AT_CLAIM]
# Set by people only, or already at the claim.
_WRITTEN = [name for name in _READ if name not in {"interval_s", "tier", "last_polled_at", "original_url"}]
_SAVE = (
    update(_FEED)
    .where(_FEED.c.id == bindparam("b_id"))
    .values(
        {name: bindparam("b_" + name) for name in _WRITTEN}
        # Somebody may have paused the feed while it was polled.
        | {"state": case((_FEED.c.enabled.is_(True), bindparam("b_state")), else_=_FEED.c.state)}
        | {"memory": bindparam("b_memory"), "lease_owner": ""}
    )
)
_LEASE = (
    update(_FEED)
    .where(_FEED.c.id.in_(bindparam("ids", expanding=True)))
    .values(next_poll_at=bindparam("until"), last_polled_at=bindparam("began"), lease_owner=bindparam("who"))
)
_THERE = select(_FEED.c.id).where(_FEED.c.id.in_(bindparam("ids", expanding=True)))
_LOG = insert(_ATTEMPT)
_OLDEST_KEPT = (
    select(_ATTEMPT.c.id)
    .where(_ATTEMPT.c.feed_id == bindparam("of"))
    .order_by(_ATTEMPT.c.id.desc())
    .offset(KEPT_ATTEMPTS - 1)
    .limit(1)
)
_TIDY = delete(_ATTEMPT).where(_ATTEMPT.c.feed_id == bindparam("of"), _ATTEMPT.c.id < _OLDEST_KEPT.scalar_subquery())


class Claimed(NamedTuple):
    """A feed that is ours to poll."""

    id: int
    feed: FeedState
    memory: Memory
    options: Options
    due_at: datetime


class Pace(NamedTuple):
    """How fast: `min_interval_s` holds for a feed even if whoever asked it died before its answer was kept. `due_by`: only
    what was due then, so that who polls "what is due" comes to an end. `only`: this feed and no other."""

    min_interval_s: float
    due_by: datetime | None = None
    only: int | None = None


def claim(session: Session, now: datetime, limit: int, owner: str, pace: Pace) -> list[Claimed]:
    """Feeds that are due and whose hosts are free, oldest first, ours for the lease.

    A host is free if nobody asked it within the last second, fewer than two fetches from it are under way, and it did
    not ask for peace (429). One feed of a host at a time; what is not free stays due and is found by the next claim.
    """
    take_turn(session, PG_CLAIM_LOCK)
    connection = session.connection()  # what the ORM adds to a statement costs as much as the statement
    found = (
        connection.execute(_due_and_free(pace.only is not None), _moments(now, pace) | {"limit": limit})
        .mappings()
        .all()
    )
    if found:
        until = now + timedelta(seconds=LEASE_S)
        connection.execute(_LEASE, {"ids": [row["id"] for row in found], "until": until, "began": now, "who": owner})
    return [_claimed(row, now) for row in found]


@lru_cache
def _due_and_free(one: bool) -> Executable:
    """Built once, as building it costs more than running it: the moments are its parameters."""
    place = func.row_number().over(partition_by=_FEED.c.host_key, order_by=(_FEED.c.next_poll_at, _FEED.c.id))
    due = select(_FEED.c.id, place.label("place")).where(*_is_due(one), *_is_free()).subquery()
    columns = [*_COLUMNS, _FEED.c.next_poll_at.label("due_at")]
    first: Any = select(*columns).join(due, due.c.id == _FEED.c.id).where(due.c.place == 1)
    made: Executable = first.order_by(_FEED.c.next_poll_at, _FEED.c.id).limit(bindparam("limit", type_=Integer))
    return made


@lru_cache
def _due_and_not_paused(one: bool) -> Executable:
    return select(func.count()).select_from(_FEED).where(*_is_due(one), *_not_paused())


def _moments(now: datetime, pace: Pace) -> dict[str, Any]:
    """Parameters of what `_is_due` and `_is_free` say."""
    made = {
        "now": now,
        "due_by": pace.due_by or now,
        "rested_at": now - timedelta(seconds=pace.min_interval_s),
        "asked_at": now - timedelta(seconds=GAP_S),
    }
    return made if pace.only is None else made | {"only": pace.only}


def _is_due(one: bool) -> list[ColumnElement[bool]]:
    # A lease that has ended is that of a poller that died, perhaps right after it had asked.
    told = or_(_FEED.c.lease_owner == "", _FEED.c.last_polled_at <= bindparam("rested_at"))
    which = [_FEED.c.id == bindparam("only")] if one else []
    return [
        _FEED.c.enabled.is_(True),
        _FEED.c.next_poll_at <= bindparam("due_by"),
        _FEED.c.state.in_(POLLED),
        told,
        *which,
    ]


def _is_free() -> list[ColumnElement[bool]]:
    recent = select(_FEED.c.host_key).where(_FEED.c.last_polled_at > bindparam("asked_at"))
    busy = (
        select(_FEED.c.host_key)
        .where(_FEED.c.lease_owner != "", _FEED.c.next_poll_at > bindparam("now"))
        .group_by(_FEED.c.host_key)
        .having(func.count() >= MAX_AT_A_TIME)
    )
    return [_FEED.c.host_key.not_in(recent), _FEED.c.host_key.not_in(busy), *_not_paused()]


def _not_paused() -> list[ColumnElement[bool]]:
    return [_FEED.c.host_key.not_in(select(_HOST.c.host_key).where(_HOST.c.not_before > bindparam("now")))]


def _claimed(row: Mapping[Any, Any], now: datetime) -> Claimed:
    read = {name: row[name] for name in _STATE if name not in _AT_CLAIM}
    state = FeedState(**read, next_poll_at=row["due_at"], last_polled_at=now)
    memory, options = Memory.model_validate(row["memory"]), Options.model_validate(row["options"])
    return Claimed(row["id"], state, memory, options, row["due_at"])


def waiting(session: Session, now: datetime, pace: Pace) -> int:
    """How many feeds were due at `due_by` and wait for nothing but their turn."""
    moments = {name: at for name, at in _moments(now, pace).items() if name != "asked_at"}
    return int(session.execute(_due_and_not_paused(pace.only is not None), moments).scalar_one())


def renew(session: Session, ids: Sequence[int], owner: str, now: datetime) -> None:
    """These polls go on: their leases last longer."""
    ours = update(_FEED).where(_FEED.c.id.in_(ids), _FEED.c.lease_owner == owner)
    session.execute(ours.values(next_poll_at=now + timedelta(seconds=LEASE_S)))


def release_dead(session: Session, alive: Callable[[str], bool], min_interval_s: float) -> None:
    """Feeds whose poller is known to have died are due the minimum interval after it began, and their hosts are free."""
    leased = select(_FEED.c.id, _FEED.c.lease_owner, _FEED.c.last_polled_at).where(_FEED.c.lease_owner != "")
    for feed_id, owner, began in session.execute(leased).all():
        if not alive(owner):
            again = began + timedelta(seconds=min_interval_s)
            session.execute(update(_FEED).where(_FEED.c.id == feed_id).values(lease_owner="", next_poll_at=again))


def known(
    session: Session, feed_id: int, identities: Iterable[str], links: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """(identity → content hash, link → identity) of the stored items that a document may name."""
    wanted = or_(col(Item.identity).in_(list(identities)), col(Item.url).in_([link for link in links if link]))
    rows = session.exec(
        select(Item.identity, Item.content_hash, Item.url).where(col(Item.feed_id) == feed_id, wanted)
    ).all()
    return {identity: digest for identity, digest, _ in rows}, {url: identity for identity, _, url in rows if url}


def save_polls(session: Session, polls: Sequence[tuple[int, PollResult]], now: datetime) -> None:
    """Validators, items, the log and what ops are told, together: else a crash would hide news behind a 304."""
    connection = session.connection()
    there = set(connection.execute(_THERE, {"ids": [feed_id for feed_id, _ in polls]}).scalars())
    polls = [(feed_id, result) for feed_id, result in polls if feed_id in there]  # somebody may have removed one
    if not polls:
        return
    connection.execute(_SAVE, [_saved(feed_id, result) for feed_id, result in polls])
    connection.execute(_LOG, [{"feed_id": feed_id, **vars(result.attempt)} for feed_id, result in polls])
    for feed_id, result in polls:
        _save_changes(session, feed_id, result.changes, now)
        if result.moved_to is not None:
            _move(session, feed_id, result.moved_to, now)
        if result.host_pause_s is not None:
            _pause_host(session, host_key(result.state.url), now + timedelta(seconds=result.host_pause_s))
        for notice in result.notices:
            tell(session, feed_id, notice.kind, notice.text, now)
    full = [{"of": feed_id} for feed_id, result in polls if result.memory.polls % TIDY_EVERY == 0]
    if full:
        connection.execute(_TIDY, full)


def _saved(feed_id: int, result: PollResult) -> dict[str, Any]:
    values = {"b_" + name: getattr(result.state, name) for name in _WRITTEN}
    memory = result.memory.model_dump(mode="json", exclude_defaults=True)
    return {"b_id": feed_id, "b_state": result.state.state, "b_memory": memory, **values}


def _save_changes(session: Session, feed_id: int, changes: Sequence[Change], now: datetime) -> None:
    insert_many(session, Item, [_new_item(feed_id, c, now) for c in changes if c.kind == "new"])
    for change in changes:
        if change.kind == "updated":
            _update_item(session, feed_id, change, now)


def _new_item(feed_id: int, change: Change, now: datetime) -> Mapping[str, object]:
    entry = change.entry
    held = change.silent == "flood"
    return {
        "feed_id": feed_id,
        "identity": change.identity,
        "guid": entry.guid,
        "url": entry.link,
        "title": entry.title,
        "summary": entry.summary,
        "published_raw": entry.published_raw,
        "published_at": entry.published,
        "first_seen_at": now,
        "updated_at": now,
        "content_hash": change.content_hash,
        "silent_reason": change.silent,
        "stage": "held" if held else "read",
        "due_at": now,
    }


def _update_item(session: Session, feed_id: int, change: Change, now: datetime) -> None:
    """An edited entry is read again as the next revision of its item."""
    same = select(Item).where(col(Item.feed_id) == feed_id, col(Item.identity) == change.identity)
    item = session.exec(same).one()
    item.title, item.summary = change.entry.title, change.entry.summary
    item.url, item.published_at = change.entry.link or item.url, change.entry.published or item.published_at
    item.content_hash, item.revision, item.updated_at = change.content_hash, item.revision + 1, now
    if item.stage != "held":
        item.stage, item.due_at, item.attempts = "read", now, 0
    session.flush()


def _move(session: Session, feed_id: int, url: str, now: datetime) -> None:
    """From now on polled at its new address; if that is a feed of ours already, this one rests."""
    taken = session.exec(select(Feed.id).where(col(Feed.url) == url)).first()
    if taken is None:
        values: dict[str, Any] = {"url": url, "host_key": host_key(url)}
    else:
        why = f"moved to {url}, which is feed {taken} already"
        values = {"enabled": False, "state": "gone", "state_reason": why[:300]}
        tell(session, feed_id, "gone", why, now)
    session.execute(update(_FEED).where(_FEED.c.id == feed_id).values(values))


def _pause_host(session: Session, key: str, until: datetime) -> None:
    """The host said 429: none of its feeds is asked before `until`."""
    row = session.get(FeedHost, key)
    if row is None:
        insert_new(session, FeedHost, [{"host_key": key, "not_before": until, "reason": "http_429"}])
    else:
        row.not_before = max(row.not_before, until)
        session.flush()


def tell(session: Session, feed_id: int, kind: str, why: str, now: datetime) -> None:
    """A notice for ops; `recovered` and `settled` end what was told before."""
    name = session.execute(select(_FEED.c.title, _FEED.c.url).where(_FEED.c.id == feed_id)).one()
    if kind == "recovered":
        ops.end_notice(session, f"feed:{feed_id}:trouble", now)
    elif kind == "settled":
        ops.settle_notice(session, f"feed:{feed_id}:moved", now)
    else:
        slot = kind if kind in {"moved", "flood"} else "trouble"
        ops.raise_notice(session, f"feed:{feed_id}:{slot}", f"{name[0] or name[1]}: {kind}: {why}", now)
    session.flush()


def add(session: Session, listed: ListedFeed, next_poll_at: datetime, now: datetime) -> int | None:
    """Id of a new feed, None if its address is known already."""
    url = ascii_url(listed.url)
    row = {
        "url": url,
        "original_url": url,
        "title": listed.title,
        # Other programs put words of their own into an OPML category.
        "tier": listed.tier if listed.tier in set(SourceTier) else SourceTier.UNKNOWN.value,
        "enabled": listed.disabled_because is None,
        "state": "ok" if listed.disabled_because is None else "paused",
        "state_reason": listed.disabled_because or "",
        "host_key": host_key(url),
        "next_poll_at": next_poll_at,
        "created_at": now,
    }
    made = insert_new(session, Feed, [row]) or _revived(session, row)
    return made[0] if made else None


def _revived(session: Session, row: Mapping[str, Any]) -> list[int]:
    """A feed that was removed but left items comes back with what it knew."""
    back = {name: row[name] for name in ("enabled", "state", "state_reason", "next_poll_at")}
    removed = update(_FEED).where(_FEED.c.url == row["url"], _FEED.c.state == REMOVED)
    return list(session.execute(removed.values(back).returning(_FEED.c.id)).scalars())


def by_url(session: Session, url: str) -> Feed:
    """By present or first address, in any script. Raises InputError(unknown_feed)."""
    with suppress(Permanent):  # what is no address is no feed's
        url = ascii_url(url)
    same = or_(col(Feed.url) == url, col(Feed.original_url) == url)
    found = session.exec(
        select(Feed).where(same, col(Feed.state) != REMOVED).order_by(col(Feed.url) != literal(url))
    ).first()
    if found is None:
        raise InputError("unknown_feed", f"no feed has the address {url}")
    return found


def everything(session: Session) -> Sequence[Feed]:
    return session.exec(select(Feed).where(col(Feed.state) != REMOVED).order_by(col(Feed.id))).all()


def count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Feed)).one()


def make_due(session: Session, now: datetime, *, only: int | None, min_interval_s: float) -> None:
    """For `oncowire poll --all` and `--feed`: due now, the minimum interval and polls under way aside."""
    floor = now - timedelta(seconds=min_interval_s)
    rested = or_(_FEED.c.last_polled_at.is_(None), _FEED.c.last_polled_at <= floor)
    idle = or_(_FEED.c.lease_owner == "", _FEED.c.next_poll_at <= now)
    which = [] if only is None else [_FEED.c.id == only]
    session.execute(update(_FEED).where(rested, idle, *which).values(next_poll_at=now))
