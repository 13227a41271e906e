# SPDX-License-Identifier: MIT
"""Inserting on hot paths by Core: new rows only, a known key is left alone (ON CONFLICT DO NOTHING)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Insert what is not there yet; returns the first primary key column of each row that was new."""
    if not rows:
        return []
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    keys = table.__table__.primary_key.columns  # type: ignore[attr-defined]
    statement = insert(table).values([with_defaults(table, row) for row in rows]).on_conflict_do_nothing()
    return list(session.execute(statement.returning(*keys)).scalars())


def with_defaults(table: type[SQLModel], row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the model's defaults filled in, since Core knows nothing of them."""
    given = dict(row)
    for name, field in table.model_fields.items():
        if name not in given and not field.is_required() and name != "id":
            given[name] = field.get_default(call_default_factory=True)
    return given
