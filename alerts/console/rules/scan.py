# SPDX-License-Identifier: MIT
"""A rule tried on stored stories, one by one."""

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlmodel import col, select

from alerts.facts import concepts
from alerts.store import items
from alerts.store.engine import Store
from alerts.store.tables import StoryItem
from alerts.subscriptions import Rule, match

MAX_ITEMS = 5000


class Found(NamedTuple):
    story_id: int
    item_id: int
    seen_at: datetime
    failed: str | None


class Preview(NamedTuple):
    stories: int
    matches: list[Found]
    near: list[Found]
    per_week: dict[str, int]
    failed: dict[str, int]


class History:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.oldest: datetime | None = None

    def preview(self, rule: Rule, since: datetime) -> Preview:
        best: dict[int, Found] = {}
        stories: set[int] = set()
        with self._store.read() as session:
            links = session.exec(
                select(StoryItem.story_id, StoryItem.item_id).order_by(col(StoryItem.item_id).desc()).limit(MAX_ITEMS)
            ).all()
            home = {item: story for story, item in links}
            for item in items.load(session, list(home)):
                seen = item.news.first_seen
                if seen is None or seen < since:
                    continue
                self.oldest = min(self.oldest or seen, seen)
                story = home[item.id]
                stories.add(story)
                made = match(rule, item.news, items.facts_of(session, item), concepts())
                if made.match:
                    best[story] = Found(story, item.id, seen, None)
                elif len(made.failed) == 1 and story not in best:
                    best[story] = Found(story, item.id, seen, made.failed[0])
        newest = sorted(best.values(), key=lambda f: f.seen_at, reverse=True)
        matches = [f for f in newest if f.failed is None]
        near = [f for f in newest if f.failed is not None]
        weeks = Counter(f"{f.seen_at.isocalendar().year}-W{f.seen_at.isocalendar().week:02}" for f in matches)
        return Preview(len(stories), matches, near, dict(weeks), dict(Counter(f.failed for f in near if f.failed)))
