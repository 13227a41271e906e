# SPDX-License-Identifier: MIT
"""Signs of life: a file per queue, touched by each *completed* sweep; a worker whose file goes stale ends itself.

`inspect ping` costs about a second and said nothing for seconds after a recovery, and compose does not restart an
unhealthy container by itself: so the worker exits and its supervisor starts it again.
`python -m worker.health poll read` exits 1 when one of the named queues is stale (compose health check).
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import structlog
from celery.signals import beat_init, before_task_publish, celeryd_after_setup, worker_ready

from alerts.config import settings

STALE_S = 60.0
CHECK_EVERY_S = 5.0

log = structlog.get_logger()
_queues: list[str] = []


def heartbeat_file(queue: str, var_dir: Path | None = None) -> Path:
    return (var_dir or settings().var_dir).absolute() / f"heartbeat-{queue}"


def beat(queue: str) -> None:
    """A sweep of this queue has just been completed."""
    heartbeat_file(queue).touch()


def age_s(queue: str) -> float:
    """Seconds since the last completed sweep; infinite if there was none."""
    try:
        return time.time() - heartbeat_file(queue).stat().st_mtime
    except FileNotFoundError:
        return float("inf")


@beat_init.connect
def _beat_lives(**_: Any) -> None:
    """The clock's sign of life: each hint that it hands to the broker."""
    before_task_publish.connect(lambda **_: beat("beat"), weak=False)
    beat("beat")


@celeryd_after_setup.connect
def _remember_queues(instance: Any, **_: Any) -> None:
    # `queues` itself always holds the default queue too, which this worker may not listen to.
    _queues[:] = sorted(instance.app.amqp.queues.consume_from)


@worker_ready.connect
def _watch(**_: Any) -> None:
    for queue in _queues:
        heartbeat_file(queue).parent.mkdir(parents=True, exist_ok=True)
        beat(queue)
    threading.Thread(target=_exit_when_stale, name="heartbeat-watch", daemon=True).start()


def _exit_when_stale() -> None:
    while True:
        time.sleep(CHECK_EVERY_S)
        stale = [queue for queue in _queues if age_s(queue) > STALE_S]
        if stale:
            log.error("worker_stale", queues=stale, stale_s=STALE_S)
            os._exit(70)  # not sys.exit: the main thread may be the one that is stuck


def main() -> None:
    stale = {queue: round(age_s(queue)) for queue in sys.argv[1:] if age_s(queue) > STALE_S}
    if stale:
        sys.stderr.write(f"no completed sweep for (seconds): {stale}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
