# SPDX-License-Identifier: MIT
"""Tests of two at once: until the other really stands before the lock."""

import time
from concurrent.futures import Future
from typing import Any

from sqlalchemy import text

from alerts.store.engine import Store

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype LIKE :kind")


def until_it_waits(store: Store, other: "Future[Any]", kind: str = "%") -> None:
    """PostgreSQL tells who waits for a lock (of this kind); on SQLite the other has a moment in which it could slip by."""
    until = time.monotonic() + (0.5 if store.is_sqlite else 30)
    while time.monotonic() < until and not other.done():
        if not store.is_sqlite:
            with store.read() as session:
                if session.execute(WAITING, {"kind": kind}).scalar():
                    return
        time.sleep(0.02)
    assert store.is_sqlite or other.done(), "nobody came to the lock"
    assert not other.done(), f"it did not wait: {other.exception() or other.result()}"
