# SPDX-License-Identifier: MIT
"""SQL of the review queue: names that look like a drug and are in no vocabulary, until a person decides."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from alerts.errors import InputError
from alerts.model import Facts
from alerts.store.insert import insert_new
from alerts.store.tables import Item, NovelName, StoryItem

TIER = "novel"


def note(session: Session, found: Iterable[tuple[int, Facts]], now: datetime) -> None:
    """Queue the unknown names of items about cancer; one that is there is counted again, whatever was decided on it."""
    seen: dict[str, tuple[int, str, int]] = {}
    for item_id, facts in found:
        for drug in facts.drugs if facts.relevant else ():
            if drug.tier == TIER:
                first, reason, count = seen.get(drug.name, (item_id, _reason(drug.name), 0))
                seen[drug.name] = (first, reason, count + 1)
    rows = [
        {"name": name, "reason": reason, "first_item_id": first, "seen_count": 0, "state": "open", "first_seen_at": now}
        for name, (first, reason, _) in seen.items()
    ]
    insert_new(session, NovelName, rows)
    for name, (_, _, count) in seen.items():
        session.execute(
            update(NovelName).where(col(NovelName.name) == name).values(seen_count=col(NovelName.seen_count) + count)
        )


def _reason(name: str) -> str:
    return "code pattern" if any(map(str.isdigit, name)) else "INN stem"


def queue(session: Session, state: str = "open") -> list[NovelName]:
    """Names in a state, the most often seen first."""
    statement = select(NovelName).where(col(NovelName.state) == state)
    return list(session.exec(statement.order_by(col(NovelName.seen_count).desc(), col(NovelName.name))))


class Queued(NamedTuple):
    """A name with the item that it was first seen in, and the story of that item."""

    row: NovelName
    title: str
    story_id: int | None


def with_examples(session: Session) -> list[Queued]:
    """Every name there ever was in the queue, the most often seen first."""
    statement = (
        select(NovelName, Item.title, func.min(col(StoryItem.story_id)))
        .join(Item, col(Item.id) == col(NovelName.first_item_id))
        .outerjoin(StoryItem, col(StoryItem.item_id) == col(Item.id))
        .group_by(*NovelName.__table__.c, col(Item.title))  # type: ignore[attr-defined]
        .order_by(col(NovelName.seen_count).desc(), col(NovelName.name))
    )
    return [Queued(*found) for found in session.exec(statement)]


def count_open(session: Session) -> int:
    """How many names wait for somebody."""
    return session.exec(select(func.count()).where(col(NovelName.state) == "open")).one()


def named(session: Session, name: str) -> NovelName:
    """The name as it stands in the queue. Raises InputError(unknown_name)."""
    row = session.get(NovelName, name) or next(
        (r for r in session.exec(select(NovelName)) if r.name.lower() == name.lower()), None
    )
    if row is None:
        raise InputError("unknown_name", f"{name!r} is not in the review queue (oncowire vocab review list)")
    return row
