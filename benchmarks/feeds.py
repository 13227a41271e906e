# SPDX-License-Identifier: MIT
"""Polling side by side: Oncowire's poller with its store, lemon24/reader, a feedparser.parse(url) loop, bare urllib3.

`python -m benchmarks.feeds [feeds]`, after `pip install reader` into the same environment. Each system polls the same
local origin in a process of its own: first pass, identical 200s, 304s. CPU seconds count the process and its children.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

SYSTEMS = ("oncowire", "reader", "feedparser", "urllib3")
PASSES = ("first", "same 200", "304")
REPEATED = 7  # passes of 304s: one takes 50 ms
TICKS = os.sysconf("SC_CLK_TCK")


def urls(kind: str, port: int, count: int) -> list[str]:
    return [f"http://127.1.{n // 200}.{n % 200 + 1}:{port}/{kind}/{n}" for n in range(count)]


def cpu_s() -> float:
    """CPU of this process, its living children and those that ended."""
    spent = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            spent += (int(fields[11]) + int(fields[12])) / TICKS
    return spent


def peak_mb() -> float:
    """Highest resident memory of this process and of its largest child, added up."""
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def measured(run: Callable[[], object], times: int = 1) -> float:
    """CPU seconds; the median where a pass is short enough to be repeated."""
    spent = []
    for _ in range(times):
        before = cpu_s()
        run()
        spent.append(cpu_s() - before)
    return median(spent)


def oncowire(port: int, count: int, folder: Path) -> dict[str, float]:
    from alerts import logs
    from alerts.config import load
    from alerts.feeds import ListedFeed, sandbox
    from alerts.pipeline.polling import Poller
    from alerts.store import feeds
    from alerts.store.engine import Store
    from alerts.store.migrate import upgrade

    clock = [datetime(2026, 11, 24, 12, tzinfo=UTC)]
    spent: dict[str, float] = {}
    for kind, first in (("same", "first"), ("first", "")):
        allow = ",".join(url.split("/")[2] for url in urls(kind, port, count))
        given = {"ONCOWIRE_VAR_DIR": str(folder / kind), "ONCOWIRE_FETCH_ALLOW": allow}
        settings = load(given | {"ONCOWIRE_LOG_LEVEL": "WARNING"})
        logs.configure(settings)
        upgrade(settings)
        store = Store(settings)
        with store.write() as session:
            for url in urls(kind, port, count):
                feeds.add(session, ListedFeed(url), clock[0], clock[0])
        poller = Poller(store, settings, lambda: clock[0])

        def one_pass(poller: Poller = poller) -> None:
            clock[0] += timedelta(hours=2)
            poller.sweep(patient=True)

        if first:
            spent["first"] = measured(one_pass)
            spent["same 200"] = measured(one_pass)
        else:
            one_pass()
            spent["304"] = measured(one_pass, REPEATED)
        poller.close()
        store.close()
    sandbox().close()
    return spent


def reader(port: int, count: int, folder: Path) -> dict[str, float]:
    from reader import make_reader  # type: ignore[import-not-found,unused-ignore] # installed for this benchmark only

    spent: dict[str, float] = {}
    for kind in ("same", "first"):
        made = make_reader(str(folder / f"{kind}.sqlite"), feed_root=None)
        for url in urls(kind, port, count):
            made.add_feed(url)
        first, again = (
            measured(lambda: made.update_feeds(scheduled=False), times)  # noqa: B023 - at once
            for times in (1, 1 if kind == "same" else REPEATED)
        )
        spent |= {"first": first, "same 200": again} if kind == "same" else {"304": again}
        made.close()
    return spent


def feedparser(port: int, count: int, _: Path) -> dict[str, float]:
    import feedparser as library

    known: dict[str, Any] = {}

    def loop(kind: str) -> Callable[[], None]:
        def run() -> None:
            for url in urls(kind, port, count):
                known[url] = library.parse(url, etag=known[url].get("etag") if url in known else None)

        return run

    spent = {"first": measured(loop("same")), "same 200": measured(loop("same"))}
    loop("first")()
    return spent | {"304": measured(loop("first"), REPEATED)}


def urllib3(port: int, count: int, _: Path) -> dict[str, float]:
    """What nobody can be faster than in Python: a pooled request that ends in a 304, and nothing done with it."""
    import urllib3 as library

    pool = library.PoolManager(num_pools=64)  # as many as ours keeps

    def run() -> None:
        for n, url in enumerate(urls("first", port, count)):
            pool.request("GET", url, headers={"If-None-Match": f'"{n}-1"'}, retries=False)

    run()
    return {"304": measured(run, REPEATED)}


def poll_alone(port: int, count: int, _: Path) -> dict[str, float]:
    """Our `poll` of a 304 without the store: fetch through the guard, decide, validators."""
    from alerts.feeds import FeedState, Schedule, poll
    from alerts.net import Client, Guard

    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    client = Client(Guard(frozenset(url.split("/")[2] for url in urls("first", port, count))), "Oncowire/1")
    states = [FeedState(url=u, etag=f'"{n}-1"', next_poll_at=now) for n, u in enumerate(urls("first", port, count))]

    def run() -> None:
        for state in states:
            poll(state, client, lambda _: ({}, {}), Schedule(300.0), now, 0.5)

    run()
    return {"304": measured(run, REPEATED)}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rows = {}
    with origin() as port:
        for name in (*SYSTEMS, "poll_alone"):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.feeds", "--one", name, str(port), str(count)],
                stdout=subprocess.PIPE, check=False, text=True,
            )  # fmt: skip
            rows[name] = json.loads(done.stdout) if done.returncode == 0 else {}
    print(
        f"{count} feeds of about 220 kB, {time.strftime('%Y-%m-%d')}, load {os.getloadavg()[0]:.1f}; CPU seconds a pass"
    )
    print(f"{'':12}" + "".join(f"{p:>10}" for p in PASSES) + f"{'peak MB':>10}")
    for name, row in rows.items():
        print(f"{name:12}" + "".join(f"{row.get(p, float('nan')):10.2f}" for p in (*PASSES, "peak_mb")))
    for peer in ("reader", "feedparser"):
        ratios = [rows[peer].get(p, float("nan")) / rows["oncowire"].get(p, float("nan")) for p in PASSES]
        mixed = _unchanged(rows[peer]) / _unchanged(rows["oncowire"])
        said = ", ".join(f"{p} {r:.1f}" for p, r in zip(PASSES, ratios, strict=True))
        print(f"{peer} / oncowire: {said}; unchanged, half 200 and half 304: {mixed:.1f}")
    alone, whole = (rows[n].get("304", float("nan")) / rows["urllib3"]["304"] for n in ("poll_alone", "oncowire"))
    print(f"304 against bare urllib3: poll {alone:.2f}, with claim and store {whole:.2f}")


def _unchanged(row: dict[str, float]) -> float:
    return (row.get("same 200", float("nan")) + row.get("304", float("nan"))) / 2


def one(name: str, port: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spent: dict[str, float] = globals()[name](port, count, Path(folder))
    print(json.dumps(spent | {"peak_mb": peak_mb()}))


@contextmanager
def origin() -> Iterator[int]:
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.feed_origin"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    yield int(server.stdout.readline())
    server.kill()
    server.wait()
    server.stdout.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
