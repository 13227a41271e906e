# SPDX-License-Identifier: MIT
"""Tasks: take what is due, hand it to the pipeline, hint the next stage. All knowledge is in alerts.pipeline."""

import structlog
from kombu.exceptions import OperationalError

from worker.app import HINT_EXPIRES_S, app
from worker.context import pipeline
from worker.health import beat

log = structlog.get_logger()


def hint(queue: str) -> None:
    """Tell a stage to look now. A lost hint costs one sweep interval, never an item, so errors are only logged."""
    try:
        app.send_task(f"worker.tasks.{queue}", queue=queue, expires=HINT_EXPIRES_S, retry=False)
    except (OperationalError, OSError) as exc:
        log.warning("hint_lost", queue=queue, error=type(exc).__name__)


@app.task(name="worker.tasks.poll")
def poll() -> None:
    done = pipeline().poll_due()
    beat("poll")
    if done.produced:
        hint("read")
    if done.more:
        hint("poll")


@app.task(name="worker.tasks.read")
def read() -> None:
    done = pipeline().process_due()
    beat("read")
    if done.produced:
        hint("deliver")
    if done.more:
        hint("read")


@app.task(name="worker.tasks.deliver")
def deliver() -> None:
    done = pipeline().deliver_due()
    beat("deliver")
    if done.more:
        hint("deliver")


@app.task(name="worker.tasks.housekeeping")
def housekeeping() -> None:
    pipeline().housekeeping()
