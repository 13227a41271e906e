# SPDX-License-Identifier: MIT
"""The API as a program meets it: tokens and scopes, problems, cursors, entity tags, idempotency, and odd input."""

import json
import os
import socket
from collections.abc import Callable
from typing import Any, get_args

import pytest
import schemathesis
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts.config import Settings
from alerts.console.api.document import EXAMPLES
from alerts.console.app import routes
from alerts.facts.lookup import lookup
from alerts.store.engine import Store
from tests.console.conftest import RULE, Browser, People, Program
from tests.console.news import bring_in
from tests.console.test_every_page import BOTH

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_without_a_token_the_answer_is_a_problem_with_a_stable_code(app: FastAPI, people: People) -> None:
    answer = TestClient(app).get("/api/v1/rules")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "sign_in"


def test_a_token_does_only_what_its_scopes_and_its_owner_may(program: Program) -> None:
    assert program("alice", "read").post("/api/v1/rules", json=RULE).json()["code"] == "scope"
    assert program("vera").post("/api/v1/rules", json=RULE).json()["code"] == "role"
    assert program("bob", "rules:write").post("/api/v1/rules", json=RULE).status_code == 201
    assert program("bob", "rules:write").get("/api/v1/rules").json()["code"] == "scope"


def test_a_rule_is_made_read_and_changed_only_as_it_was_seen(program: Program) -> None:
    bob = program("bob")
    made = bob.post("/api/v1/rules", json=RULE).json()
    assert made["sentence"].startswith("Any news about cabozantinib, decided by EC.")
    path = f"/api/v1/rules/{made['id']}"
    read = bob.get(path)
    tag = read.headers["etag"]
    for seen in (tag, f"W/{tag}", f'"r7", {tag}', "*"):
        assert bob.get(path, headers={"If-None-Match": seen}).status_code == 304
    wider = {**RULE, "cadence": "daily 08:00 Europe/Paris"}
    assert bob.put(path, json=wider).json()["code"] == "precondition_required"
    assert bob.put(path, json=wider, headers={"If-Match": '"r7", "r8"'}).json()["code"] == "precondition_failed"
    changed = bob.put(path, json=wider, headers={"If-Match": f"W/{tag}"})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert bob.put(path, json=RULE, headers={"If-Match": tag}).json()["code"] == "precondition_failed"
    assert [r["revision"] for r in bob.get(f"{path}/history").json()["items"]] == [2, 1]


def test_a_rule_that_rules_check_would_refuse_is_refused_with_the_same_code(program: Program) -> None:
    faulty = {**RULE, "rule": {"drugs": {"any": ["cabozantinob"]}}}
    answer = program("bob").post("/api/v1/rules", json=faulty)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_drug")
    assert "cabozantinib" in answer.json()["detail"]


