# SPDX-License-Identifier: MIT
"""Inserting on hot paths by Core: new rows only, a known key is left alone (ON CONFLICT DO NOTHING)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

MAX_VARIABLES = 30_000  # SQLite takes 32,766 in one statement


def insert_new(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], returning: str | None = None
) -> list[Any]:
    """Insert what is not there yet; returns, of each row that was new, `returning` or the first primary key column."""
    made: list[Any] = []
    full = [with_defaults(table, row) for row in rows]
    step = MAX_VARIABLES // max(len(full[0]), 1) if full else 1
    for start in range(0, len(full), step):
        made += _insert(session, table, full[start : start + step], returning)
    return made


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]], returning: str | None) -> list[Any]:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    columns = table.__table__.columns  # type: ignore[attr-defined]
    key = columns[returning] if returning else next(iter(table.__table__.primary_key.columns))  # type: ignore[attr-defined]
    statement = insert(table).values(rows).on_conflict_do_nothing()
    return list(session.execute(statement.returning(key)).scalars())


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
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table.__table__).on_conflict_do_nothing()  # type: ignore[attr-defined]
    session.connection().execute(statement, [with_defaults(table, row) for row in rows])
