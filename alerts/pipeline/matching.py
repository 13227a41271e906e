# SPDX-License-Identifier: MIT
"""Story × subscriptions → matches and deliveries, each unique by its key."""

import threading
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from alerts.delivery import message_id
from alerts.facts import concepts
from alerts.model import AlertKind, Match
from alerts.store import deliveries, items, ops, stories, subscriptions
from alerts.store.insert import insert_new
from alerts.store.subscriptions import ActiveSubscription
from alerts.store.tables import MatchRow, Story
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
    made = 0
    for subscription, rule in rules:
        if subscription.id in told or (subscription.muted_until and subscription.muted_until > now):
            continue
        found = next(
            (m for i in members if (m := match(rule, i.news, items.facts_of(session, i), concepts())).match), None
        )
        if found is not None:
            made += _alert(session, story, subscription, found, now)
    return made


def _alert(session: Session, story: Story, subscription: ActiveSubscription, found: Match, now: datetime) -> int:
    assert story.id is not None
    follows = story.follows_id is not None and subscriptions.told_by(session, [subscription.id], story.follows_id)
    kind = AlertKind.UPDATE if follows else AlertKind.STORY
    row = {
        "subscription_id": subscription.id,
        "story_id": story.id,
        "story_revision": story.revision,
        "subscription_revision": subscription.revision,
        "kind": kind.value,
        "reasons": [r.model_dump(mode="json", exclude_defaults=True) for r in found.reasons],
        "matched_at": now,
    }
    if not insert_new(session, MatchRow, [row]):
        return 0
    made = deliveries.add(
        session, [_delivery(session, story, subscription, channel, kind, now) for channel in subscription.channel_ids]
    )
    log.info("matched", story_id=story.id, subscription_id=subscription.id, kind=kind.value, deliveries=len(made))
    return len(made)


def _delivery(
    session: Session, story: Story, subscription: ActiveSubscription, channel: int, kind: AlertKind, now: datetime
) -> dict[str, Any]:
    key = (subscription.id, story.id, story.revision, channel, kind.value)
    return {
        "subscription_id": subscription.id,
        "story_id": story.id,
        "revision": story.revision,
        "channel_id": channel,
        "kind": kind.value,
        "state": "pending",
        "not_before": now,
        "message_id": message_id(ops.installation_id(session), *key),
        "created_at": now,
        "updated_at": now,
    }
