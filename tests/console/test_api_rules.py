# SPDX-License-Identifier: MIT
"""Rules by API as an editor has them on the pages: states, copies, undo, rule files, preview, who would be told."""

from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlmodel import col, select

from alerts.config import Settings
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry
from tests.console.conftest import RULE, Program
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
FILE = """- name: EU approvals
  rule: {events: {any: [approval]}, regulators: {any: [EC]}}
  channels: [{email: alice@example.org, cadence: daily 08:00 Europe/Paris}]
"""


@pytest.fixture
def bob(program: Program) -> TestClient:
    return program("bob")


def made(bob: TestClient, **changes: Any) -> dict[str, Any]:
    answer = bob.post("/api/v1/rules", json={**RULE, **changes})
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == f'"r{answer.json()["revision"]}"'
    found: dict[str, Any] = answer.json()
    return found


def test_a_rule_is_paused_only_as_it_was_seen(bob: TestClient) -> None:
    rule = made(bob)
    path = f"/api/v1/rules/{rule['id']}/state"
    assert bob.put(path, json={"state": "paused"}).json()["code"] == "precondition_required"
    paused = bob.put(path, json={"state": "paused"}, headers={"If-Match": '"r1"'})
    assert (paused.json()["state"], paused.headers["etag"]) == ("paused", '"r2"')
    assert bob.put(path, json={"state": "active"}, headers={"If-Match": '"r1"'}).status_code == 412
    assert [r["name"] for r in bob.get("/api/v1/rules", params={"state": "paused"}).json()["items"]] == [RULE["name"]]


def test_a_draft_without_a_channel_is_not_switched_on(bob: TestClient) -> None:
    rule = made(bob, channels=[], state="draft")
    answer = bob.put(f"/api/v1/rules/{rule['id']}/state", json={"state": "active"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_channel")


def test_a_copy_is_a_draft_under_a_free_name_and_is_made_once_for_a_key(bob: TestClient) -> None:
    rule = made(bob)
    path, key = f"/api/v1/rules/{rule['id']}/duplicate", {"Idempotency-Key": "copy-1"}
    copy = bob.post(path, headers=key)
    assert (copy.status_code, copy.json()["name"], copy.json()["state"]) == (201, f"{RULE['name']} (2)", "draft")
    assert bob.post(path, headers=key).json() == copy.json()
    assert bob.post(path).json()["name"] == f"{RULE['name']} (3)"


def test_undo_brings_back_the_conditions_as_a_new_revision(bob: TestClient, store: Store) -> None:
    rule = made(bob)
    path = f"/api/v1/rules/{rule['id']}"
    wider = {**RULE, "rule": {"drugs": {"any": ["cabozantinib"]}}}
    bob.put(path, json=wider, headers={"If-Match": "*"})
    newest = bob.get(f"{path}/history", params={"limit": 1}).json()
    assert any(line.startswith("-") and "EC" in line for line in newest["items"][0]["changes"])
    assert bob.get(f"{path}/history", params={"cursor": newest["next"]}).json()["items"][0]["revision"] == 1
    undone = bob.post(f"{path}/undo", json={"revision": 1}, headers={"If-Match": '"r2"'})
    assert (undone.status_code, undone.json()["revision"]) == (200, 3)
    assert undone.json()["spec"]["rule"] == rule["spec"]["rule"]
    assert bob.post(f"{path}/undo", json={"revision": 77}, headers={"If-Match": "*"}).status_code == 404
    with store.read() as session:
        noted = session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))).all()
    assert noted[-3:] == ["rule_created", "rule_changed", "rule_undone"]


def test_what_is_read_can_be_sent_back_and_changes_nothing(bob: TestClient) -> None:
    """Also the rhythm that a channel has in this rule alone."""
    daily = {"email": "alice@example.org", "cadence": "daily 08:00 Europe/Paris"}
    rule = made(bob, channels=[daily])
    assert rule["spec"]["channels"] == [{"channel": "alice@example.org", "cadence": "daily 08:00 Europe/Paris"}]
    same = bob.put(f"/api/v1/rules/{rule['id']}", json=rule["spec"], headers={"If-Match": "*"})
    assert same.json() == rule


