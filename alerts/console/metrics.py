# SPDX-License-Identifier: MIT
"""Metrics for Prometheus. docs/operations.md and ops/ (dashboard, alert rules) name them."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlmodel import Session

from alerts.store import ops, recent, views, vitals

BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)


def families(session: Session, now: datetime) -> Iterator[Metric]:
    """All metrics, read from rows: they are right whichever process answers and whatever was restarted."""
    yield from _work(session, now)
    yield from _last_hour(session, now)
    signs = ops.signs(session, ("housekeeping", "web"))
    ages = {name: (now - at).total_seconds() for name, at in signs.items()}
    yield _gauge("sign_of_life_age_seconds", "Seconds since a process last signed", "process", ages)
    yield _gauge("notices_open", "Troubles that ops should know", "", {"": recent.open_notices(session)})


def _work(session: Session, now: datetime) -> Iterator[Metric]:
    backlogs, states = vitals.backlogs(session, now), views.by_state(session)
    yield _gauge("due_rows", "Rows that are due, by stage", "stage", {s: due for s, (due, _) in backlogs.items()})
    yield _gauge(
        "lag_seconds", "Age of the oldest due row, by stage", "stage", {s: age for s, (_, age) in backlogs.items()}
    )
    yield _gauge("deliveries", "Deliveries by state", "state", states["deliveries"])
    yield _gauge("feeds", "Feeds by state", "state", states["feeds"])


def _last_hour(session: Session, now: datetime) -> Iterator[Metric]:
    attempts = {(outcome, code): n for outcome, code, n in recent.attempts(session, now)}
    yield _gauge("attempts_last_hour", "Attempts to send, by outcome and reason", "outcome code", attempts)
    decided = {(decision, reason): n for decision, reason, n in recent.decisions(session, now)}
    yield _gauge("decisions_last_hour", "Items put into stories, by decision and reason", "decision reason", decided)
    read, failed = vitals.reading(session, now)
    yield _gauge(
        "items_last_hour", "Items by whether they could be read", "result", {"read": read, "unreadable": failed}
    )
    yield _histogram(
        "told_seconds_last_hour",
        "From a story's first sight to its alert's acceptance",
        recent.told_after_s(session, now - recent.WINDOW),
    )


def _gauge(name: str, text: str, labels: str, rows: Mapping[str, float] | Mapping[tuple[str, str], float]) -> Metric:
    """`labels` by spaces; a row's key holds their values."""
    names = labels.split()
    family = GaugeMetricFamily(f"oncowire_{name}", text, labels=names)
    for key, number in rows.items():
        family.add_metric([] if not names else [key] if isinstance(key, str) else list(key), number)
    return family


def _histogram(name: str, text: str, seconds: Sequence[float]) -> Metric:
    """A sliding window needs no rate(): its buckets are the last hour's."""
    counts = [0] * (len(BUCKETS_S) + 1)
    for value in seconds:
        counts[bisect_left(BUCKETS_S, value)] += 1
    bounds = [*(str(bound) for bound in BUCKETS_S), "+Inf"]
    family = HistogramMetricFamily(f"oncowire_{name}", text)
    family.add_metric([], list(zip(bounds, accumulate(counts), strict=True)), sum(seconds))
    return family


class _Given(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposition(families: Sequence[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Given(families))
    return generate_latest(registry)
