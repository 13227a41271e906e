# SPDX-License-Identifier: MIT
"""The index of all active rules in a process, brought up to date from the store: changed rules only."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic

import structlog
from pydantic import ValidationError
from sqlmodel import Session

from alerts.facts import concepts
from alerts.model import Facts, Match, NewsItem
from alerts.store import active
from alerts.subscriptions import Rule, RuleIndex

OVERLAP = timedelta(minutes=5)  # a slow transaction may commit a change that is dated before one we have seen
COUNT_EVERY_S = 60.0  # how often everything is counted, should a change have slipped through all the same

log = structlog.get_logger()


class RuleCache:
    """Rules by subscription id. One per process; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._counted_at = -COUNT_EVERY_S
        self._reset()

    def _reset(self) -> None:
        self._known = concepts()
        self._index: RuleIndex[int] = RuleIndex(self._known)
        self._revisions: dict[int, int] = {}
        self._newest: datetime | None = None

    def match(self, item: NewsItem, facts: Facts) -> Mapping[int, Match]:
        """Subscriptions whose rule the item meets, with why."""
        with self._lock:
            return self._index.match(item, facts)

    def revision(self, subscription_id: int) -> int:
        return self._revisions.get(subscription_id, 1)

    def refresh(self, session: Session) -> None:
        """Take over what changed in the store since the last time; once for a batch of stories is enough."""
        with self._lock:
            if concepts() is not self._known:  # the vocabulary changed: what stands below a concept did, too
                self._reset()
            self._catch_up(session)
            if self._clock() - self._counted_at >= COUNT_EVERY_S:
                self._counted_at = self._clock()
                if active.census(session) != active.Census(len(self._revisions), sum(self._revisions.values())):
                    log.warning("rules_read_again", reason="their number or revisions differ from the store's")
                    self._reset()
                    self._catch_up(session)

    def _catch_up(self, session: Session) -> None:
        since = self._newest - OVERLAP if self._newest else None
        for row in active.changed(session, since):
            self._newest = max(self._newest or row.updated_at, row.updated_at)
            if row.rule is None:
                self._index.remove(row.subscription_id)
                self._revisions.pop(row.subscription_id, None)
            elif self._revisions.get(row.subscription_id) != row.revision:
                self._put(row)

    def _put(self, row: active.StoredRule) -> None:
        """A rule that cannot be read (it was checked when it was saved) costs no other; it is told in the log."""
        self._revisions[row.subscription_id] = row.revision
        try:
            self._index.put(row.subscription_id, Rule.model_validate(row.rule))
        except ValidationError as exc:
            self._index.remove(row.subscription_id)
            log.warning("rule_unreadable", subscription_id=row.subscription_id, error=str(exc)[:300])
