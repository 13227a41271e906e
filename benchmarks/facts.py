# SPDX-License-Identifier: MIT
"""Items a second of the reader (CPU time, one core), beside the bare automaton pass over the same keys and published recognisers.

python benchmarks/facts.py [ITEMS.jsonl] [PYTHON]
ITEMS: one JSON object a line with title and summary, with labels if there are any; without a file, the corpus of the tests.
PYTHON: an interpreter that has drug-named-entity-recognition and medical-named-entity-recognition (peers.py).
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from alerts.facts import reader
from alerts.facts.matcher import Matcher
from alerts.facts.text import keyed
from alerts.facts.vocabulary import load
from alerts.model import NewsItem

CORPUS = Path(__file__).parent.parent / "tests/corpus"
ROUNDS = 5
WANTED = 1000


def main() -> None:
    read = reader().read
    start_s = time.process_time()  # of the whole process: the interpreter, imports, tables
    items = _items(sys.argv[1] if len(sys.argv) > 1 else "")
    matcher = Matcher(load())
    keys = [keyed(f"{i.title} {i.summary}").key for i in items]
    ours = _rate(lambda: _each(read, items), len(items))
    bare = _rate(lambda: _each(matcher.bare_pass, keys), len(items))
    print(f"Python   {sys.version}")
    print(f"start-up {start_s:.2f} s")
    print(f"reader   {ours:8.0f} items/s   {ours / bare:.1%} of the bare pass")
    print(f"bare     {bare:8.0f} items/s")
    print(f"memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB at most")
    if len(sys.argv) > 2:
        _peers(sys.argv[2], sys.argv[1])


def _peers(python: str, path: str) -> None:
    """Speed and F1 of names (any role) of the peers and of ours on the same labelled items."""
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    items = [NewsItem(id=r["id"], title=r["title"], summary=r.get("summary") or "") for r in rows]
    lines = "\n".join(json.dumps({"text": f"{i.title} {i.summary[:600]}"}) for i in items)
    script = Path(__file__).with_name("peers.py")
    told = subprocess.run([python, script], input=lines, capture_output=True, text=True, check=True).stdout
    peers: dict[str, Any] = json.loads(told)
    facts = [reader().read(i) for i in items]
    ours = {
        "drugs": [{d.name for d in f.drugs} for f in facts],
        "indications": [{c.name for c in f.indications} for f in facts],
    }
    for field, key in (("drugs", "inn"), ("indications", "name")):
        gold = [{x[key].lower() for x in r.get("labels", {}).get(field, ())} for r in rows]
        rate = len(items) / peers["seconds"][field]
        theirs = _f1(gold, [set(f) for f in peers["found"][field]])
        print(f"{field:12} peer {rate:8.0f} items/s, F1 of names {theirs:.3f}; ours {_f1(gold, ours[field]):.3f}")


def _f1(gold: list[set[str]], found: list[set[str]]) -> float:
    hits = sum(len(g & {n.lower() for n in f}) for g, f in zip(gold, found, strict=True))
    return 2 * hits / max(1, sum(map(len, gold)) + sum(map(len, found)))


def _items(path: str) -> list[NewsItem]:
    if path:
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    else:
        rows = [
            row for file in sorted(CORPUS.glob("*.yaml")) for row in yaml.safe_load(file.read_text(encoding="utf-8"))
        ]
    few = [NewsItem(id=str(n), title=r["title"], summary=(r.get("summary") or "")[:600]) for n, r in enumerate(rows)]
    return (few * (WANTED // len(few) + 1))[:WANTED]


def _each(work: Callable[[Any], object], inputs: Sequence[Any]) -> None:
    """One after the other, as a worker does it: nothing of an item is kept while the next is read."""
    for one in inputs:
        work(one)


def _rate(work: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return count / statistics.median(times)


if __name__ == "__main__":
    main()
