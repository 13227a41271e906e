# SPDX-License-Identifier: MIT
"""SQL of stories: candidates by key, saving a decision, claiming stories whose subscriptions must be matched."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import TextClause, delete, func, text, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from alerts.model import Grouping, GroupReason, SourceTier, StoryFacts, StoryState
from alerts.store.claims import claim_due
from alerts.store.engine import take_turn
from alerts.store.insert import insert_new
from alerts.store.tables import MatchRow, Story, StoryItem, StoryKey, StoryOverride
from alerts.stories import Lookup, Override

LEASE_S = 60.0
GROUPING_LOCK = 7_306_502
MAX_CANDIDATES = 200
KEPT_SILENT = {"split", "merged"}  # by hand: told only when a person says so


class Home(NamedTuple):
    """Where an item is, and which revision of it was decided on."""

    story_id: int
    item_revision: int
    by_hand: bool


def lock_grouping(session: Session) -> None:
    """One grouping transaction at a time, so that two workers that meet a story at once make one story of it."""
    take_turn(session, GROUPING_LOCK)


# ── finding ──────────────────────────────────────────────────────────────────────────────────────


def hashed(key: str) -> int:
    """A key as it is stored: 64 bits, signed."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def candidates(session: Session, lookups: Sequence[Lookup]) -> list[StoryState]:
    """Stories that any of the look-ups proposes; each with those of its keys that were asked for.

    A story that was merged by hand answers under the number of the story it lives on in, with its own facts: whoever
    merged it said that both are one event.
    """
    asked = [(key, look) for look in lookups for key in look.keys]
    if not asked:
        return []
    names = {hashed(key): key for key, _ in asked}
    found: dict[int, set[str]] = {}
    for key, story_id in session.execute(_latest(len(asked)), _binds(asked)):
        if story_id in found or len(found) < MAX_CANDIDATES:
            found.setdefault(story_id, set()).add(names[key])
    return _loaded(session, found)


@lru_cache(maxsize=256)
def _latest(n: int) -> TextClause:
    """For each of n keys the latest stories: n short index ranges in one statement, whatever the history holds."""
    one = (
        "SELECT key, story_id FROM (SELECT key, story_id FROM story_key WHERE key = :k{0} AND day BETWEEN :f{0} AND :l{0} "
        "ORDER BY key DESC, day DESC, story_id DESC LIMIT :n{0}) AS q{0}"
    )
    return text(" UNION ALL ".join(one.format(i) for i in range(n)))


def _binds(asked: Sequence[tuple[str, Lookup]]) -> dict[str, int]:
    binds: dict[str, int] = {}
    for i, (key, look) in enumerate(asked):
        binds |= {
            f"k{i}": hashed(key),
            f"f{i}": look.first.toordinal(),
            f"l{i}": look.last.toordinal(),
            f"n{i}": look.limit,
        }
    return binds


def _loaded(session: Session, found: dict[int, set[str]]) -> list[StoryState]:
    table = Story.__table__  # type: ignore[attr-defined]
    rows = session.execute(table.select().where(table.c.id.in_(found))).mappings()
    return [_state(row, tuple(sorted(found[row["id"]]))) for row in rows]


def _state(row: Any, keys: tuple[str, ...] = ()) -> StoryState:
    return StoryState(
        id=row["merged_into_id"] or row["id"],
        headline=row["headline"],
        facts=StoryFacts.model_validate(row["facts"]),
        text=row["lead_text"],
        lead_tier=SourceTier(row["lead_tier"]),
        revision=row["revision"],
        first_seen=row["first_seen_at"],
        last_seen=row["last_seen_at"],
        keys=keys,
        follows=row["follows_id"],
    )


def load(session: Session, story_id: int) -> StoryState:
    """The row as the group stage sees it. Raises NoResultFound."""
    table = Story.__table__  # type: ignore[attr-defined]
    return _state(session.execute(table.select().where(table.c.id == story_id)).mappings().one())


