# SPDX-License-Identifier: MIT
"""Inserting on hot paths by Core: new rows only, a known key is left alone (ON CONFLICT DO NOTHING)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], returning: str | None = None
) -> list[Any]:
    """Insert what is not there yet; returns, of each row that was new, `returning` or the first primary key column.

    One prepared statement in batches (SQLAlchemy's insertmanyvalues): a story for a hundred subscriptions spent most of its
    time in compiling one statement of two thousand variables.
    """
    if not rows:
        return []
    columns = table.__table__.columns  # type: ignore[attr-defined]
    key = columns[returning] if returning else next(iter(table.__table__.primary_key.columns))  # type: ignore[attr-defined]
    full = [with_defaults(table, row) for row in rows]
    session.flush()  # what these rows refer to
    return list(session.connection().execute(_insert(session, table).returning(key), full).scalars())


def _insert(session: Session, table: type[SQLModel]) -> Any:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table.__table__).on_conflict_do_nothing()  # type: ignore[attr-defined]


def with_defaults(table: type[SQLModel], row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the model's defaults filled in, since Core knows nothing of them."""
    given = dict(row)
    for name, field in table.model_fields.items():
        if name not in given and not field.is_required() and name != "id":
            given[name] = field.get_default(call_default_factory=True)
    return given


def insert_many(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """`insert_new` for many rows whose ids nobody needs: one prepared statement instead of one huge one."""
    if not rows:
        return
    session.connection().execute(_insert(session, table), [with_defaults(table, row) for row in rows])
