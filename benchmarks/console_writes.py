# SPDX-License-Identifier: MIT
"""How long it takes until something is saved, beside 100,000 stories: what benchmarks/console.py times of changes.

Each round changes something else. A change of the vocabulary is timed three times: seen before (read again with both
vocabularies), saved, and the first look-up of a process afterwards, which makes names and tree anew.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fastapi.testclient import TestClient

V1 = "/api/v1"
RULE = {
    "rule": {"drugs": {"any": ["Cabometyx"]}, "regulators": {"any": ["EC"]}},
    "channels": [{"email": "alice@example.org"}],
}


class Write(NamedTuple):
    """A request that changes something."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] | None = None


Made = Callable[[int], Write]
WRITES: dict[str, Made] = {
    "a rule": lambda n: Write("POST", "/rules", {**RULE, "name": f"Written {n}"}),
    "a rule changed": lambda n: Write("PUT", "/rules/2", {**RULE, "name": "Rule 002", "cap_per_day": n + 1}, {"If-Match": "*"}),
    "a rule on, off": lambda n: Write("PUT", "/rules/3/state", {"state": ("paused", "active")[n % 2]}, {"If-Match": "*"}),
    "a rule taken back": lambda n: Write("POST", "/rules/1/undo", {"revision": n + 1}, {"If-Match": "*"}),
    "a copy of a rule": lambda _: Write("POST", "/rules/1/duplicate"),
    "not relevant": lambda n: Write("POST", f"/stories/{n + 100}/not-relevant", {"note": "no"}),
    "two stories made one": lambda n: Write("POST", f"/stories/{n + 200}/merge", {"into": n + 300}),
    "a source made a story": lambda n: Write("POST", f"/stories/{n + 300}/split", {"item": n + 200}),
    "a channel": lambda n: Write("POST", "/channels", {"email": f"written{n}@example.org"}),
    "a test message": lambda n: Write("POST", f"/channels/{n + 2}/test"),
    "a feed": lambda n: Write("POST", "/feeds", {"url": f"https://written{n}.example.org/feed"}),
    "a template": lambda _: Write("POST", "/templates/email/revert", {"version": 0}),
    "somebody invited": lambda n: Write("POST", "/users", {"email": f"dora{n}@example.org", "role": "viewer"}),
    "a token": lambda n: Write("POST", "/tokens", {"label": f"written {n}", "scopes": ["read"], "days": 9}),
}  # fmt: skip
CHANGES: dict[str, Made] = {
    "a name, seen before": lambda n: Write("POST", "/vocabulary/changes/try", _name(n)),
    "a name, saved": lambda n: Write("POST", "/vocabulary/changes", _name(n)),
    "the first look-up afterwards": lambda n: Write("GET", f"/vocabulary?q=zyxo{n}"),
}
PLACE = {"what": "put_under", "id": "drug:cabozantinib", "above": ["class:pd-1 inhibitor"]}


def _name(n: int) -> dict[str, Any]:
    return {"what": "add_name", "id": "drug:cabozantinib", "name": f"Zyxo{n}", "sort": "synonym"}


def writes(client: TestClient, csrf: dict[str, str], rounds: int) -> None:
    """Medians and 95th percentiles in milliseconds, of every kind of change."""
    everything: list[float] = []
    for what, make in WRITES.items():
        times = [_timed(client, csrf, make(n)) for n in range(rounds)]
        _print(f"saved: {what}", times)
        everything += times
    _print(f"saved: {len(WRITES)} kinds, all", everything)
    seen = [_timed(client, csrf, Write("POST", "/vocabulary/changes/try", PLACE)) for _ in range(rounds)]
    _print("vocabulary: another place for a drug, seen before", seen)
    for what, times in _changes(client, csrf, min(rounds, 10)):
        _print(f"vocabulary: {what}", times)


def _changes(client: TestClient, csrf: dict[str, str], rounds: int) -> Iterator[tuple[str, list[float]]]:
    """Seen, saved, looked up, in turn, as somebody does it."""
    times: dict[str, list[float]] = {what: [] for what in CHANGES}
    for n in range(rounds):
        for what, make in CHANGES.items():
            times[what].append(_timed(client, csrf, make(n)))
    yield from times.items()


def _timed(client: TestClient, csrf: dict[str, str], write: Write) -> float:
    started = time.perf_counter()
    answer = client.request(write.method, V1 + write.path, json=write.body, headers={**csrf, **(write.headers or {})})
    took = (time.perf_counter() - started) * 1000
    assert answer.status_code < 300, f"{write.method} {write.path}: {answer.text[:500]}"
    return took


def _print(what: str, times: list[float]) -> None:
    p95 = sorted(times)[max(0, round(len(times) * 0.95) - 1)]
    print(f"{what:50} {statistics.median(times):10.0f} {p95:8.0f}")