def home_of(session: Session, item_id: int) -> Home | None:
    """The story that an item is in; a round-up is at home in its own story before those that it tells among others."""
    statement = select(StoryItem).where(col(StoryItem.item_id) == item_id)
    row = session.exec(statement.order_by(col(StoryItem.part), col(StoryItem.decided_at).desc())).first()
    return Home(row.story_id, row.item_revision, row.by_hand) if row else None


def members(session: Session, story_id: int, *, parts: bool = False) -> list[int]:
    """Item ids of a story (or of the one it lives on in), in the order in which they joined.

    `parts`: also the round-ups that tell it among others.
    """
    lives_on = select(func.coalesce(col(Story.merged_into_id), col(Story.id))).where(col(Story.id) == story_id)
    statement = select(StoryItem.item_id).where(col(StoryItem.story_id) == lives_on.scalar_subquery())
    if not parts:
        statement = statement.where(col(StoryItem.part).is_(False))
    return list(session.exec(statement.order_by(col(StoryItem.decided_at), col(StoryItem.item_id))))


def places(session: Session, item_id: int) -> list[StoryItem]:
    """Every story that the item is in, its own first."""
    statement = select(StoryItem).where(col(StoryItem.item_id) == item_id)
    return list(session.exec(statement.order_by(col(StoryItem.part), col(StoryItem.story_id))))


def place_of(session: Session, story_id: int, item_id: int) -> StoryItem:
    return session.get_one(StoryItem, (story_id, item_id))


def followers(session: Session, story_id: int) -> list[int]:
    """Stories that are updates of this one."""
    statement = select(Story.id).where(col(Story.follows_id) == story_id, col(Story.merged_into_id).is_(None))
    return [number for number in session.exec(statement.order_by(col(Story.id))) if number is not None]


def merged_ids(session: Session, story_id: int) -> list[int]:
    """Stories that live on in this one."""
    statement = select(Story.id).where(col(Story.merged_into_id) == story_id)
    return [number for number in session.exec(statement.order_by(col(Story.id))) if number is not None]


def overrides_of(session: Session, item_id: int) -> list[Override]:
    """What people said about the item."""
    rows = session.exec(select(StoryOverride).where(col(StoryOverride.item_id) == item_id))
    return [Override.model_validate({n: getattr(r, n) for n in Override.model_fields}) for r in rows]


def kept_apart(session: Session, story_id: int) -> set[int]:
    """Stories that a person split off this one, or this one off them."""
    left, gone_to = (aliased(StoryOverride) for _ in range(2))
    pairs = (
        select(left.story_id, gone_to.story_id)
        .join(gone_to, col(gone_to.item_id) == col(left.item_id))
        .where(col(left.kind) == "split", col(gone_to.kind) == "merge")
        .where((col(left.story_id) == story_id) | (col(gone_to.story_id) == story_id))
    )
    return {number for pair in session.exec(pairs) for number in pair} - {story_id}


# ── saving ───────────────────────────────────────────────────────────────────────────────────────


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
    session: Session,
    story_id: int,
    made: StoryState,
    lead_item_id: int | None,
    now: datetime,
    *,
    loud: bool = False,
    match: bool = True,
) -> None:
    """A story that another item joined: matched again, since the item may say more than those before it.

    `loud`: the item is fresh news, so a story that was only seen in silence (first import) may be told from now on.
    `match` False: nothing new was reported (a newer reader, a hand), so nobody is to hear of it.
    """
    story = session.get_one(Story, story_id)
    if loud and story.silent_reason not in KEPT_SILENT:
        story.silent_reason = None
    _write(story, made)
    if lead_item_id is not None:
        story.lead_item_id = lead_item_id
    if match:
        story.stage, story.due_at, story.attempts = "match", now, 0
    session.flush()


def _write(story: Story, made: StoryState) -> None:
    story.headline, story.lead_text, story.lead_tier = made.headline, made.text, made.lead_tier.value
    story.facts = made.facts.model_dump(mode="json", exclude_defaults=True)
    story.event, story.event_date = made.facts.event.value, made.facts.event_date
    story.revision, story.last_seen_at = made.revision, made.last_seen


def note(session: Session, story_id: int, grouping: Grouping) -> None:
    """What the decision says of the story that it opened."""
    values = {"follows_id": grouping.follows, "follows_step": grouping.step, "review": grouping.review}
    session.execute(update(Story).where(col(Story.id) == story_id).values(values))


