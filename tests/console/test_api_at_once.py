# SPDX-License-Identifier: MIT
"""Two requests to the API at the very same moment, on both databases: what is done is done once, and who comes second is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel

from alerts.console.api import rules
from alerts.console.rules import pages
from alerts.facts.vocabulary.current import current
from alerts.pipeline import vocabulary as changes
from alerts.store import accounts
from alerts.store.engine import Store
from tests.console.conftest import RULE, Browser, People, Program
from tests.console.test_every_page import BOTH
from tests.waiting import until_it_waits

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    current.follow(None)


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


class Meeting:
    """The first time that something is written in the audit log, another request is sent and comes as far as it can."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch, send: Callable[[], Response]) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._other: Future[Response] | None = None
        noted = accounts.audit

        def audit(session: Session, *given: Any, **named: Any) -> None:
            noted(session, *given, **named)
            session.flush()
            if self._other is None:
                self._other = self._pool.submit(send)
                until_it_waits(store, self._other)

        monkeypatch.setattr(accounts, "audit", audit)

    def second(self) -> Response:
        assert self._other is not None
        with self._pool:
            return self._other.result(timeout=30)


@BOTH
def test_of_two_changes_of_a_rule_as_it_was_seen_one_is_kept_and_the_other_refused(
    program: Program, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = program("bob")
    rule = bob.post("/api/v1/rules", json=RULE).json()
    path, seen = f"/api/v1/rules/{rule['id']}", {"If-Match": '"r1"'}

    def change(cap: int) -> Response:
        return bob.put(path, json={**RULE, "cap_per_day": cap}, headers=seen)

    meeting = Meeting(store, monkeypatch, lambda: change(2))
    first, second = change(1), meeting.second()
    assert (first.status_code, second.status_code) == (200, 412), second.text
    assert second.json()["code"] == "precondition_failed"
    assert bob.get(path).json()["spec"]["cap_per_day"] == 1
    assert [r["spec"].get("cap_per_day") for r in bob.get(f"{path}/history").json()["items"]] == [1, None]


@BOTH
@pytest.mark.parametrize(
    ("path", "body", "table", "rows"),
    [
        ("rules", RULE, "subscription", 1),
        ("rules.yaml", "- name: A file\n  rule: {events: {any: [approval]}}\n  state: draft\n", "subscription", 1),
        ("teams", {"name": "Medical affairs"}, "team", 3),
        ("users", {"email": "dora@example.org", "role": "viewer"}, "user_account", 5),
        ("feeds", {"url": "https://wire.example.org/feed"}, "feed", 1),
        ("channels", {"email": "dora@example.org"}, "channel", 1),
        ("templates/email/revert", {"version": 0}, "template_version", 2),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)
def test_two_people_who_make_the_same_at_once_get_no_server_error_and_it_is_there_once(
    program: Program, store: Store, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, table: str, rows: int
) -> None:
    """The second is told that it is there, or gets it as it is; only a template has a version more each time."""
    alice, sent = program("alice"), {"content": body} if isinstance(body, str) else {"json": body}
    meeting = Meeting(store, monkeypatch, lambda: alice.post(f"/api/v1/{path}", **sent))
    first, second = alice.post(f"/api/v1/{path}", **sent), meeting.second()
    assert first.status_code in {200, 201}, first.text
    assert second.status_code in {200, 201, 409}, second.text
    with store.read() as session:
        there = session.execute(select(func.count()).select_from(SQLModel.metadata.tables[table])).scalar_one()
    refused_version = table == "template_version" and second.status_code == 409
    assert there == rows - refused_version


@BOTH
def test_of_two_admins_who_take_each_other_out_at_once_one_stays(
    program: Program, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    team, users = people.teams["a"], people.users
    with store.write() as session:
        accounts.set_role(session, users["bob"], team, "admin")
    alice, bob, gone = program("alice"), program("bob"), {"role": None}
    meeting = Meeting(store, monkeypatch, lambda: bob.put(f"/api/v1/users/{users['alice']}/role", json=gone))
    first, second = alice.put(f"/api/v1/users/{users['bob']}/role", json=gone), meeting.second()
    assert first.status_code == 204
    assert second.json()["code"] in {"last_admin", "no_team", "sign_in"}, "on SQLite Bob may be out before he is let in"
    with store.read() as session:
        assert [seat.role for seat in accounts.seats(session, users["alice"])] == ["admin"]


@BOTH
def test_a_rule_that_bob_saves_while_alices_volume_is_worked_out_is_not_overwritten(
    as_: Callable[[str], Browser], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = as_("alice"), program("bob")
    rule = bob.post("/api/v1/rules", json=RULE).json()
    path, form = (
        f"/api/v1/rules/{rule['id']}",
        {"chip": ["drugs.any=drug:cabozantinib"], "name": "Hers", "revision": "1"},
    )
    volume = pages._volume

    def meanwhile(*given: Any) -> str:
        assert bob.put(path, json={**RULE, "cap_per_day": 7}, headers={"If-Match": '"r1"'}).status_code == 200
        return volume(*given)

    monkeypatch.setattr(pages, "_volume", meanwhile)
    mail = {"new_email": "alice@example.org", "id": str(rule["id"]), "state": "active"}
    answer = alice.post("/rules/save", {**form, **mail})
    assert answer.status_code == 422
    assert "Somebody changed this rule meanwhile (revision 2)" in answer.text
    assert 'value="Hers"' in answer.text, "what she typed is still there"
    assert bob.get(path).json()["spec"]["cap_per_day"] == 7


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
