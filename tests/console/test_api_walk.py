# SPDX-License-Identifier: MIT
"""Every list and every POST of the API, walked on both databases: pages have all rows once, a key makes a POST safe to repeat."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select
from sqlmodel import SQLModel

from alerts.config import Settings
from alerts.console.access import GuardedRoute
from alerts.console.app import routes
from alerts.facts.vocabulary.current import current
from alerts.facts.vocabulary.edits import Edit
from alerts.store import channels, vocabulary
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry, Channel, Delivery, Item, NovelName, Suppression
from tests.console.conftest import RULE, People, Program
from tests.console.news import bring_in
from tests.console.test_every_page import BOTH
from tests.console.test_parity import NO_CHANGE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ARTICLE = {"text": "EC approves cabozantinib for neuroendocrine tumours"}
WIRE = "https://wire{}.example.org/feed"
ONE_PAGE = {"GET /templates", "GET /rules/suggest", "POST /templates/{kind}/check"}  # docs/api.md says why


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    current.follow(None)


@pytest.fixture
def alice(program: Program, store: Store, store_settings: Settings) -> TestClient:
    """Alice, whose team has at least three rows in every list."""
    alice = program("alice")
    for n in range(3):
        mail = {"email": f"reader{n}@example.org"}
        rule = alice.post("/api/v1/rules", json={**RULE, "name": f"Rule {n}", "channels": [mail]}).json()
        changed = {**RULE, "name": f"Rule {n}", "channels": [mail]}
        for cap in (n + 1, n + 2):
            path = f"/api/v1/rules/{rule['id']}"
            assert alice.put(path, json={**changed, "cap_per_day": cap}, headers={"If-Match": "*"}).status_code == 200
        assert alice.post(f"/api/v1/channels/{rule['channel_ids'][0]}/test").status_code == 202
        assert alice.post("/api/v1/feeds", json={"url": WIRE.format(n)}).status_code == 201
        assert alice.post("/api/v1/tokens", json={"label": f"T{n}", "scopes": ["read"], "days": 9}).status_code == 201
        assert alice.post("/api/v1/templates/email/revert", json={"version": 0}).status_code == 201
    bring_in(store, store_settings)
    now = datetime.now(UTC)
    with store.write() as session:
        item = session.execute(select(func.min(Item.id))).scalar_one()
        for n, channel in enumerate(session.execute(select(Channel)).scalars()):
            channels.suppress(session, channel.fingerprint, channel.hint, "complaint", now)
            edit = Edit(f"“Zyx{n}” is no drug", {"not_drugs": [f"Zyx{n}"]})
            vocabulary.add(session, edit, "alice", now)
            session.add(NovelName(name=f"zal{n}tinib", reason="INN stem", first_item_id=item, first_seen_at=now))
    return alice


def named(route: GuardedRoute) -> Iterator[str]:
    path = re.sub(r":\w+}", "}", route.path).removeprefix("/api/v1")
    yield from (f"{method} {path}" for method in sorted(route.methods or ()))


def operations(app: FastAPI) -> dict[str, GuardedRoute]:
    api = [r for r in routes(app) if isinstance(r, GuardedRoute) and r.path.startswith("/api/v1/")]
    return {name: route for route in api for name in named(route)}


def lists(app: FastAPI) -> Iterator[tuple[str, bool]]:
    """Every operation that answers with a list, and whether its answer is a page of it."""
    for name, route in operations(app).items():
        model = route.response_model
        if "next" in getattr(model, "model_fields", {}):
            yield name, True
        elif getattr(model, "__origin__", None) is list:
            yield name, False


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


def rows(alice: TestClient, name: str, limit: int, ids: dict[str, str]) -> list[Any]:
    """All rows of a list, taken in pages of this size."""
    method, path = name.split()
    path = path.format(**ids)
    params: dict[str, Any] = {"limit": limit, **({"q": "cabo"} if path == "/vocabulary" else {})}
    found: list[Any] = []
    for _ in range(200):
        body = ARTICLE if method == "POST" else None
        answer = alice.request(method, f"/api/v1{path}", params=params, json=body)
        assert answer.status_code == 200, f"{name}: {answer.text}"
        page = answer.json()
        assert set(page) == {"items", "next"}
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]
    raise AssertionError(f"{name} never ends")


@BOTH
def test_every_list_has_all_its_rows_once_whatever_the_size_of_its_pages(app: FastAPI, alice: TestClient) -> None:
    rule, story = (alice.get(f"/api/v1/{what}").json()["items"][0]["id"] for what in ("rules", "stories"))
    ids = {"rule_id": rule, "story_id": story, "kind": "email"}
    paged = [name for name, pages in lists(app) if pages]
    assert len(paged) >= 17
    for name in paged:
        whole = rows(alice, name, 200, ids)
        assert len(whole) >= 3, f"{name}: {whole}"
        assert len({str(row) for row in whole}) == len(whole), name
        for limit in (1, 2):
            # Rows of tokens tell when they were last used: by the request before.
            keys = [[{k: v for k, v in row.items() if k != "last_used_at"} for row in r]
                    for r in (rows(alice, name, limit, ids), whole)]  # fmt: skip
            assert keys[0] == keys[1], f"{name} in pages of {limit}"


@BOTH
def test_nothing_is_repeated_or_skipped_when_rows_come_in_between_two_pages(alice: TestClient) -> None:
    for path in ("/api/v1/rules", "/api/v1/audit"):
        before = [row["id"] for row in alice.get(path, params={"limit": 200}).json()["items"]]
        first = alice.get(path, params={"limit": 2}).json()
        alice.post("/api/v1/rules", json={**RULE, "name": f"New while {path} is read"})
        rest = alice.get(path, params={"limit": 200, "cursor": first["next"]}).json()
        assert [row["id"] for row in first["items"] + rest["items"]] == before


def test_a_cursor_that_the_api_did_not_make_is_refused_or_finds_nothing(app: FastAPI, program: Program) -> None:
    alice = program("alice")
    for name, paged in lists(app):
        if paged and "{" not in name and name.startswith("GET"):
            for cursor in ("nonsense", "!!!!", "OTk5OTk5OTk5OTk5OQ", "LTE", "4pi6", "A" * 1000):
                params = {"cursor": cursor, **({"q": "cabo"} if name.endswith("/vocabulary") else {})}
                answer = alice.get(f"/api/v1{name.split()[1]}", params=params)
                assert (answer.status_code, answer.json().get("code")) in {(422, "bad_cursor"), (200, None)}, name


def test_a_list_of_one_page_is_one_that_the_document_names(app: FastAPI) -> None:
    assert {name for name, pages in lists(app) if not pages} == ONE_PAGE


# ── posts ────────────────────────────────────────────────────────────────────────────────────────


class Post(NamedTuple):
    """A POST that works in Alice's team. `body`: JSON, or a file where it is text."""

    path: str
    body: Any = None
    headers: dict[str, str] = {}