def lives_on(session: Session, story_id: int, into: int, *, by_hand: bool) -> None:
    """The story is one with `into` from now on; whoever was told of it counts as told of `into`.

    By hand, its keys and facts stay: later items on either telling are found and belong to `into`. A merge by the rules
    leaves no keys, so that one story is never compared by the facts of another.
    """
    session.execute(update(Story).where(col(Story.merged_into_id) == story_id).values(merged_into_id=into))
    session.execute(
        update(Story).where(col(Story.follows_id) == story_id, col(Story.id) != into).values(follows_id=into)
    )
    session.execute(update(Story).where(col(Story.id) == story_id).values(merged_into_id=into, stage="done"))
    if not by_hand:
        drop_keys(session, story_id)
    revision = session.exec(select(Story.revision).where(col(Story.id) == into)).one()
    told = session.exec(select(MatchRow).where(col(MatchRow.story_id) == story_id)).all()
    skipped = {"id", "story_id", "story_revision"}
    rows = [{n: getattr(m, n) for n in MatchRow.model_fields if n not in skipped} for m in told]
    insert_new(session, MatchRow, [{**row, "story_id": into, "story_revision": revision} for row in rows])


def override(session: Session, said: Override, item_id: int) -> None:
    """A person's word on an item."""
    session.add(StoryOverride(item_id=item_id, **said.model_dump()))
    session.flush()


def add_keys(session: Session, story_id: int, keys: Iterable[str], told: date) -> None:
    """Keys by which later items find this story; one that it has already stays under its first day."""
    known = set(session.exec(select(StoryKey.key).where(col(StoryKey.story_id) == story_id)))
    new = {hashed(key) for key in keys} - known
    insert_new(session, StoryKey, [{"key": k, "day": told.toordinal(), "story_id": story_id} for k in sorted(new)])


def drop_keys(session: Session, story_id: int) -> None:
    session.execute(delete(StoryKey).where(col(StoryKey.story_id) == story_id))


def attach(
    session: Session,
    story_id: int,
    item: tuple[int, int],
    decision: str,
    reason: GroupReason,
    now: datetime,
    *,
    by_hand: bool = False,
    part: bool = False,
) -> None:
    """The place of an item (id, revision) in the story, with the reason; a newer decision replaces an older one."""
    item_id, revision = item
    detach(session, item_id, story_id)
    row = {
        "story_id": story_id,
        "item_id": item_id,
        "decision": decision,
        "reason_code": reason.code,
        "reason_text": reason.text,
        "fields": {field: verdict.value for field, verdict in reason.fields.items()},
        "score": reason.score,
        "by_hand": by_hand,
        "part": part,
        "item_revision": revision,
        "decided_at": now,
    }
    insert_new(session, StoryItem, [row])


def detach(session: Session, item_id: int, story_id: int | None = None) -> None:
    """The item leaves the story, or every story that it is in."""
    statement = delete(StoryItem).where(col(StoryItem.item_id) == item_id)
    session.execute(statement if story_id is None else statement.where(col(StoryItem.story_id) == story_id))


def seen_again(session: Session, story_id: int, item_id: int, revision: int) -> None:
    """The item stays, in a newer revision."""
    where = (col(StoryItem.story_id) == story_id, col(StoryItem.item_id) == item_id)
    session.execute(update(StoryItem).where(*where).values(item_revision=revision))


def claim_unmatched(session: Session, now: datetime, limit: int) -> list[int]:
    values = {"attempts": Story.__table__.c.attempts + 1}  # type: ignore[attr-defined]
    where = [col(Story.stage) == "match"]
    return claim_due(session, Story, "due_at", where, now=now, lease_s=LEASE_S, limit=limit, values=values)


def trace(session: Session, story_id: int | None) -> str | None:
    """What ties log lines together from the poll to the delivery: the first item of the story, as `i<id>`."""
    first = session.exec(select(func.min(StoryItem.item_id)).where(col(StoryItem.story_id) == story_id)).one()
    return None if first is None else f"i{first}"
