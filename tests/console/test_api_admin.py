# SPDX-License-Identifier: MIT
"""Templates, people, tokens, teams, vocabulary, audit and status by API."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, select

from alerts.config import Settings
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry, IdempotencyKey, Item, NovelName
from tests.console.conftest import RULE, Program
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def alice(program: Program) -> TestClient:
    return program("alice")


@pytest.fixture
def bob(program: Program) -> TestClient:
    return program("bob")


def noted(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))))


# ── templates ────────────────────────────────────────────────────────────────────────────────────


def test_a_template_is_checked_shown_and_only_then_saved(bob: TestClient, store: Store) -> None:
    faulty = {"source": {"title": "{{ nothing }}", "body": "{{ title }}"}}
    found = bob.post("/api/v1/templates/slack/check", json=faulty).json()
    assert (found[0]["part"], found[0]["line"]) == ("title", 1)
    refused = bob.post("/api/v1/templates/slack/versions", json=faulty)
    assert (refused.status_code, refused.json()["code"]) == (422, "template_faults")
    assert refused.json()["errors"] == found
    assert bob.get("/api/v1/templates/slack").json()["current"] is None
    assert noted(store) == []


def test_our_own_layout_is_shown_and_gone_back_to(bob: TestClient, store: Store) -> None:
    shown = bob.post("/api/v1/templates/email/preview", json={"source": {}})
    assert shown.json()["subject"]
    assert "<html" in shown.json()["html"]
    back = bob.post("/api/v1/templates/email/revert", json={"version": 0}).json()
    assert (back["version"], back["source"], back["author"]) == (1, {}, "bob@example.org (token test)")
    assert [v["version"] for v in bob.get("/api/v1/templates/email/versions").json()["items"]] == [1]
    assert bob.post("/api/v1/templates/email/revert", json={"version": 9}).json()["code"] == "unknown_version"
    assert noted(store) == ["template_reverted"]


def test_a_part_that_no_template_has_is_a_fault_and_no_server_error(bob: TestClient) -> None:
    answer = bob.post("/api/v1/templates/slack/preview", json={"source": {"": "x"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_part")


# ── people, tokens, teams ────────────────────────────────────────────────────────────────────────


def test_somebody_is_invited_gets_a_new_link_and_another_role(alice: TestClient, store: Store) -> None:
    made = alice.post("/api/v1/users", json={"email": "dora@example.org", "role": "viewer"}).json()
    assert "/welcome/" in made["link"]
    link = alice.post(f"/api/v1/users/{made['id']}/link").json()["link"]
    assert "/welcome/" in link
    assert link != made["link"]
    assert alice.put(f"/api/v1/users/{made['id']}/role", json={"role": "editor"}).status_code == 204
    people = {p["email"]: p for p in alice.get("/api/v1/users").json()["items"]}
    assert (people["dora@example.org"]["role"], people["dora@example.org"]["has_password"]) == ("editor", False)
    assert noted(store) == ["user_added", "link_made", "role_changed"]


def test_a_token_makes_only_tokens_that_may_do_no_more_than_itself(
    app: FastAPI, alice: TestClient, program: Program, store: Store
) -> None:
    made = alice.post("/api/v1/tokens", json={"label": "export", "scopes": ["read"], "days": 9}).json()
    reader = TestClient(app, headers={"Authorization": f"Bearer {made['token']}"})
    me = reader.get("/api/v1/me").json()
    assert (me["email"], me["team"]["slug"], me["scopes"]) == ("alice@example.org", "team-a", ["read"])
    narrow = program("alice", "admin")
    wider = narrow.post("/api/v1/tokens", json={"label": "more", "scopes": ["admin", "rules:write"]})
    assert (wider.status_code, wider.json()["code"]) == (422, "bad_scope")
    assert alice.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert reader.get("/api/v1/me").status_code == 401
    assert noted(store) == ["token_made", "token_ended"]


def test_a_secret_answer_is_given_again_but_not_kept_readable(alice: TestClient, store: Store) -> None:
    body, key = {"label": "export", "scopes": ["read"]}, {"Idempotency-Key": "token-1"}
    first = alice.post("/api/v1/tokens", json=body, headers=key)
    again = alice.post("/api/v1/tokens", json=body, headers=key)
    assert again.json() == first.json()
    with store.read() as session:
        kept = session.exec(select(IdempotencyKey)).one()
    assert first.json()["token"] not in kept.body


def test_a_team_is_made_once(alice: TestClient, store: Store) -> None:
    made = alice.post("/api/v1/teams", json={"name": "Medical  affairs"})
    assert (made.status_code, made.json()["slug"], made.json()["role"]) == (201, "medical-affairs", "admin")
    assert alice.post("/api/v1/teams", json={"name": "medical affairs"}).json()["code"] == "team_exists"
    assert alice.post("/api/v1/teams", json={"name": "…"}).json()["code"] == "missing_name"


# ── vocabulary ───────────────────────────────────────────────────────────────────────────────────

NAME = {"what": "add_name", "id": "drug:cabozantinib", "name": "Kabofix", "sort": "synonym"}


def test_a_name_is_tried_by_an_editor_and_saved_and_taken_back_by_an_admin(
    alice: TestClient, bob: TestClient, store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    seen = bob.post("/api/v1/vocabulary/changes/try", json=NAME).json()
    assert "Kabofix" in seen["said"]
    assert bob.post("/api/v1/vocabulary/changes", json=NAME).json()["code"] == "role"
    key = {"Idempotency-Key": "name-1"}
    made = alice.post("/api/v1/vocabulary/changes", json=NAME, headers=key)
    assert made.status_code == 201, made.text
    assert alice.post("/api/v1/vocabulary/changes", json=NAME, headers=key).json() == made.json()
    assert "Kabofix" in bob.get("/api/v1/vocabulary/changes.yaml").text
    undone = alice.post(f"/api/v1/vocabulary/changes/{made.json()['id']}/undo")
    assert undone.json()["undone_by"] == "alice@example.org (token test)"
    assert [c["id"] for c in bob.get("/api/v1/vocabulary/changes").json()["items"]] == [made.json()["id"]]
    assert noted(store)[-2:] == ["vocabulary_changed", "vocabulary_undone"]


def test_a_change_that_cannot_be_meant_is_refused(bob: TestClient) -> None:
    def code(**change: Any) -> str:
        answer = bob.post("/api/v1/vocabulary/changes/try", json={**NAME, **change})
        assert answer.status_code in {404, 422}
        found: str = answer.json()["code"]
        return found

    assert code(id="drug:nothing") == "not_found"
    assert code(sort="nickname") == "bad_sort"
    assert code(name="Opdivo") == "collision"


def test_names_that_wait_for_review_are_listed_by_state(
    bob: TestClient, store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    now = datetime.now(UTC)
    with store.write() as session:
        item = session.exec(select(Item.id)).first()
        for name, state in (("zalotinib", "open"), ("mevotinib", "refused")):
            row = NovelName(name=name, reason="INN stem", first_item_id=item or 0, seen_count=2, first_seen_at=now)
            row.state = state
            session.add(row)
    assert [q["name"] for q in bob.get("/api/v1/vocabulary/review").json()["items"]] == ["zalotinib"]
    refused = bob.get("/api/v1/vocabulary/review", params={"state": "refused"}).json()["items"]
    assert [q["name"] for q in refused] == ["mevotinib"]


# ── audit and status ─────────────────────────────────────────────────────────────────────────────


def test_the_audit_log_is_filtered_by_what_was_done(alice: TestClient) -> None:
    alice.post("/api/v1/rules", json=RULE)
    alice.post("/api/v1/teams", json={"name": "Other"})
    found = alice.get("/api/v1/audit", params={"action": "rule_created"}).json()["items"]
    assert [(e["action"], e["subject"]) for e in found] == [("rule_created", f"rule {RULE['name']}")]


def test_the_status_tells_queues_signs_and_what_was_set_aside(
    bob: TestClient, store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    with store.write() as session:
        row = session.exec(select(Item).limit(1)).one()
        row.error_code, row.error_text = "read_failed", "broken"
    seen = bob.get("/api/v1/status").json()
    assert {"poll", "read", "match", "deliver"} <= set(seen["due"])
    assert [d["code"] for d in seen["dead_items"]] == ["read_failed"]
