# SPDX-License-Identifier: MIT
"""Items a second of the reader on one core, beside the bare automaton pass over the same keys (its limit).

python benchmarks/facts.py [ITEMS.jsonl]    one JSON object a line with title and summary; without a file, the corpus of the tests
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

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
    items = _items(sys.argv[1] if len(sys.argv) > 1 else "")
    started = time.perf_counter()
    read = reader().read
    start_s = time.perf_counter() - started
    matcher = Matcher(load())
    keys = [keyed(f"{i.title} {i.summary}").key for i in items]
    ours = _rate(lambda: [read(i) for i in items], len(items))
    bare = _rate(lambda: [matcher.bare_pass(k) for k in keys], len(items))
    print(f"start-up {start_s:.2f} s")
    print(f"reader   {ours:8.0f} items/s   {ours / bare:.1%} of the bare pass")
    print(f"bare     {bare:8.0f} items/s")


def _items(path: str) -> list[NewsItem]:
    if path:
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    else:
        rows = [
            row for file in sorted(CORPUS.glob("*.yaml")) for row in yaml.safe_load(file.read_text(encoding="utf-8"))
        ]
    few = [NewsItem(id=str(n), title=r["title"], summary=(r.get("summary") or "")[:600]) for n, r in enumerate(rows)]
    return (few * (WANTED // len(few) + 1))[:WANTED]


def _rate(work: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return count / statistics.median(times)


if __name__ == "__main__":
    main()
