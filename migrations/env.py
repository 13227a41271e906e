# SPDX-License-Identifier: MIT
"""Alembic environment: the address comes from the caller or from the settings, the tables from alerts.store.tables."""

import contextlib

from alembic import context
from sqlalchemy import Connection, event
from sqlmodel import SQLModel

import alerts.store.tables  # noqa: F401 - registers every table
from alerts.config import load
from alerts.store import words
from alerts.store.engine import make_engine

# Migrations of several processes that start together wait for each other (any constant will do).
PG_LOCK = 7_306_501


def _run() -> None:
    url = context.config.attributes.get("url") or load().database
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":  # a table that is made anew is dropped, which would delete what refers to it
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
    with engine.connect().execution_options(begin="IMMEDIATE") as connection, _locked(connection):
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            include_name=lambda name, *_: not words.is_ours(name),
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        words.ensure(connection)
        connection.commit()
    engine.dispose()


@contextlib.contextmanager
def _locked(connection: Connection):  # type: ignore[no-untyped-def]
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({PG_LOCK})")
    yield


_run()
