# SPDX-License-Identifier: MIT
"""Migrations keep what is there: an older SQLite file with data comes up with nothing lost.

PostgreSQL changes its tables in place; SQLite makes them anew and drops the old ones, which could take attempts along.
"""

import sqlite3

from alerts.config import Settings
from alerts.store.migrate import upgrade

FIRST = "20261124_0001"
DAY = "2026-11-24 12:00:00"


def _add(connection: sqlite3.Connection, table: str, **given: object) -> None:
    """A row with the given values; what else must not be null becomes 0 or a date."""
    row = dict(given)
    for _, name, kind, must, default, _ in connection.execute(f"pragma table_info({table})"):
        if must and default is None and name not in row:
            row[name] = DAY if kind == "DATETIME" else "{}" if kind == "JSON" else 1
    marks = ", ".join("?" * len(row))
    connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))  # noqa: S608 - our own names


def test_a_delivery_of_the_first_schema_keeps_its_attempts_and_its_indexes(settings: Settings) -> None:
    upgrade(settings, FIRST)
    file = settings.var_dir / "oncowire.db"
    old = sqlite3.connect(file)
    for table in ("team", "feed", "item", "story", "subscription", "channel"):
        _add(old, table, id=1)
    _add(old, "delivery", id=1, state="sent")
    _add(old, "delivery_attempt", delivery_id=1, number=1)
    old.commit()
    old.close()

    upgrade(settings)

    new = sqlite3.connect(file)
    assert new.execute("select count(*) from delivery_attempt").fetchone() == (1,)
    assert new.execute("select state, why, round_start, unique_key from delivery").fetchone() == ("sent", "", 0, None)
    assert "pending" in new.execute("select sql from sqlite_master where name = 'ix_delivery_due'").fetchone()[0]
    assert new.execute("pragma foreign_key_check").fetchall() == []
    new.close()
