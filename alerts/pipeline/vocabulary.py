# SPDX-License-Identifier: MIT
"""The vocabulary in people's hands: try a change, save it, take it back. Every process has it within seconds.

A change that makes a name mean two things, or leads nowhere, is refused. What was stored with one of its names is read again
by the workers; that is no news, so nobody is told of it.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from alerts.errors import InputError
from alerts.facts.text import key_of
from alerts.facts.vocabulary import Vocabulary, load_with
from alerts.facts.vocabulary.check import Trouble
from alerts.facts.vocabulary.check import check as troubles
from alerts.facts.vocabulary.compare import Difference, difference
from alerts.facts.vocabulary.current import CHECK_S, Latest, current, team_folder
from alerts.facts.vocabulary.edits import Edit, Piece, together
from alerts.store import accounts, vocabulary
from alerts.store.engine import Store
from alerts.store.tables import VocabularyEdit

MAX_AGAIN = 5000
"""So many stored items are read again after a change, the newest; `oncowire stories regroup` reads the rest."""
MAX_WORDS = 20
READ_AFTER_S = 2 * CHECK_S + 1  # by then every worker has the change
_WORD = re.compile(r"[^\W_]+")
_troubles = Latest(lambda v: frozenset(troubles(v)))


class Tried(NamedTuple):
    """The vocabulary as it would be."""

    vocabulary: Vocabulary
    difference: Difference


class Saved(NamedTuple):
    """`again`: so many stored items are read anew."""

    edit_id: int
    again: int


def tried(session: Session, edit: Edit) -> Tried:
    """A change laid on what is there. Raises InputError(no_change · collision · dangling · loop)."""
    made = _with(session, [edit.piece])
    if made.difference.nothing:
        raise InputError("no_change", f"{edit.said}: the vocabulary says so already, or an older entry outranks it.")
    return made


def _with(session: Session, more: Sequence[Piece], without: int | None = None) -> Tried:
    """With more changes, or without one. Raises InputError(collision · dangling · loop)."""
    pieces = [e.piece for e in vocabulary.in_force(session) if e.id != without]
    made = load_with([], team_folder(), together([*pieces, *more]))
    if new := sorted(t for t in set(troubles(made)) - _troubles() if t.code != "bare"):
        raise InputError(new[0].code, _told(new[0]))
    return Tried(made, difference(current(), made))


def _told(trouble: Trouble) -> str:
    if trouble.code == "collision":
        return f"“{trouble.subject}” would mean two things: {trouble.message}. Take it away from one of them first."
    if trouble.code == "loop":
        return f"{trouble.subject} would stand above itself."
    return f"{trouble.subject}: {trouble.message}."


def words_of(found: Difference) -> list[str]:
    """What to look for in stored text: the longest word of each name, in its own spelling and in the matcher's."""
    longest = [max(_WORD.findall(name), key=len, default="") for name in found.names[:MAX_WORDS]]
    return list(dict.fromkeys(w for word in longest if len(word) > 1 for w in (word.lower(), key_of(word))))


# ── saving ───────────────────────────────────────────────────────────────────────────────────────


class Plan(NamedTuple):
    """What was found out before anything is locked: it holds as long as nobody else changes the vocabulary."""

    turn: int
    again: list[int]

    def claim(self, session: Session) -> None:
        """From here to the end of the transaction nobody else changes the vocabulary. Raises InputError(changed_meanwhile)."""
        vocabulary.lock_changes(session)
        if _turn(session) != self.turn:
            raise InputError(
                "changed_meanwhile",
                "Somebody else changed the vocabulary just now; nothing of yours was saved. Look at it again, then repeat it.",
            )


def _turn(session: Session) -> int:
    return int(vocabulary.edition_of(session) or 0)


def save(store: Store, edit: Edit, author: str, now: datetime, team_id: int | None = None) -> Saved:
    """Keep a change, with its line in the audit log. Raises InputError as `tried` does, or changed_meanwhile."""
    with store.read() as session:
        plan = plan_to_save(session, edit)
    with store.write() as session:
        saved = save_in(session, plan, edit, author, now, team_id)
    current.look_again()
    return saved


def plan_to_save(session: Session, edit: Edit) -> Plan:
    """What takes long, before anything is locked. Raises InputError as `tried` does."""
    turn = _turn(session)  # before the look: what comes while we look is then seen as new
    return _plan(session, turn, tried(session, edit))


def save_in(session: Session, plan: Plan, edit: Edit, author: str, now: datetime, team_id: int | None = None) -> Saved:
    """In a transaction of the caller, who has this process look again afterwards. Raises InputError(changed_meanwhile)."""
    plan.claim(session)
    row = vocabulary.add(session, edit, author, now)
    return _done(session, plan, row, "vocabulary_changed", author, now, team_id)


def undo(store: Store, edit_id: int, author: str, now: datetime, team_id: int | None = None) -> Saved:
    """Take a change back. Raises InputError(not_found · changed_meanwhile · still_used · collision · dangling · loop)."""
    with store.read() as session:
        plan = plan_to_undo(session, edit_id)
    with store.write() as session:
        saved = undo_in(session, plan, edit_id, author, now, team_id)
    current.look_again()
    return saved


def plan_to_undo(session: Session, edit_id: int) -> Plan:
    """Raises InputError(not_found · still_used · collision · dangling · loop)."""
    turn = _turn(session)
    _unused(session, vocabulary.edit(session, edit_id))
    return _plan(session, turn, _with(session, [], without=edit_id))


def undo_in(
    session: Session, plan: Plan, edit_id: int, author: str, now: datetime, team_id: int | None = None
) -> Saved:
    """As `save_in`. Raises InputError(changed_meanwhile)."""
    plan.claim(session)
    row = vocabulary.edit(session, edit_id)
    vocabulary.take_back(session, row, author, now)
    return _done(session, plan, row, "vocabulary_undone", author, now, team_id)


def _plan(session: Session, turn: int, made: Tried) -> Plan:
    return Plan(turn, vocabulary.naming(session, words_of(made.difference), MAX_AGAIN))


def _done(
    session: Session, plan: Plan, row: VocabularyEdit, action: str, author: str, now: datetime, team_id: int | None
) -> Saved:
    assert row.id is not None
    subject, detail = f"vocabulary change {row.id}", {"said": row.said}
    accounts.audit(session, author, action, subject, now, team_id=team_id, detail=detail)
    due = now + timedelta(seconds=READ_AFTER_S)
    return Saved(row.id, vocabulary.read_again(session, plan.again, due) if plan.again else 0)


def _unused(session: Session, row: VocabularyEdit) -> None:
    later = [e for e in vocabulary.in_force(session) if row.makes and e.concept == row.concept and e.id != row.id]
    if later:
        raise InputError("still_used", f"“{later[-1].said}” builds on it: take that back first.")
