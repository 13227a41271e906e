# SPDX-License-Identifier: MIT
"""The pipeline of this process, made on first use and therefore after fork: no connection is ever inherited."""

import os
import threading

from alerts.config import settings
from alerts.pipeline import Pipeline

_lock = threading.Lock()
_made: dict[int, Pipeline] = {}


def pipeline() -> Pipeline:
    """One pipeline a process; a forked child gets its own, whatever its parent had."""
    pid = os.getpid()
    with _lock:
        if pid not in _made:
            _made.clear()
            _made[pid] = Pipeline(settings())
        return _made[pid]


def _child() -> None:
    """The parent may have held the lock at the moment of the fork."""
    global _lock  # noqa: PLW0603 - a fork copies the lock in whatever state it was
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_child)
