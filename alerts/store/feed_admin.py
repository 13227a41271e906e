# SPDX-License-Identifier: MIT
"""What people do with feeds: look at one closely, change it, pause, resume, remove, let held items go."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from alerts.feeds import Options
from alerts.store import ops
from alerts.store.feeds import REMOVED, by_url
from alerts.store.tables import FeedAttempt, Item, Notice

SHOWN_ATTEMPTS = 50


def describe(session: Session, url: str) -> dict[str, Any]:
    """All that is known of one feed, with its last 50 attempts, newest first. Raises InputError(unknown_feed)."""
    feed = by_url(session, url)
    items = select(func.count()).select_from(Item).where(col(Item.feed_id) == feed.id)
    tried = (
        select(FeedAttempt)
        .where(col(FeedAttempt.feed_id) == feed.id)
        .order_by(col(FeedAttempt.id).desc())
        .limit(SHOWN_ATTEMPTS)
    )
    return {
        **feed.model_dump(),
        "item_count": session.exec(items).one(),
        "held_count": session.exec(items.where(col(Item.stage) == "held")).one(),
        "attempts": [a.model_dump(exclude={"id", "feed_id"}) for a in session.exec(tried)],
    }


def change(session: Session, url: str, options: Mapping[str, Any], columns: Mapping[str, Any], now: datetime) -> None:
    """Set what a person decides; the feed is read anew with it at its next poll, which is now."""
    feed = by_url(session, url)
    for name, value in columns.items():
        setattr(feed, name, value)
    if options:
        made = Options.model_validate(Options.model_validate(feed.options).model_dump() | dict(options))
        feed.options = made.model_dump(mode="json", exclude_defaults=True)
        feed.body_sha256 = feed.etag = feed.last_modified = None  # the same document means something else now
    feed.next_poll_at = now


def pause(session: Session, url: str, why: str) -> None:
    feed = by_url(session, url)
    feed.enabled, feed.state, feed.state_reason = False, "paused", why


def resume(session: Session, url: str, now: datetime) -> None:
    """Polled again from now, whatever it was: its troubles are forgotten, its memory of what is usual stays."""
    feed = by_url(session, url)
    feed.enabled, feed.state, feed.state_reason, feed.next_poll_at = True, "ok", "", now
    feed.error_count = feed.gone_count = 0
    forgotten = ("trouble", "trouble_since", "told", "gone_since")
    feed.memory = {name: value for name, value in feed.memory.items() if name not in forgotten}
    ops.end_notice(session, f"feed:{feed.id}:trouble", now)


def remove(session: Session, url: str) -> str:
    """ "removed", or "retired" where its items stay and so does its row. Adding its address again brings it back."""
    feed = by_url(session, url)
    session.execute(delete(Notice).where(col(Notice.key).like(f"feed:{feed.id}:%")))
    session.execute(delete(FeedAttempt).where(col(FeedAttempt.feed_id) == feed.id))
    if session.exec(select(Item.id).where(col(Item.feed_id) == feed.id).limit(1)).first() is None:
        session.delete(feed)
        return "removed"
    feed.enabled, feed.state, feed.state_reason = False, REMOVED, "by hand"
    return "retired"


def release(session: Session, url: str, now: datetime, *, silently: bool) -> int:
    """Let held items of a flood go on: told like any other, or `silently`. Returns how many."""
    feed = by_url(session, url)
    held = (col(Item.feed_id) == feed.id, col(Item.stage) == "held")
    values = {"stage": "read", "due_at": now, "silent_reason": "flood" if silently else None}
    made = session.execute(update(Item).where(*held).values(values).returning(col(Item.id))).all()
    ops.end_notice(session, f"feed:{feed.id}:flood", now)
    return len(made)
