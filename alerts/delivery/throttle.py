# SPDX-License-Identifier: MIT
"""How fast a place may be written to, and when a host that does not answer is left in peace. Pure; the state is in rows.

The pace is a virtual schedule (GCRA, ITU-T I.371): one moment a place, "free from then on", so that a burst of a thousand
messages gets a thousand slots at once and none of them is looked at again before its own.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.model import Outcome, OutcomeKind

BURST = 3
TRIP_AFTER = 5  # failures in a row of one host, whatever the message
OPEN_S, MAX_OPEN_S = 30.0, 900.0
PROBE_S = 60.0  # how long one delivery may try a host that was left in peace before another one may
# Answers of a host that works: they say something of one message or one mailbox only.
HOST_FAULTS = (
    "dns_failed", "connect_failed", "connect_timeout", "tls_failed", "timeout", "connection_lost", "http_failed",
    "smtp_connect_failed", "smtp_dropped", "smtp_421", "smtp_not_configured",
    "bad_smtp_url", "address_refused_port", "address_refused_private", "address_refused_host",  # of the relay: settings
)  # fmt: skip


class Slot(NamedTuple):
    """When a message may leave, and from when on the place is free after it."""

    at: datetime
    free_at: datetime


class Circuit(NamedTuple):
    """Failures of a host in a row; closed when `open_until` is None."""

    failures: int = 0
    open_until: datetime | None = None


def reserve(free_at: datetime | None, now: datetime, per_second: float, burst: int = BURST) -> Slot:
    """The next free slot; `burst` messages may leave together. `per_second` 0: no limit."""
    if per_second <= 0:
        return Slot(now, now)
    step = timedelta(seconds=1 / per_second)
    free = max(free_at or now, now)
    return Slot(max(now, free - (burst - 1) * step), free + step)


def wait_until(circuit: Circuit, now: datetime) -> datetime | None:
    """Until when a host is left in peace, None if it may be tried."""
    return circuit.open_until if circuit.open_until and circuit.open_until > now else None


def probing(circuit: Circuit, now: datetime) -> Circuit:
    """One delivery tries a host that was left in peace; the others go on waiting."""
    return circuit._replace(open_until=now + timedelta(seconds=PROBE_S)) if circuit.open_until else circuit


def after(circuit: Circuit, outcome: Outcome, now: datetime) -> Circuit:
    """The circuit after an attempt: any answer closes it, the fifth silence in a row opens it, each longer than the last."""
    if not is_host_fault(outcome):
        return Circuit()
    failures = circuit.failures + 1
    if failures < TRIP_AFTER:
        return Circuit(failures)
    open_s = min(OPEN_S * 2 ** min(failures - TRIP_AFTER, 10), MAX_OPEN_S)
    return Circuit(failures, now + timedelta(seconds=open_s))


def is_host_fault(outcome: Outcome) -> bool:
    if outcome.kind not in {OutcomeKind.TRANSIENT, OutcomeKind.UNKNOWN}:
        return False
    return outcome.code in HOST_FAULTS or (outcome.code.startswith("http_5") and outcome.code[5:].isdigit())
