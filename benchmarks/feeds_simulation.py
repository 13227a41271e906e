# SPDX-License-Identifier: MIT
"""Ten thousand feeds on one machine: the real poller over real sockets, hosts of 127.0.0.0/8, a steady state of minutes.

`python -m benchmarks.feeds_simulation [feeds] [seconds a minute lasts, 60] [intervals, 1]`. Every feed is due once an
interval of 15 minutes of the schedule, spread over it; 88 % answer 304, 6 % changed, 3 % after five seconds, 3 % are dead (half
refuse, half never answer). Lateness is from due to asked, in real seconds. CPU and
memory are those of the worker and of its child that reads documents together.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from alerts import logs
from alerts.config import load
from alerts.feeds import ListedFeed
from alerts.pipeline.polling import Poller
from alerts.store import feeds
from alerts.store.engine import Store
from alerts.store.migrate import upgrade
from alerts.store.tables import Feed
from benchmarks.feeds import cpu_s, origin

HOST_SHARE = 4  # feeds a host
KINDS = ("first", "changed", "slow", "refuse", "hang")
SHARES = (88, 6, 3, 1.5, 1.5)


class Watched(Poller):
    """Notes how late each feed was."""

    late_s: list[float]

    def _claim(self, limit: int, pace: feeds.Pace) -> list[feeds.Claimed]:
        claimed = super()._claim(limit, pace)
        now = datetime.now(UTC)
        self.late_s += [(now - each.due_at).total_seconds() for each in claimed]
        return claimed


def addresses(port: int, count: int) -> list[str]:
    dice = random.Random(4)
    made = []
    for n in range(count):
        host = n // HOST_SHARE
        kind = dice.choices(KINDS, SHARES)[0]
        at = 1 if kind == "refuse" else port  # nobody listens on port 1
        made.append(f"http://127.{1 + host // 40_000}.{host // 200 % 200}.{host % 200 + 1}:{at}/{kind}/{n}")
    return made


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    minute_s = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    intervals = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    with origin() as port, tempfile.TemporaryDirectory() as folder:
        urls = addresses(port, count)
        allow = ",".join({url.split("/")[2] for url in urls})
        given = {"ONCOWIRE_VAR_DIR": folder, "ONCOWIRE_FETCH_ALLOW": allow, "ONCOWIRE_MINUTE_S": str(minute_s)}
        settings = load(given | {"ONCOWIRE_MIN_INTERVAL_S": "1", "ONCOWIRE_LOG_LEVEL": "ERROR"})
        logs.configure(settings)
        upgrade(settings)
        store = Store(settings)
        start = datetime.now(UTC) + timedelta(seconds=5 + count / 100)  # until all of them are in the store
        _fill(store, urls, start, 15 * minute_s)
        _run(Watched(store, settings, lambda: datetime.now(UTC)), store, start, 15 * minute_s * intervals)
        store.close()


def children(named: str) -> list[int]:
    """Processes that this one started and whose command line holds `named`."""
    pids = [int(pid) for each in Path("/proc/self/task").glob("*/children") for pid in each.read_text().split()]
    return [pid for pid in pids if named in Path(f"/proc/{pid}/cmdline").read_text()]


def _peak_mb(pid: int) -> int:
    """Highest resident memory of a process so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def _fill(store: Store, urls: list[str], start: datetime, interval_s: float) -> None:
    """Feeds as they are after a day: known validators, polls spread over the interval."""
    dice = random.Random(5)
    with store.write() as session:
        for n, url in enumerate(urls):
            at = start + timedelta(seconds=dice.random() * interval_s)
            made = feeds.add(session, ListedFeed(url), at, start)
            row = session.get_one(Feed, made)
            row.first_import, row.etag = False, f'"{n}-1"'


def _run(poller: Watched, store: Store, start: datetime, lasts_s: float) -> None:
    poller.late_s = []
    time.sleep((start - datetime.now(UTC)).total_seconds())
    before, began = cpu_s(), time.monotonic()
    end = start + timedelta(seconds=lasts_s + 5)
    while datetime.now(UTC) < end:
        poller.sweep()
        time.sleep(0.5)
    spent, took = cpu_s() - before, time.monotonic() - began
    peak = [_peak_mb(os.getpid()), *(_peak_mb(pid) for pid in children("alerts.feeds.child"))]
    poller.close()
    with store.read() as session:
        statuses = Counter(session.exec(select(Feed.last_status).where(col(Feed.last_polled_at).is_not(None))).all())
        never = len(session.exec(select(Feed.id).where(col(Feed.last_polled_at).is_(None))).all())
    late = sorted(poller.late_s)
    print(
        json.dumps(
            {
                "date": time.strftime("%Y-%m-%d"),
                "load": os.getloadavg()[0],
                "polls": len(late),
                "never_polled": never,
                "seconds": round(took),
                "polls_per_s": round(len(late) / took, 1),
                "late_p50_s": round(statistics.median(late), 2),
                "late_p95_s": round(late[int(0.95 * len(late))], 2),
                "late_max_s": round(late[-1], 2),
                "cpu_s": round(spent, 1),
                "cpu_ms_a_poll": round(1000 * spent / len(late), 2),
                "cores": round(spent / took, 2),
                "peak_mb": {"worker": peak[0], "child": peak[1:], "together": sum(peak)},
                "statuses": {str(k): v for k, v in statuses.items()},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
