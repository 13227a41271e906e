# SPDX-License-Identifier: MIT
"""A rule tried on stored history, for the rule editor: counts, weeks, the first stories with why, near misses with why not.

history = History(store)                       # one per process; the first preview reads the history, later ones what is new
seen = history.preview(rule, days=30)          # a Rule that is valid but saved nowhere
seen.matches, seen.near                        # newest first, MAX_SHOWN of each, with reasons and marked mentions
seen.matched, seen.per_week, seen.missed, seen.failed, seen.stories
"""

import threading
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from alerts.facts import concepts
from alerts.model import Match, NewsItem
from alerts.store import archive, items
from alerts.store.engine import Store
from alerts.subscriptions import Archive, Found, Rule, match

MAX_SHOWN = 20
KEPT = timedelta(days=400)
OVERLAP = timedelta(minutes=5)


class Shown(NamedTuple):
    """A story of the preview. `match.reasons` say why; `failed` is the one condition that did not hold, None for a match."""

    story_id: int
    seen_at: datetime
    item: NewsItem
    match: Match
    failed: str | None


class Seen(NamedTuple):
    stories: int  # tried
    matched: int
    per_week: dict[str, int]  # ISO week → matches
    missed: int
    failed: dict[str, int]  # condition → stories that only it stopped
    matches: list[Shown]
    near: list[Shown]


class History:
    """Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._archive = Archive()
        self._read_to: datetime | None = None

    def preview(self, rule: Rule, days: int = 30, now: datetime | None = None) -> Seen:
        moment = now or datetime.now(UTC)
        with self._store.read() as session:
            with self._lock:
                self._catch_up(session, moment)
                found = self._archive.preview(rule, concepts(), since=moment - timedelta(days=days))
            return Seen(
                stories=found.stories,
                matched=len(found.matches),
                per_week=found.per_week,
                missed=len(found.near),
                failed=found.failed,
                matches=[_shown(session, rule, f) for f in found.matches[:MAX_SHOWN]],
                near=[_shown(session, rule, f) for f in found.near[:MAX_SHOWN]],
            )

    def _catch_up(self, session: Session, now: datetime) -> None:
        changed = self._read_to - OVERLAP if self._read_to else None
        for row in archive.rows(session, now - KEPT, changed):
            news = {"title": row.title, "summary": row.summary, "source": row.source}
            self._archive.add(row.story_id, row.item_id, row.seen_at, news, row.facts)
            self._read_to = max(self._read_to or row.changed_at, row.changed_at)


def _shown(session: Session, rule: Rule, found: Found) -> Shown:
    item = items.load(session, [found.item_id])[0]
    made = match(rule, item.news, items.facts_of(session, item), concepts())
    return Shown(found.story_id, found.seen_at, item.news, made, found.failed)
