# SPDX-License-Identifier: MIT
"""SQL of feeds: claim what is due, save a poll with its items in one transaction, add and change feeds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_
from sqlmodel import Session, col, select

from alerts.errors import InputError
from alerts.feeds import Attempt, Change, FeedState, ListedFeed, host_key
from alerts.model import SourceTier
from alerts.store.claims import claim_due
from alerts.store.insert import insert_new
from alerts.store.tables import Feed, FeedAttempt, FeedHost, Item

LEASE_S = 120.0  # longer than any fetch may take
KEPT_ATTEMPTS = 50
MAX_AT_A_TIME_PER_HOST = 2
_POLLED = ("ok", "failing", "blocked")


def claim(session: Session, now: datetime, limit: int) -> list[int]:
    """Feeds that are due, at most two of a host, none of a host that asked for peace."""
    paused = select(FeedHost.host_key).where(col(FeedHost.not_before) > now)
    where = [col(Feed.enabled).is_(True), col(Feed.state).in_(_POLLED), col(Feed.host_key).not_in(paused)]
    ids = claim_due(session, Feed, "next_poll_at", where, now=now, lease_s=LEASE_S, limit=limit)
    return _spread(session, ids, now)


def _spread(session: Session, ids: Sequence[int], now: datetime) -> list[int]:
    """Give back what would be a third fetch from one host at once."""
    taken: dict[str, int] = {}
    kept = []
    for feed in session.exec(select(Feed).where(col(Feed.id).in_(ids)).order_by(col(Feed.id))):
        assert feed.id is not None
        taken[feed.host_key] = taken.get(feed.host_key, 0) + 1
        if taken[feed.host_key] <= MAX_AT_A_TIME_PER_HOST:
            kept.append(feed.id)
        else:
            feed.next_poll_at = now + timedelta(seconds=1)
    return kept


def state(session: Session, feed_id: int) -> FeedState:
    """What a poll must know."""
    row = session.get_one(Feed, feed_id)
    return FeedState(**{name: getattr(row, name) for name in FeedState.model_fields})


def known(
    session: Session, feed_id: int, identities: Iterable[str], links: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """(identity → content hash, link → identity) of the stored items that a document may name."""
    wanted = or_(col(Item.identity).in_(list(identities)), col(Item.url).in_([link for link in links if link]))
    rows = session.exec(
        select(Item.identity, Item.content_hash, Item.url).where(col(Item.feed_id) == feed_id, wanted)
    ).all()
    return {identity: digest for identity, digest, _ in rows}, {url: identity for identity, _, url in rows if url}


def save_poll(
    session: Session, feed_id: int, after: FeedState, attempt: Attempt, changes: Sequence[Change], now: datetime
) -> None:
    """Validators and items together: else a crash would hide news behind a 304."""
    row = session.get_one(Feed, feed_id)
    for name in FeedState.model_fields:
        if name != "url":
            setattr(row, name, getattr(after, name))
    insert_new(session, Item, [_new_item(feed_id, c, now) for c in changes if c.kind == "new"])
    for change in changes:
        if change.kind == "updated":
            _update_item(session, feed_id, change, now)
    session.add(FeedAttempt(feed_id=feed_id, **attempt.model_dump()))
    old = (
        select(FeedAttempt.id)
        .where(col(FeedAttempt.feed_id) == feed_id)
        .order_by(col(FeedAttempt.id).desc())
        .offset(KEPT_ATTEMPTS)
    )
    session.execute(delete(FeedAttempt).where(col(FeedAttempt.id).in_(old.limit(1000).scalar_subquery())))


def _new_item(feed_id: int, change: Change, now: datetime) -> Mapping[str, object]:
    entry = change.entry
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
        "due_at": now,
    }


def _update_item(session: Session, feed_id: int, change: Change, now: datetime) -> None:
    """An edited entry is read again as the next revision of its item."""
    same = select(Item).where(col(Item.feed_id) == feed_id, col(Item.identity) == change.identity)
    item = session.exec(same).one()
    item.title, item.summary = change.entry.title, change.entry.summary
    item.url, item.published_at = change.entry.link or item.url, change.entry.published or item.published_at
    item.content_hash, item.revision, item.updated_at = change.content_hash, item.revision + 1, now
    item.stage, item.due_at, item.attempts = "read", now, 0


def pause_host(session: Session, key: str, until: datetime, reason: str) -> None:
    row = session.get(FeedHost, key)
    if row is None:
        insert_new(session, FeedHost, [{"host_key": key, "not_before": until, "reason": reason}])
    else:
        row.not_before, row.reason = max(row.not_before, until), reason


def add(session: Session, listed: ListedFeed, next_poll_at: datetime, now: datetime) -> int | None:
    """Id of a new feed, None if its address is known already."""
    row = {
        "url": listed.url,
        "original_url": listed.url,
        "title": listed.title,
        # Other programs put words of their own into an OPML category.
        "tier": listed.tier if listed.tier in set(SourceTier) else SourceTier.UNKNOWN.value,
        "enabled": listed.disabled_because is None,
        "state": "ok" if listed.disabled_because is None else "paused",
        "state_reason": listed.disabled_because or "",
        "host_key": host_key(listed.url),
        "next_poll_at": next_poll_at,
        "created_at": now,
    }
    made = insert_new(session, Feed, [row])
    return made[0] if made else None


def by_url(session: Session, url: str) -> Feed:
    """Raises InputError(unknown_feed)."""
    found = session.exec(select(Feed).where(col(Feed.url) == url)).first()
    if found is None:
        raise InputError("unknown_feed", f"no feed has the address {url}")
    return found


def everything(session: Session) -> Sequence[Feed]:
    return session.exec(select(Feed).order_by(col(Feed.id))).all()


def count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Feed)).one()


def make_due(session: Session, now: datetime, *, url: str | None, min_interval_s: float) -> None:
    """For `oncowire poll --all` and `--feed`: due now, the minimum interval aside."""
    floor = now - timedelta(seconds=min_interval_s)
    for feed in everything(session) if url is None else [by_url(session, url)]:
        if feed.last_polled_at is None or feed.last_polled_at <= floor:
            feed.next_poll_at = now
