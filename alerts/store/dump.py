# SPDX-License-Identifier: MIT
"""The store as the contract's JSON Lines: items, stories, deliveries, feeds."""

from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select

from alerts.store import digests
from alerts.store.tables import (
    Channel,
    Delivery,
    DeliveryAttempt,
    Feed,
    Item,
    ItemFacts,
    Story,
    StoryItem,
    Subscription,
)


def items(session: Session) -> Iterator[dict[str, Any]]:
    for item in session.exec(select(Item).order_by(col(Item.id))):
        facts = session.get(ItemFacts, (item.id, item.revision))
        yield {
            "id": str(item.id),
            "feed": item.feed_id,
            "guid": item.guid,
            "url": item.url,
            "title": item.title,
            "summary": item.summary,
            "published": item.published_at,
            "first_seen": item.first_seen_at,
            "revision": item.revision,
            "facts": facts.facts if facts else None,
            "silent_reason": item.silent_reason,
            "error": {"code": item.error_code, "message": item.error_text} if item.error_code else None,
        }


def stories(session: Session) -> Iterator[dict[str, Any]]:
    members: dict[int, list[str]] = {}
    for link in session.exec(select(StoryItem).order_by(col(StoryItem.decided_at), col(StoryItem.item_id))):
        members.setdefault(link.story_id, []).append(str(link.item_id))
    for story in session.exec(select(Story).order_by(col(Story.id))):
        yield {
            "id": str(story.id),
            "headline": story.headline,
            "facts": story.facts,
            "items": members.get(story.id or 0, []),
            "follows": str(story.follows_id) if story.follows_id else None,
            "revision": story.revision,
            "merged_into": str(story.merged_into_id) if story.merged_into_id else None,
        }


def deliveries(
    session: Session, newest: int | None = None, *, state: str | None = None, only: int | None = None
) -> Iterator[dict[str, Any]]:
    """All, oldest first; or the `newest` ones, newest first; those in one state, or `only` the one of that number."""
    joined = (
        select(Delivery, Subscription.name, Channel.kind, Channel.hint)
        .outerjoin(Subscription, col(Subscription.id) == col(Delivery.subscription_id))
        .join(Channel, col(Channel.id) == col(Delivery.channel_id))
    )
    joined = joined.where(col(Delivery.state) == state) if state else joined
    joined = joined.where(col(Delivery.id) == only) if only is not None else joined
    ordered = (
        joined.order_by(col(Delivery.id)) if newest is None else joined.order_by(col(Delivery.id).desc()).limit(newest)
    )
    for row, subscription, kind, hint in session.exec(ordered):
        tried = session.exec(
            select(DeliveryAttempt)
            .where(col(DeliveryAttempt.delivery_id) == row.id)
            .order_by(col(DeliveryAttempt.number))
        )
        yield {
            "id": str(row.id),
            "subscription": subscription,
            "story": None if row.story_id is None else str(row.story_id),
            "stories": _stories(session, row),
            "channel": kind,
            "to": hint,
            "kind": row.kind,
            "state": row.state,
            "reason": row.state_reason,
            "why": row.why,
            "attempts": [{"at": a.started_at, "outcome": a.outcome, "code": a.code} for a in tried],
            "message_id": row.message_id,
            "subject": (row.message or {}).get("subject", ""),
        }


def _stories(session: Session, row: Delivery) -> list[str]:
    """The stories that a delivery tells: its own, or those of a digest."""
    if row.story_id is not None or row.id is None:
        return [str(row.story_id)] if row.story_id is not None else []
    return [str(entry.story_id) for entry in digests.entries_of(session, row.id)]


def feeds(session: Session) -> Iterator[dict[str, Any]]:
    wanted = (
        "id", "url", "original_url", "title", "tier", "enabled", "state", "state_reason", "last_status", "last_error_code",
        "error_count", "last_polled_at", "last_ok_at", "last_new_item_at", "next_poll_at",
    )  # fmt: skip
    for feed in session.exec(select(Feed).where(col(Feed.state) != "removed").order_by(col(Feed.id))):
        yield {name: getattr(feed, name) for name in wanted}