OPML = '<opml version="2.0"><body><outline type="rss" text="New" xmlUrl="https://new.example.org/feed"/></body></opml>'
SOURCE = {"subject": "{{ title }}", "html": '<p>{{ title }}</p><p><a href="{{ links.unsubscribe }}">leave</a></p>',
          "text": "{{ title }} {{ links.unsubscribe }}"}  # fmt: skip
NAME = {"what": "add_name", "id": "drug:cabozantinib", "name": "Kabofix", "sort": "synonym"}
POSTS = {
    "POST /rules": Post("/rules", {**RULE, "name": "One more"}),
    "POST /rules/{rule_id}/duplicate": Post("/rules/{rule}/duplicate"),
    "POST /rules/{rule_id}/undo": Post("/rules/{rule}/undo", {"revision": 1}, {"If-Match": "*"}),
    "POST /rules.yaml": Post("/rules.yaml", "- name: A file\n  rule: {events: {any: [approval]}}\n  state: draft\n"),
    "POST /rules/preview": Post("/rules/preview", {"rule": RULE["rule"]}),
    "POST /rules/try": Post("/rules/try", ARTICLE),
    "POST /stories/{story_id}/not-relevant": Post("/stories/{a}/not-relevant", {"note": "no"}),
    "POST /stories/{story_id}/merge": Post("/stories/{a}/merge", {"into": "{b}"}),
    "POST /stories/{story_id}/split": Post("/stories/{b}/split", {"item": "{item}"}),
    "POST /deliveries/{delivery_id}/retry": Post("/deliveries/{delivery}/retry"),
    "POST /channels": Post("/channels", {"email": "new@example.org"}),
    "POST /channels/{channel_id}/test": Post("/channels/{fresh}/test"),
    "POST /channels/{channel_id}/confirm": Post("/channels/{waiting}/confirm"),
    "POST /feeds": Post("/feeds", {"url": "https://newer.example.org/feed"}),
    "POST /feeds/check": Post("/feeds/check", {"url": "http://169.254.169.254/"}),
    "POST /feeds/{feed_id}/poll": Post("/feeds/{feed}/poll"),
    "POST /feeds.opml": Post("/feeds.opml", OPML),
    "POST /templates/{kind}/preview": Post("/templates/email/preview", {"source": {}}),
    "POST /templates/{kind}/check": Post("/templates/email/check", {"source": SOURCE}),
    "POST /templates/{kind}/versions": Post("/templates/email/versions", {"source": SOURCE}),
    "POST /templates/{kind}/revert": Post("/templates/email/revert", {"version": 0}),
    "POST /users": Post("/users", {"email": "dora@example.org", "role": "viewer"}),
    "POST /users/{user_id}/link": Post("/users/{user}/link"),
    "POST /tokens": Post("/tokens", {"label": "export", "scopes": ["read"], "days": 9}),
    "POST /teams": Post("/teams", {"name": "Medical affairs"}),
    "POST /vocabulary/changes/try": Post("/vocabulary/changes/try", NAME),
    "POST /vocabulary/changes": Post("/vocabulary/changes", NAME),
    "POST /vocabulary/changes/{edit_id}/undo": Post("/vocabulary/changes/{edit}/undo"),
}  # fmt: skip