def test_the_same_post_with_the_same_key_is_done_once(program: Program) -> None:
    bob = program("bob")
    first = bob.post("/api/v1/rules", json=RULE, headers={"Idempotency-Key": "k1"})
    again = bob.post("/api/v1/rules", json=RULE, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = bob.post("/api/v1/rules", json={**RULE, "name": "B"}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert bob.post("/api/v1/rules", json=RULE).json()["code"] == "name_taken"
    assert len(bob.get("/api/v1/rules").json()["items"]) == 1


def test_lists_are_paged_by_cursor_without_gaps_or_repeats(program: Program) -> None:
    bob = program("bob")
    for n in range(5):
        bob.post("/api/v1/rules", json={**RULE, "name": f"Rule {n}"})
    names, cursor = [], None
    while True:
        page = bob.get("/api/v1/rules", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        names += [r["name"] for r in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == [f"Rule {n}" for n in (4, 3, 2, 1, 0)]
    assert bob.get("/api/v1/rules", params={"cursor": "nonsense"}).json()["code"] == "bad_cursor"


def test_charlies_token_sees_nothing_of_team_a(program: Program) -> None:
    bob, charlie = program("bob"), program("charlie")
    rule = bob.post("/api/v1/rules", json=RULE).json()
    channel = bob.get("/api/v1/channels").json()["items"][0]["id"]
    test = bob.post(f"/api/v1/channels/{channel}/test").json()["id"]
    for path in (f"rules/{rule['id']}", f"rules/{rule['id']}/history", f"deliveries/{test}"):
        assert charlie.get(f"/api/v1/{path}").status_code == 404
    assert charlie.put(f"/api/v1/rules/{rule['id']}", json=RULE, headers={"If-Match": "*"}).status_code == 404
    assert charlie.post(f"/api/v1/channels/{channel}/test").status_code == 404
    assert charlie.post(f"/api/v1/deliveries/{test}/retry").status_code == 404
    assert [charlie.get(f"/api/v1/{p}").json()["items"] for p in ("rules", "channels", "deliveries")] == [[], [], []]


def test_a_channel_never_gives_its_secret_away(program: Program) -> None:
    bob = program("bob")
    secret = "https://hooks.slack.com/services/T000/B000/verysecret"
    made = bob.post("/api/v1/channels", json={"slack": secret, "label": "Team channel"})
    assert made.status_code == 201
    assert "verysecret" not in made.text + bob.get("/api/v1/channels").text
    assert bob.post("/api/v1/channels", json={"slack": "https://evil.example/x"}).json()["code"] == "bad_webhook"
    assert bob.post("/api/v1/channels", json={"slack": secret}).json()["code"] == "channel_exists"


def test_stories_and_previews_tell_why(program: Program, store: Store, store_settings: Settings) -> None:
    bring_in(store, store_settings)
    bob = program("bob")
    stories = bob.get("/api/v1/stories", params={"concept": "drug:cabozantinib"}).json()["items"]
    assert {s["facts"]["regulator"] for s in stories} == {"org:EC", "org:FDA"}
    detail = bob.get(f"/api/v1/stories/{stories[0]['id']}").json()
    assert detail["sources"][0]["reason"]
    seen = bob.post("/api/v1/rules/preview", json={"rule": RULE["rule"]}).json()
    assert (seen["matched"], seen["missed"], seen["failed"]) == (1, 1, {"regulators": 1})
    assert seen["matches"][0]["reasons"][0]["mentions"]


def test_the_document_has_an_example_and_an_operation_for_every_route(app: FastAPI) -> None:
    document = TestClient(app).get("/api/openapi.json").json()
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len(operations) >= 20
    assert all("Needs the role" in o["description"] for o in operations)
    kinds = [kind for o in operations if "requestBody" in o for kind in o["requestBody"]["content"].values()]
    schemas = document["components"]["schemas"]
    assert all(
        "example" in (k if "$ref" not in k["schema"] else schemas[k["schema"]["$ref"].rsplit("/", 1)[1]]) for k in kinds
    )


def test_every_answer_of_the_document_has_an_example_that_is_one(app: FastAPI) -> None:
    examples = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    shown = set()
    for route in routes(app):
        if route.path.startswith("/api/v1/") and route.response_model is not None:
            model = get_args(route.response_model)[0] if get_args(route.response_model) else route.response_model
            example = examples[model.__name__]
            assert set(example) == set(model.model_fields), model.__name__
            model.model_validate(example)
            shown.add(model.__name__)
    assert shown == set(examples)


@BOTH
def test_a_text_with_a_character_that_cannot_be_kept_is_refused_on_any_database(
    program: Program, as_: Callable[[str], Browser]
) -> None:
    bob, pages = program("bob"), as_("bob")
    for name in ("a\0b", "half \ud83d"):
        body = json.dumps({**RULE, "name": name})  # as escapes
        answer = bob.post("/api/v1/rules", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_character")
    assert bob.post("/api/v1/rules", json={**RULE, "name": "\\u0000 is no NUL, 😀 is whole"}).status_code == 201
    assert bob.get("/api/v1/stories", params={"q": "a\0"}).json()["code"] == "bad_character"
    for name, code in (("a\\0b", "faulty_rules"), ("half \\ud83d", "faulty_rules"), ("\\ud83d\\ude00", None)):
        file = f'- name: "{name}"\n  rule: {{events: {{any: [approval]}}}}\n  state: draft\n'
        assert bob.post("/api/v1/rules.yaml", content=file).json().get("code") == code
    assert [r["name"][:1] for r in bob.get("/api/v1/rules").json()["items"]] == ["😀", "\\"]
    piece = {"what": "yaml", "text": 'drugs: {zyxomab: {synonyms: ["a\\0b"]}}'}
    assert program("alice").post("/api/v1/vocabulary/changes", json=piece).status_code in {201, 422}
    form = {"chip": ["events.any=approval"], "name": "a\0b", "state": "draft"}
    assert pages.post("/rules/save", form).status_code == 422
    assert pages.get("/stories?q=%00").status_code == 422


def no_names(*_: Any, **__: Any) -> None:
    raise socket.gaierror("this machine knows no other")


@BOTH
def test_odd_input_gives_no_server_error_and_breaks_no_schema(
    app: FastAPI, program: Program, store: Store, store_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemathesis, bounded: five generated requests an operation (ONCOWIRE_API_EXAMPLES)."""
    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    times = int(os.environ.get("ONCOWIRE_API_EXAMPLES", "5"))
    bring_in(store, store_settings)
    lookup()  # made on first use, which takes seconds: no answer is to be late because of it
    alice = program("alice")
    alice.post("/api/v1/rules", json=RULE)
    token = {"Authorization": alice.headers["Authorization"]}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    tried = 0
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        tried += 1

        @settings(
            max_examples=max(1, times * 6 // 10),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def positive(case: Any) -> None:
            case.call_and_validate(headers=token, checks=checks)

        @settings(
            max_examples=max(1, times * 4 // 10),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def negative(case: Any) -> None:
            case.call_and_validate(headers=token, checks=checks)

        positive()
        if operation.body or list(operation.iter_parameters()):
            negative()
    assert tried >= 60
