# SPDX-License-Identifier: MIT
"""Rows that pages need to show something."""

from sqlmodel import Session

from alerts.store.tables import Feed, Item, Story
from tests.conftest import NOW


def a_story(session: Session) -> int:
    """A story with its item and feed; returns its id."""
    feed = Feed(url="u", original_url="u", title="Wire", host_key="h", next_poll_at=NOW, created_at=NOW)
    session.add(feed)
    session.flush()
    item = Item(feed_id=feed.id or 0, identity="1", title="News", first_seen_at=NOW, updated_at=NOW, due_at=NOW)
    session.add(item)
    session.flush()
    story = Story(headline="News", lead_item_id=item.id or 0, facts={}, first_seen_at=NOW, last_seen_at=NOW, due_at=NOW)
    session.add(story)
    session.flush()
    assert story.id is not None
    return story.id
