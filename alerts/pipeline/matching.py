# SPDX-License-Identifier: MIT
"""Story × subscriptions → matches and deliveries, each unique by its key."""

from datetime import datetime

import structlog
from sqlmodel import Session

from alerts.model import AlertKind, Match
from alerts.pipeline import placing
from alerts.pipeline.roundups import news_of
from alerts.pipeline.rulecache import RuleCache
from alerts.store import items, stories, subscriptions
from alerts.store.tables import Story
from alerts.stories import CORRECTED

MAX_MEMBERS = 20  # items of a story that a rule is tried on

log = structlog.get_logger()
Met = dict[int, Match]  # subscription → why


def match_story(session: Session, story_id: int, rules: RuleCache, now: datetime) -> int:
    """Deliveries made. A subscription that was told of this story is not told again, whoever else reports it.

    A new revision (its publisher corrected what an alert had stated) is told once more, as an update; so is a story that
    corrects another. Whoever was told the mistaken version hears of it, whether or not their rule meets it now.
    """
    story = session.get_one(Story, story_id)
    story.stage = "done"
    if story.silent_reason is not None:
        return 0
    told = subscriptions.matched_before(session, story_id, story.revision)
    met: Met = {}
    for member in items.load(session, stories.members(session, story_id)[-MAX_MEMBERS:]):
        wanted = rules.match(member.news, news_of(session, member, story_id))
        met.update({s: wanted[s] for s in wanted if s not in told and s not in met})
    return _alert(session, story, _misled(session, story, told) | met, rules, now)


def _misled(session: Session, story: Story, told: set[int]) -> Met:
    """Who was told what this story corrects, by the reasons for which they were told it."""
    mistaken = story.id if story.revision > 1 else story.follows_id if story.follows_step == CORRECTED else None
    earlier = subscriptions.matches_of(session, mistaken) if mistaken is not None else {}
    return {s: Match(match=True, reasons=reasons) for s, reasons in earlier.items() if s not in told}


def _alert(session: Session, story: Story, met: Met, rules: RuleCache, now: datetime) -> int:
    """Match rows, then what follows for each channel; a match that is there already is told no second time."""
    if not met:
        return 0
    told_of = {number for number in (story.id, story.follows_id) if number is not None}
    updated = {s for number in told_of for s in subscriptions.matched_before(session, number)}
    kinds = {s: AlertKind.UPDATE if s in updated else AlertKind.STORY for s in met}
    rows = [
        {
            "subscription_id": subscription,
            "story_id": story.id,
            "story_revision": story.revision,
            "subscription_revision": rules.revision(subscription),
            "kind": kinds[subscription].value,
            "reasons": [r.model_dump(mode="json", exclude_defaults=True) for r in found.reasons],
            "matched_at": now,
        }
        for subscription, found in met.items()
    ]
    new = subscriptions.save_matches(session, rows)
    made = placing.tell(session, story, {s: kinds[s] for s in new}, now)
    log.info(
        "matched", trace=stories.trace(session, story.id), story_id=story.id, subscriptions=len(new), due_at_once=made
    )
    return made
