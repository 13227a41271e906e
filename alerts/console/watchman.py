# SPDX-License-Identifier: MIT
"""A thread of the web process that takes its turn at the watch: it needs neither broker nor beat, so it misses them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alerts.config import Settings
from alerts.errors import OncowireError
from alerts.pipeline.watch import Watch
from alerts.store.engine import Store

TURN_S = 60.0
FIRST_S = 5.0

log = structlog.get_logger()


@contextmanager
def on_duty(store: Callable[[], Store], settings: Settings) -> Iterator[None]:
    """The watch goes on while the block runs."""
    over = threading.Event()
    thread = threading.Thread(target=_turns, args=(store, settings, over), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)


def _turns(store: Callable[[], Store], settings: Settings, over: threading.Event) -> None:
    watch: Watch | None = None
    wait_s = FIRST_S
    while not over.wait(wait_s):
        wait_s = TURN_S
        try:
            watch = watch or Watch(store(), settings, "web")
            watch.turn(datetime.now(UTC))
        except (OncowireError, SQLAlchemyError, OSError) as exc:  # the database may be away: /readyz says so
            log.warning("watch_failed", error=type(exc).__name__)
