# SPDX-License-Identifier: MIT
"""Words of stories: an index over headline and lead text that the database keeps itself (docs/adr/0032-word-search.md).

SQLite: the FTS5 table `story_words`, kept by triggers. PostgreSQL: a GIN index over a tsvector expression. A word is found
by its beginning; what is joined by a hyphen is a phrase. Derived data: made and filled after every run of the migrations
when it is missing, for a table that is made anew loses its triggers.
"""

import re
from typing import Any

from sqlalchemy import Connection, Select, column, false, inspect, select, text
from sqlmodel import Session

MAX_FOUND = 10_000
"""A search looks at so many of the newest stories with its words: a list of more is not read to its end by anybody."""
MAX_WORDS = 8
NAME = "story_words"
_PUNCTUATION = r"[\u0021-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007e]+"
_VECTOR = f"to_tsvector('simple', regexp_replace(headline || ' ' || lead_text, '{_PUNCTUATION}', ' ', 'g'))"
_GIN = f"CREATE INDEX IF NOT EXISTS ix_{NAME} ON story USING gin (({_VECTOR}))"
_FTS = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {NAME} USING fts5"
    "(headline, lead_text, content='story', content_rowid='id', tokenize='unicode61 remove_diacritics 0')"
)
_ADD = f"INSERT INTO {NAME}(rowid, headline, lead_text) VALUES (new.id, new.headline, new.lead_text);"  # noqa: S608 - our own names
_OLD = "'delete', old.id, old.headline, old.lead_text"
_DROP = f"INSERT INTO {NAME}({NAME}, rowid, headline, lead_text) VALUES ({_OLD});"  # noqa: S608 - our own names
_TRIGGERS = {
    f"{NAME}_added": f"AFTER INSERT ON story BEGIN {_ADD} END",
    f"{NAME}_removed": f"AFTER DELETE ON story BEGIN {_DROP} END",
    f"{NAME}_changed": f"AFTER UPDATE OF headline, lead_text ON story BEGIN {_DROP} {_ADD} END",
}
_FOUND = {
    "sqlite": f"SELECT rowid AS id FROM {NAME} WHERE {NAME} MATCH :words ORDER BY rowid DESC LIMIT :most",  # noqa: S608
    # Materialised: walking the newest rows and parsing each of them would be slower than asking the index first.
    "postgresql": f"WITH hit AS MATERIALIZED (SELECT id FROM story WHERE {_VECTOR} @@ to_tsquery('simple', :words))"  # noqa: S608
    " SELECT id FROM hit ORDER BY id DESC LIMIT :most",
}


def ensure(connection: Connection) -> None:
    """Make the index where it is missing, and fill it. Nothing to do on a database without stories' table."""
    if not inspect(connection).has_table("story"):
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_GIN)
        return
    kept = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    if set(_TRIGGERS) <= set(kept):
        return
    connection.exec_driver_sql(_FTS)
    for name, body in _TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")
    connection.exec_driver_sql(f"INSERT INTO {NAME}({NAME}) VALUES ('rebuild')")  # noqa: S608


def is_ours(name: str | None) -> bool:
    """Is this a table or index of the word search, which no migration describes?"""
    return name is not None and name.removeprefix("ix_").startswith(NAME)


def with_words(session: Session, statement: Select[Any], id_column: Any, words: str) -> Select[Any]:
    """The statement, narrowed to stories that have every word (the newest MAX_FOUND of them)."""
    if not words.strip():
        return statement
    dialect = session.get_bind().dialect.name
    asked = [pieces for word in words.split()[:MAX_WORDS] if (pieces := re.findall(r"[^\W_]+", word.lower()))]
    if not asked:
        return statement.where(false())
    query = _match(asked) if dialect == "sqlite" else _tsquery(asked)
    found = text(_FOUND[dialect]).bindparams(words=query, most=MAX_FOUND + 1).columns(column("id")).subquery()
    return statement.where(id_column.in_(select(found.c.id)))


def _match(asked: list[list[str]]) -> str:
    return " ".join(f'"{" ".join(pieces)}"*' for pieces in asked)


def _tsquery(asked: list[list[str]]) -> str:
    return " & ".join(f"({' <-> '.join(pieces)}:*)" for pieces in asked)
