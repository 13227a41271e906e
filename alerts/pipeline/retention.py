# SPDX-License-Identifier: MIT
"""What is over goes by policy: `oncowire prune`, and once a day by itself from housekeeping."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from alerts.config import Settings
from alerts.store import ops, retention
from alerts.store.engine import Store
from alerts.store.retention import Policy

EVERY_S = 86_400.0
DAILY_LIMIT_S = 30.0  # of housekeeping; what is left goes with the next round
STAGE = "prune"

log = structlog.get_logger()


def policy(settings: Settings) -> Policy:
    return Policy(
        news=settings.keep_news_days,
        offtopic=settings.keep_offtopic_days,
        payloads=settings.keep_payloads_days,
        attempts=settings.keep_attempts_days,
        audit=settings.keep_audit_days,
    )


def once_a_day(
    store: Store, settings: Settings, now: datetime, clock: Callable[[], float] = time.monotonic
) -> dict[str, int] | None:
    """None if it was done within the last day, or by another process in this very moment."""
    with store.write() as session:
        if not ops.claim_turn(session, STAGE, now, EVERY_S):
            return None
    end = clock() + DAILY_LIMIT_S
    done = retention.prune(store, policy(settings), now, more=lambda: clock() < end)
    log.info("pruned", **{name: count for name, count in done.items() if count})
    return done