def test_a_rule_file_goes_in_and_comes_out(bob: TestClient) -> None:
    headers = {"Content-Type": "application/yaml"}
    checked = bob.post("/api/v1/rules.yaml?check=true", content=FILE, headers=headers)
    assert checked.json() == {"rules": [{"name": "EU approvals", "outcome": "valid"}]}
    assert bob.get("/api/v1/rules").json()["items"] == []
    applied = bob.post("/api/v1/rules.yaml", content=FILE, headers=headers)
    assert applied.json() == {"rules": [{"name": "EU approvals", "outcome": "created"}]}
    text = bob.get("/api/v1/rules.yaml").text
    assert yaml.safe_load(text)[0]["rule"] == yaml.safe_load(FILE)[0]["rule"]
    rule = bob.get("/api/v1/rules").json()["items"][0]["id"]
    assert bob.get(f"/api/v1/rules/{rule}.yaml").text == text
    assert bob.post("/api/v1/rules.yaml", content=text, headers=headers).json()["rules"][0]["outcome"] == "unchanged"


def test_a_faulty_rule_file_changes_nothing_and_tells_every_line(bob: TestClient) -> None:
    faulty = FILE + "- name: Second\n  rule: {drugs: {any: [cabozantinob]}}\n  channels: [{email: a@example.org}]\n"
    answer = bob.post("/api/v1/rules.yaml", content=faulty)
    assert (answer.status_code, answer.json()["code"]) == (422, "faulty_rules")
    assert [(e["line"], e["code"]) for e in answer.json()["errors"]] == [(5, "unknown_drug")]
    unknown = FILE.replace("email: alice@example.org", "channel: nobody")
    assert bob.post("/api/v1/rules.yaml", content=unknown).json()["code"] == "unknown_channel"
    assert bob.get("/api/v1/rules").json()["items"] == []


def test_a_preview_tells_near_misses_volume_and_next_sends(
    bob: TestClient, store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    rule = made(bob)
    asked = {
        "rule": {"drugs": {"any": ["cabozantinib"]}},
        "rule_id": rule["id"],
        "cadence": "weekly mon 08:00 Europe/Paris",
    }
    seen = bob.post("/api/v1/rules/preview", json=asked).json()
    assert (seen["matched"], len(seen["next_sends"])) == (2, 6)
    assert seen["stories_a_week"] == 2 * seen["stories_a_week_now"] > 0
    near = bob.post("/api/v1/rules/preview", json={"rule": RULE["rule"]}).json()["near"]
    assert [(n["failed"], n["instead"]) for n in near] == [("regulators", "FDA")]


def test_a_pasted_article_tells_which_rules_would_tell_and_what_the_others_want(bob: TestClient) -> None:
    made(bob)
    made(bob, name="Draft", state="draft")
    article = {"text": "EC approves cabozantinib for neuroendocrine tumours"}
    tried = bob.post("/api/v1/rules/try", json=article).json()["items"]
    assert [(t["name"], t["verdict"]) for t in tried] == [("Draft", "silent"), (RULE["name"], "told")]
    told = bob.post("/api/v1/rules/try", params={"verdict": "told"}, json=article).json()["items"]
    assert [t["name"] for t in told] == [RULE["name"]]
    other = {"text": "FDA approves cabozantinib for renal cell carcinoma"}
    missed = bob.post("/api/v1/rules/try", json=other).json()["items"]
    assert missed[1]["failed"] == [{"field": "regulators", "wanted": "EC"}]


def test_type_ahead_offers_what_a_field_understands(bob: TestClient) -> None:
    def values(field: str, typed: str) -> list[str]:
        found = bob.get("/api/v1/rules/suggest", params={"field": field, "q": typed}).json()
        return [s["value"] for s in found]

    assert values("drugs", "Cabomet") == ["drug:cabozantinib"]
    assert "trial_positive" in values("events", "trial")
    assert values("text", "anything") == []
