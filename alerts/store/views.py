# SPDX-License-Identifier: MIT
"""Queries of the console: what a page shows, in one place."""

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.model import StoryFacts
from alerts.store.tables import Delivery, Feed, Item, Story, StoryItem


def latest_stories(session: Session, limit: int = 50) -> list[dict[str, Any]]:
    """Newest stories with their facts, their sources (lead first) and why each item is in them."""
    own = select(Story).where(col(Story.merged_into_id).is_(None))
    rows = session.exec(own.order_by(col(Story.last_seen_at).desc(), col(Story.id).desc()).limit(limit)).all()
    return [_story(session, row) for row in rows]


def _story(session: Session, row: Story) -> dict[str, Any]:
    joined = (
        select(Item, StoryItem, Feed.title)
        .join(StoryItem, col(StoryItem.item_id) == col(Item.id))
        .join(Feed, col(Feed.id) == col(Item.feed_id))
        .where(col(StoryItem.story_id) == row.id)
        .order_by(col(Item.first_seen_at))
    )
    members = [
        {
            "title": item.title,
            "url": item.url,
            "outlet": outlet,
            "lead": item.id == row.lead_item_id,
            "why": link.reason_text,
        }
        for item, link, outlet in session.exec(joined)
    ]
    follows = session.get(Story, row.follows_id) if row.follows_id else None
    return {
        "id": row.id,
        "headline": row.headline,
        "facts": StoryFacts.model_validate(row.facts),
        "event": row.event,
        "event_date": row.event_date,
        "seen": row.last_seen_at,
        "silent": row.silent_reason,
        "follows": follows and {"id": follows.id, "headline": follows.headline},
        "members": sorted(members, key=lambda m: not m["lead"]),
    }


def by_state(session: Session) -> dict[str, dict[str, float]]:
    """For /metrics: deliveries and feeds by state."""
    return {"deliveries": _by(session, Delivery, "state"), "feeds": _by(session, Feed, "state")}


def _by(session: Session, table: Any, column: str) -> dict[str, float]:
    field = getattr(table, column)
    return {
        str(name): float(number) for name, number in session.execute(select(field, func.count()).group_by(field)).all()
    }