def counted(store: Store) -> dict[str, int]:
    """Rows of every table."""
    with store.read() as session:
        tables = SQLModel.metadata.sorted_tables
        return {t.name: session.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


@pytest.fixture
def ready(alice: TestClient, store: Store) -> dict[str, str]:
    """What the posts need besides, by the name that they give it."""
    fresh, waiting = (
        alice.post("/api/v1/channels", json={"email": f"{name}@example.org"}).json()["id"]
        for name in ("fresh", "waiting")
    )
    delivery = alice.get("/api/v1/deliveries").json()["items"][0]["id"]
    with store.write() as session:
        session.get_one(Channel, waiting).state = "unverified"
        session.execute(delete(Suppression))
        session.get_one(Delivery, delivery).state = "dead"
    a, b = (s["id"] for s in alice.get("/api/v1/stories", params={"concept": "drug:cabozantinib"}).json()["items"])
    item = alice.get(f"/api/v1/stories/{a}").json()["sources"][0]["item"]
    rule, edit, feed = (
        alice.get(f"/api/v1/{what}").json()["items"][0]["id"] for what in ("rules", "vocabulary/changes", "feeds")
    )
    user = alice.get("/api/v1/users").json()["items"][1]["id"]
    ids = {"a": a, "b": b, "item": item, "rule": rule, "edit": edit, "feed": feed, "user": user, "delivery": delivery,
           "fresh": fresh, "waiting": waiting}  # fmt: skip
    return {name: str(number) for name, number in ids.items()}


def filled(value: Any, ready: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(v, ready) for key, v in value.items()}
    if isinstance(value, str) and value[1:-1] in ready:
        return int(ready[value[1:-1]])
    return value


@BOTH
def test_every_post_sent_again_with_its_key_gives_the_first_answer_and_does_nothing(
    app: FastAPI, alice: TestClient, ready: dict[str, str], store: Store, people: People
) -> None:
    assert {name for name in operations(app) if name.startswith("POST")} == set(POSTS)
    for number, (name, post) in enumerate(POSTS.items()):
        path = f"/api/v1{post.path.format(**ready)}"
        body = {"content": post.body} if isinstance(post.body, str) else {"json": filled(post.body, ready)}
        headers = {"Idempotency-Key": f"key-{number}", **post.headers}
        before = counted(store)
        first = alice.post(path, headers=headers, **body)
        assert first.status_code in {200, 201, 202}, f"{name}: {first.text}"
        done = counted(store)
        again = alice.post(path, headers=headers, **body)
        assert (again.status_code, again.json()) == (first.status_code, first.json()), name
        assert counted(store) == done, f"{name} did something again"
        if name in NO_CHANGE:
            assert done == before, f"{name} left something behind"
        else:
            assert done["idempotency_key"] == before["idempotency_key"] + 1, name
            assert done["audit_entry"] > before["audit_entry"], f"{name} is not in the audit log"
            with store.read() as session:
                line = session.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).scalars().first()  # type: ignore[union-attr]
            assert line is not None
            assert line.actor == "alice@example.org (token test)", name
            assert line.team_id == people.teams["a"] or line.action == "team_made", name
            assert again.headers["idempotency-replayed"] == "true", name
            other = alice.post("/api/v1/teams", json={"name": f"Other {number}"}, headers=headers)
            assert (other.status_code, other.json()["code"]) == (409, "key_reused"), name
