# SPDX-License-Identifier: MIT
"""Seconds from a poll to an accepted alert: `python -m benchmarks.latency [--database sqlite|postgres] [--per-minute 60]`.

The real service in processes of its own (`oncowire up` on SQLite; a worker a queue on PostgreSQL) with 10,000 subscriptions,
eight feeds that get items at an even pace, and a relay and webhooks on loopback. Three subscriptions follow the stream, by
mail, Slack and Teams. `--per-minute 500` for ten minutes is a congress.
"""

import argparse
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import func
from sqlmodel import select

from alerts.facts import concepts
from alerts.feeds import ListedFeed
from alerts.pipeline import rulefiles
from alerts.store import feeds, ops, recent
from alerts.store.engine import Store
from alerts.store.migrate import upgrade
from alerts.store.tables import Item
from alerts.subscriptions import SubscriptionSpec, parse
from tests.chaos import processes
from tests.chaos.newsroom import FEEDS, Newsroom
from tests.chaos.receivers import Receivers
from tests.chaos.run import SERVICES
from tests.chaos.service import Service

OTHERS = ("thyroid cancer", "osteosarcoma", "mesothelioma", "glioblastoma", "multiple myeloma", "breast cancer")
TOLD_TO = 3
DRAIN_LIMIT_S = 300.0
PACE = {"SWEEP_S": "2", "MINUTE_S": "0.2", "MIN_INTERVAL_S": "10"}  # the product's own sweep; feeds are asked often


def main() -> None:
    given = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="oncowire-latency-"))
    receivers, newsroom = Receivers(), Newsroom()
    service = SERVICES[given.database](folder, receivers, newsroom, PACE)
    try:
        upgrade(service.settings)
        store = Store(service.settings)
        _prepare(store, service, given.subscriptions)
        service.start()
        processes.until(lambda: _stored(store) >= FEEDS, 120)
        _warm(newsroom, receivers)
        warmed, since = newsroom.published, datetime.now(UTC)
        _publish(newsroom, given.per_minute, given.minutes)
        drained_s = _drain(receivers, newsroom)
        _report(given, store, service, newsroom.published - warmed, since, drained_s)
        store.close()
    finally:
        service.close()
        newsroom.close()
        receivers.close()
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(store: Store, service: Service, count: int) -> None:
    now = datetime.now(UTC)
    with store.write() as session:
        for number, host in enumerate(service.newsroom.hosts):
            feeds.add(session, ListedFeed(f"http://{host}/feed", f"Wire {number}", "wire"), now, now)
        team = ops.team_id(session, ops.DEFAULT_TEAM, now)
    web = service.receivers.web
    followers = [
        _spec("melanoma", "{email: user0@example.org}", service),
        _spec("melanoma", f'{{slack: "http://{web}/services/T0/B0/key0"}}', service),
        _spec("melanoma", f'{{teams: "http://{web}/workflows/key0/triggers"}}', service),
    ]
    others = [_spec(cancer, "{email: other@example.org}", service) for cancer in OTHERS]
    made = followers + [others[number % len(others)] for number in range(count - TOLD_TO)]
    named = [spec.model_copy(update={"name": f"subscription {number}"}) for number, spec in enumerate(made)]
    rulefiles.apply_specs(store, named, team, author="benchmark", origin="benchmark", now=now)


def _spec(cancer: str, channel: str, service: Service) -> SubscriptionSpec:
    file = f"name: x\nrule: {{indications: {{any: [{cancer}]}}}}\nchannels: [{channel}]\ncap_per_day: 1000\n"
    return parse(file, concepts(), service.settings.webhook_hosts).specs[0].model_copy(update={"cap_per_day": None})


def _stored(store: Store) -> int:
    with store.read() as session:
        return session.exec(select(func.count()).select_from(Item)).one()


def _warm(newsroom: Newsroom, receivers: Receivers) -> None:
    """What a worker loads on first use is loaded before the clock counts."""
    newsroom.publish(2 * FEEDS)
    processes.until(lambda: len(receivers.got) >= TOLD_TO * newsroom.published, 180)


def _publish(newsroom: Newsroom, per_minute: float, minutes: float) -> None:
    began, before = time.monotonic(), newsroom.published
    while (gone_s := time.monotonic() - began) < minutes * 60:
        newsroom.publish(max(int(gone_s / 60 * per_minute) - (newsroom.published - before), 0))
        time.sleep(0.5)


def _drain(receivers: Receivers, newsroom: Newsroom) -> float:
    began = time.monotonic()
    processes.until(lambda: len(receivers.got) >= TOLD_TO * newsroom.published, DRAIN_LIMIT_S)
    return time.monotonic() - began


def _report(
    given: argparse.Namespace, store: Store, service: Service, items: int, since: datetime, drained_s: float
) -> None:
    time.sleep(3)  # outcomes of the last sends are written after the receivers have them
    with store.read() as session:
        told = sorted(recent.told_after_s(session, since))
    if not told:
        raise SystemExit("nothing was told")
    resident = sum(processes.resident_bytes(pid) for pid in processes.family(service.pid)) >> 20
    print(
        f"{given.database}, {given.subscriptions:,} subscriptions, {given.per_minute:g} items a minute for "
        f"{given.minutes:g} min: {items:,} items, {len(told):,} of {TOLD_TO * items:,} alerts; poll to accepted: median "
        f"{median(told):.1f} s, p95 {told[int(0.95 * (len(told) - 1))]:.1f} s, longest {told[-1]:.1f} s; the last "
        f"{drained_s:.0f} s after the last item; {resident} MiB in all processes; load {os.getloadavg()[0]:.1f}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--database", choices=sorted(SERVICES), default="sqlite")
    parser.add_argument("--per-minute", type=float, default=60.0)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--subscriptions", type=int, default=10_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
