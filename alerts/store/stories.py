# SPDX-License-Identifier: MIT
"""SQL of stories: candidates by key, saving a decision, claiming stories whose subscriptions must be matched."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from alerts.model import Decision, GroupReason, SourceTier, StoryFacts, StoryState
from alerts.store.claims import claim_due
from alerts.store.insert import insert_new
from alerts.store.tables import Story, StoryItem, StoryKey

LEASE_S = 60.0
GROUPING_LOCK = 7_306_502
MAX_CANDIDATES = 200


def lock_grouping(session: Session) -> None:
    """One grouping transaction at a time, so that two workers that meet a story at once make one story of it.

    SQLite needs nothing: its write transaction is exclusive already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": GROUPING_LOCK})


def candidates(session: Session, keys: Sequence[str], since: datetime) -> list[StoryState]:
    """Stories that hold any of the keys and were seen since; newest first."""
    if not keys:
        return []
    found = (
        select(StoryKey.story_id)
        .where(col(StoryKey.key).in_(keys), col(StoryKey.last_seen_at) >= since)
        .group_by(col(StoryKey.story_id))
        .order_by(func.max(col(StoryKey.last_seen_at)).desc(), col(StoryKey.story_id).desc())
        .limit(MAX_CANDIDATES)
    )
    ids = session.exec(found).all()
    return [load(session, story_id) for story_id in ids]


def load(session: Session, story_id: int) -> StoryState:
    """The row as the group stage sees it."""
    story = session.get_one(Story, story_id)
    keys = session.exec(select(StoryKey.key).where(col(StoryKey.story_id) == story_id)).all()
    return StoryState(
        id=story_id,
        headline=story.headline,
        facts=StoryFacts.model_validate(story.facts),
        text=story.lead_text,
        lead_tier=SourceTier(story.lead_tier),
        revision=story.revision,
        first_seen=story.first_seen_at,
        last_seen=story.last_seen_at,
        keys=tuple(keys),
        follows=story.follows_id,
    )


def add_story(session: Session, made: StoryState, lead_item_id: int, silent_reason: str | None, now: datetime) -> int:
    """A new story; it is due for matching at once."""
    story = Story(
        headline=made.headline,
        lead_item_id=lead_item_id,
        facts={},
        first_seen_at=made.first_seen,
        last_seen_at=made.last_seen,
        due_at=now,
        silent_reason=silent_reason,
        follows_id=made.follows,
    )
    _write(story, made)
    session.add(story)
    session.flush()
    assert story.id is not None
    return story.id


def change_story(
    session: Session, story_id: int, made: StoryState, lead_item_id: int | None, now: datetime, *, loud: bool = False
) -> None:
    """A story that another item joined: matched again, since the item may say more than those before it.

    `loud`: the item is fresh news, so a story that was only seen in silence (first import) may be told from now on.
    """
    story = session.get_one(Story, story_id)
    if loud:
        story.silent_reason = None
    _write(story, made)
    if lead_item_id is not None:
        story.lead_item_id = lead_item_id
    story.stage, story.due_at, story.attempts = "match", now, 0


def _write(story: Story, made: StoryState) -> None:
    story.headline, story.lead_text, story.lead_tier = made.headline, made.text, made.lead_tier.value
    story.facts = made.facts.model_dump(mode="json", exclude_defaults=True)
    story.event, story.event_date = made.facts.event.value, made.facts.event_date
    story.revision, story.last_seen_at = made.revision, made.last_seen


def add_keys(session: Session, story_id: int, keys: Sequence[str], now: datetime) -> None:
    """Keys by which later items find this story; known ones are renewed."""
    insert_new(
        session, StoryKey, [{"key": key, "story_id": story_id, "last_seen_at": now} for key in dict.fromkeys(keys)]
    )


def attach(
    session: Session,
    story_id: int,
    item_id: int,
    decision: Decision,
    reason: GroupReason,
    now: datetime,
    *,
    by_hand: bool = False,
) -> None:
    """The item's place in the story, with the reason."""
    row = {
        "story_id": story_id,
        "item_id": item_id,
        "decision": decision.value,
        "reason_code": reason.code,
        "reason_text": reason.text,
        "fields": {field: verdict.value for field, verdict in reason.fields.items()},
        "score": reason.score,
        "by_hand": by_hand,
        "decided_at": now,
    }
    insert_new(session, StoryItem, [row])


def claim_unmatched(session: Session, now: datetime, limit: int) -> list[int]:
    values = {"attempts": Story.__table__.c.attempts + 1}  # type: ignore[attr-defined]
    where = [col(Story.stage) == "match"]
    return claim_due(session, Story, "due_at", where, now=now, lease_s=LEASE_S, limit=limit, values=values)


def members(session: Session, story_id: int) -> list[int]:
    """Item ids of a story, in the order in which they joined."""
    statement = select(StoryItem.item_id).where(col(StoryItem.story_id) == story_id)
    return list(session.exec(statement.order_by(col(StoryItem.decided_at), col(StoryItem.item_id))))


def story_of(session: Session, item_id: int) -> int | None:
    """The story that an item is in."""
    statement = select(StoryItem.story_id).where(col(StoryItem.item_id) == item_id)
    return session.exec(statement.order_by(col(StoryItem.decided_at).desc())).first()
