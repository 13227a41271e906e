# SPDX-License-Identifier: MIT
"""Two requests to the API at the very same moment, on both databases: what is done is done once, and who comes second is told."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import text

from alerts.console.api import rules
from alerts.facts.vocabulary.current import current
from alerts.pipeline import vocabulary as changes
from alerts.store.engine import Store
from tests.console.conftest import RULE, Program
from tests.console.test_every_page import BOTH

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    current.follow(None)


def until_it_waits(store: Store, other: Future[Response]) -> None:
    """PostgreSQL tells who waits for a lock; on SQLite the other has a moment in which it could slip by."""
    until = time.monotonic() + (0.5 if store.is_sqlite else 30)
    while time.monotonic() < until and not other.done():
        if not store.is_sqlite:
            with store.read() as session:
                if session.execute(WAITING).scalar():
                    return
        time.sleep(0.02)
    assert store.is_sqlite, "nobody came to the lock"
    assert not other.done()


@BOTH
def test_a_post_that_is_sent_again_before_the_first_was_answered_is_done_once(
    program: Program, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, key = program("bob"), {"Idempotency-Key": "impatient"}
    saved, again = rules._saved, list[Future[Response]]()
    with ThreadPoolExecutor(1) as pool:

        def slowly(*given: Any) -> Any:
            made = saved(*given)
            if not again:
                again.append(pool.submit(bob.post, "/api/v1/rules", json=RULE, headers=key))
                until_it_waits(store, again[0])
            return made

        monkeypatch.setattr(rules, "_saved", slowly)
        first = bob.post("/api/v1/rules", json=RULE, headers=key)
        second = again[0].result(timeout=30)
    assert (first.status_code, second.status_code) == (201, 201), second.text
    assert second.json() == first.json()
    assert (first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed")) == (None, "true")
    assert [r["id"] for r in bob.get("/api/v1/rules").json()["items"]] == [first.json()["id"]]


@BOTH
def test_a_post_that_failed_leaves_its_key_free(program: Program) -> None:
    bob, key = program("bob"), {"Idempotency-Key": "second-try"}
    wrong = {**RULE, "channels": [{"channel": "nobody"}]}
    assert bob.post("/api/v1/rules", json=wrong, headers=key).status_code == 422
    made = bob.post("/api/v1/rules", json=RULE, headers=key)
    assert (made.status_code, made.headers.get("idempotency-replayed")) == (201, None)


@BOTH
def test_an_admin_whose_vocabulary_change_meets_another_is_told_to_look_again(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, charlie = program("alice"), program("charlie")
    plan, met = changes.plan_to_save, list[Response]()
    hers = {"what": "add_name", "id": "drug:cabozantinib", "name": "Zyxomab", "sort": "brand"}
    his = {**hers, "id": "drug:nivolumab"}

    def meanwhile(*given: Any) -> changes.Plan:
        made = plan(*given)
        if not met:
            met.append(Response(100))
            met[0] = charlie.post("/api/v1/vocabulary/changes", json=his)
        return made

    monkeypatch.setattr(changes, "plan_to_save", meanwhile)
    refused = alice.post("/api/v1/vocabulary/changes", json=hers)
    assert met[0].status_code == 201, met[0].text
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert "Look at it again" in refused.json()["detail"]
    assert [c["concept"] for c in alice.get("/api/v1/vocabulary/changes").json()["items"]] == ["drug:nivolumab"]
    assert alice.post("/api/v1/vocabulary/changes", json=hers).json()["code"] == "collision"
