# SPDX-License-Identifier: MIT
"""SQL of people's changes to the vocabulary, and the way they get into a process (alerts.facts.vocabulary.current)."""

from collections.abc import Sequence
from datetime import datetime
from weakref import ref

from sqlalchemy import func, or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from alerts.config import Settings
from alerts.errors import InputError, Transient
from alerts.facts.vocabulary.current import NO_CHANGES, Changes, current
from alerts.facts.vocabulary.edits import Edit, together
from alerts.store.engine import Store, take_turn
from alerts.store.tables import Item, NovelName, VocabularyEdit

CHANGE_LOCK = 7_306_504
CONNECT_S = 5  # a command does not wait longer for a database that it could do without


def lock_changes(session: Session) -> None:
    """One change at a time until this transaction ends: who looks afterwards sees what the one before kept."""
    take_turn(session, CHANGE_LOCK)


def follow(store: Store) -> None:
    """From now on the vocabulary of this process has the changes that are kept in the store, within seconds of their making."""
    kept = ref(store)

    def source(edition: str) -> Changes:
        there = kept()
        return NO_CHANGES if there is None else _changes(there, edition)

    current.follow(source, store.url)


def take(settings: Settings) -> None:
    """The vocabulary of this process has, to its end, the changes that are kept in the store at this moment.

    Raises Transient(database_away) · InputError(bad_database_url): nothing was taken.
    """
    store = Store(settings, connect_timeout_s=CONNECT_S)
    try:
        found = _changes(store, "")
    finally:
        store.close()
    current.follow(lambda _edition: found, store.url)


def _changes(store: Store, edition: str) -> Changes:
    """As they are now; what they say is left out if `edition` is still the one. Raises Transient(database_away)."""
    try:
        with store.read() as session:
            now = edition_of(session)
            return Changes(now, together(e.piece for e in in_force(session)) if now != edition else NO_CHANGES[1])
    except SQLAlchemyError as exc:  # away, or not migrated yet: the next look is in two seconds
        raise Transient("database_away", f"{type(exc).__name__}") from None


def edition_of(session: Session) -> str:
    """Counts changes and what was taken back; empty: nobody ever changed anything."""
    undone = func.count(col(VocabularyEdit.undone_at))
    made, back = session.exec(select(func.count(col(VocabularyEdit.id)), undone)).one()
    return str(made + back) if made else ""


def in_force(session: Session) -> Sequence[VocabularyEdit]:
    """What was not taken back, in the order in which it was made."""
    standing = select(VocabularyEdit).where(col(VocabularyEdit.undone_at).is_(None))
    return session.exec(standing.order_by(col(VocabularyEdit.id))).all()


def all_edits(session: Session, concept: str = "") -> Sequence[VocabularyEdit]:
    """Every change there was (about one entry), the newest first."""
    statement = select(VocabularyEdit).order_by(col(VocabularyEdit.id).desc())
    return session.exec(statement.where(col(VocabularyEdit.concept) == concept) if concept else statement).all()


def edit(session: Session, edit_id: int) -> VocabularyEdit:
    """Raises InputError(not_found)."""
    row = session.get(VocabularyEdit, edit_id)
    if row is None:
        raise InputError("not_found", "There is no such change.")
    return row


def add(session: Session, made: Edit, author: str, now: datetime) -> VocabularyEdit:
    """Keep a change; a name of the review queue is decided with it."""
    row = VocabularyEdit(
        at=now, author=author, said=made.said, piece=made.piece, concept=made.concept, makes=made.makes,
        novel_name=made.novel or None,
    )  # fmt: skip
    session.add(row)
    state = "refused" if "not_drugs" in made.piece else "accepted"
    _decide(session, row.novel_name, {"state": state, "decided_by": author, "decided_at": now})
    session.flush()
    return row


def take_back(session: Session, row: VocabularyEdit, author: str, now: datetime) -> None:
    """The change does not count any more. Raises InputError(changed_meanwhile) where somebody was quicker."""
    standing = update(VocabularyEdit).where(col(VocabularyEdit.id) == row.id, col(VocabularyEdit.undone_at).is_(None))
    done = session.execute(standing.values(undone_at=now, undone_by=author).returning(col(VocabularyEdit.id)))
    if not done.all():
        raise InputError("changed_meanwhile", "That was taken back already.")
    _decide(session, row.novel_name, {"state": "open", "decided_by": None, "decided_at": None})


def _decide(session: Session, name: str | None, values: dict[str, object]) -> None:
    if name:
        found = func.lower(col(NovelName.name)) == name.lower()
        session.execute(update(NovelName).where(found).values(values))


# ── stored news that a change may be about ───────────────────────────────────────────────────────


def naming(session: Session, words: Sequence[str], limit: int) -> list[int]:
    """Ids of items whose text has any of the words (whole text looked through), the newest first."""
    if not words:
        return []
    text = func.lower(col(Item.title) + " " + col(Item.summary))
    found = or_(*(text.contains(word.lower(), autoescape=True) for word in words))
    statement = select(Item.id).where(found, col(Item.stage) == "done").order_by(col(Item.id).desc()).limit(limit)
    return [item_id for item_id in session.exec(statement) if item_id is not None]


def read_again(session: Session, ids: Sequence[int], due: datetime) -> int:
    """These items are read anew when due; what comes of it is told to nobody. Returns how many."""
    done = update(Item).where(col(Item.id).in_(ids), col(Item.stage) == "done")
    values = {"stage": "read", "due_at": due, "attempts": 0}
    return len(session.execute(done.values(values).returning(col(Item.id))).all())
