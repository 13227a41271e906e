# SPDX-License-Identifier: MIT
"""Story × subscriptions → matches and deliveries, each unique by its key."""

import threading
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from alerts.facts import concepts
from alerts.model import AlertKind, Match
from alerts.pipeline import placing
from alerts.store import items, stories, subscriptions
from alerts.store.subscriptions import ActiveSubscription
from alerts.store.tables import Story
from alerts.subscriptions import Rule, match

MAX_MEMBERS = 20  # items of a story that a rule is tried on

log = structlog.get_logger()
Compiled = list[tuple[ActiveSubscription, Rule]]


class RuleCache:
    """Rules of all active subscriptions, read again when any of them changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version: tuple[Any, ...] | None = None
        self._rules: Compiled = []

    def of(self, session: Session) -> Compiled:
        version = subscriptions.version(session)
        with self._lock:
            if version != self._version:
                self._rules = [(s, Rule.model_validate(s.spec["rule"])) for s in subscriptions.active(session)]
                self._version = version
            return self._rules


def match_story(session: Session, story_id: int, rules: Compiled, now: datetime) -> int:
    """Deliveries made. A subscription that was told of this story is not told again, whoever else reports it."""
    story = session.get_one(Story, story_id)
    story.stage = "done"
    if story.silent_reason is not None:
        return 0
    members = items.load(session, stories.members(session, story_id)[-MAX_MEMBERS:])
    told = subscriptions.matched_before(session, story_id)
    met: list[tuple[ActiveSubscription, Match]] = []
    for subscription, rule in rules:
        if subscription.id in told:
            continue
        found = next(
            (m for i in members if (m := match(rule, i.news, items.facts_of(session, i), concepts())).match), None
        )
        if found is not None:
            met.append((subscription, found))
    return _alert(session, story, met, now)


def _alert(session: Session, story: Story, met: list[tuple[ActiveSubscription, Match]], now: datetime) -> int:
    """Match rows, then what follows for each channel; a match that is there already is told no second time."""
    if not met:
        return 0
    updated = subscriptions.matched_before(session, story.follows_id) if story.follows_id else set()
    kinds = {s.id: AlertKind.UPDATE if s.id in updated else AlertKind.STORY for s, _ in met}
    rows = [
        {
            "subscription_id": subscription.id,
            "story_id": story.id,
            "story_revision": story.revision,
            "subscription_revision": subscription.revision,
            "kind": kinds[subscription.id].value,
            "reasons": [r.model_dump(mode="json", exclude_defaults=True) for r in found.reasons],
            "matched_at": now,
        }
        for subscription, found in met
    ]
    new = subscriptions.save_matches(session, rows)
    made = placing.tell(session, story, {s: kinds[s] for s in new}, now)
    log.info("matched", story_id=story.id, subscriptions=len(new), due_at_once=made)
    return made
