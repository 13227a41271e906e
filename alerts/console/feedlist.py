# SPDX-License-Identifier: MIT
"""What pages and API do to feeds: check an address, add, import, change, pause, poll soon. Audited in the same transaction."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlmodel import Session

from alerts.console.desk import Desk, not_found
from alerts.errors import InputError, OncowireError
from alerts.feeds import Checked, ListedFeed, Schedule, check, first_poll_s, read_opml, sandbox, write_opml
from alerts.model import SourceTier
from alerts.net import Client, Guard
from alerts.pipeline.polling import user_agent
from alerts.store import browse, feed_admin, feeds
from alerts.store.tables import Feed

MAX_OPML_BYTES = 2_000_000


def looked_at(desk: Desk, url: str) -> Checked:
    """What stands at an address: a feed with its entries, or a page and the feeds that it names. Nothing is stored."""
    url = url.strip()
    client = Client(Guard(desk.settings.fetch_allow), user_agent(desk.settings))
    try:
        return check(url if "://" in url else f"https://{url}", client, sandbox(), desk.now)
    finally:
        client.close()


class Added(NamedTuple):
    """Addresses that are new, those that were there already, and those that may not be fetched, each with why."""

    new: list[str]
    known: list[str]
    refused: list[str]


def add_one(session: Session, desk: Desk, feed: ListedFeed) -> Feed:
    """Raises InputError(feed_exists), or the guard's error where the address may not be fetched."""
    Guard(desk.settings.fetch_allow).check_url(feed.url)
    schedule = Schedule(desk.settings.min_interval_s, desk.settings.minute_s)
    due = desk.now + timedelta(seconds=first_poll_s(feed.url, schedule))
    made = feeds.add(session, feed, due, desk.now)
    if made is None:
        raise InputError("feed_exists", "This feed is there already.")
    desk.audit(session, "feed_added", f"feed {feed.url}")
    return session.get_one(Feed, made)


def add(session: Session, desk: Desk, listed: Sequence[ListedFeed]) -> Added:
    """One that may not be fetched costs the others nothing."""
    done = Added([], [], [])
    for feed in listed:
        try:
            add_one(session, desk, feed)
            done.new.append(feed.url)
        except OncowireError as exc:
            if exc.code == "feed_exists":
                done.known.append(feed.url)
            else:
                done.refused.append(f"{feed.url}: {exc.message}")
    return done


def opened(body: bytes) -> list[ListedFeed]:
    """Feeds of an OPML file. Raises InputError(bad_opml · too_long)."""
    if len(body) > MAX_OPML_BYTES:
        raise InputError("too_long", f"At most {MAX_OPML_BYTES // 1_000_000} MB.")
    return read_opml(body)


def as_opml(session: Session) -> bytes:
    return write_opml([ListedFeed(f.url, f.title, f.tier) for f in feeds.everything(session)])


def one(session: Session, feed_id: int) -> Feed:
    """Raises InputError(not_found)."""
    row = browse.feed(session, feed_id)
    if row is None:
        raise not_found("feed")
    return row


def switch(session: Session, desk: Desk, row: Feed, *, on: bool) -> None:
    """Polled again from now, or not any more: its items stay either way."""
    if on:
        feed_admin.resume(session, row.url, desk.now)
    else:
        feed_admin.pause(session, row.url, f"by {desk.actor.name}")
    desk.audit(session, "feed_resume" if on else "feed_pause", f"feed {row.url}")


def describe(session: Session, desk: Desk, row: Feed, title: str, tier: SourceTier) -> None:
    row.title, row.tier = title.strip()[:200], tier.value
    desk.audit(session, "feed_name", f"feed {row.url}", title=row.title, tier=row.tier)


def poll_soon(session: Session, desk: Desk, row: Feed) -> None:
    """With the next sweep, unless that was done a moment ago: politeness stands above people's hurry."""
    feeds.make_due(session, desk.now, only=row.id, min_interval_s=desk.settings.min_interval_s)
    desk.audit(session, "feed_soon", f"feed {row.url}")
