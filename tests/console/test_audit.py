# SPDX-License-Identifier: MIT
"""Nothing is changed by a page or by the API without a line in the audit log that says who did what in which team."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import SQLModel, col

from alerts.config import Settings
from alerts.console.access import SAFE, GuardedRoute
from alerts.console.app import routes
from alerts.facts.vocabulary.current import current
from alerts.pipeline import links
from alerts.store import accounts, channels
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry, Channel, Delivery
from tests.console.conftest import RULE, Browser, People, Program
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
As = Callable[[str], Browser]
ALICE = "alice@example.org"
BY_TOKEN = f"{ALICE} (token test)"
PASSWORD = "seventeen blue umbrellas"
PD1 = ["drugs.any=class:pd-1 inhibitor"]
CABO = {"chip": ["drugs.any=drug:cabozantinib"], "name": "Cabozantinib", "new_email": "bob@example.org"}
NAME = {"what": "add_name", "id": "drug:cabozantinib", "name": "Kabofix", "sort": "synonym"}
OPML = '<opml version="2.0"><body><outline type="rss" text="New" xmlUrl="https://new.example.org/feed"/></body></opml>'
FILE = "- name: A file\n  rule: {events: {any: [approval]}}\n  state: draft\n  channels: [{email: filed@example.org}]\n"
MAIL = {"subject": "{{ title }}", "html": '<p>{{ title }}</p><p><a href="{{ links.unsubscribe }}">leave</a></p>',
        "text": "{{ title }} {{ links.unsubscribe }}"}  # fmt: skip
# Rows that are no change of anything that somebody would ask about: what a browser looks at, counters, answers kept.
BESIDE = {"audit_entry", "user_session", "login_failure", "idempotency_key"}


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    current.follow(None)


class Form(NamedTuple):
    """A form that works, and the lines that it leaves, each as "action subject"; none where nothing is changed."""

    route: str
    data: dict[str, Any]
    noted: tuple[str, ...] = ()
    path: str = ""
    who: str = ALICE
    file: tuple[str, str] | None = None


FORMS = (
    Form("/rules/form", {"pick": "drugs.any=drug:cabozantinib"}),
    Form("/rules/preview", CABO),
    Form("/rules/try", {"text": "EC approves cabozantinib for neuroendocrine tumours"}),
    Form("/rules/save", {**CABO, "name": "Second", "new_email": "second@example.org", "state": "draft"},
         ("channel_added channel second@example.org", "rule_created rule Second")),
    Form("/rules/save", {**CABO, "chip": PD1, "id": "1", "revision": "1", "name": "Cabo", "state": "active"},
         ("rule_changed rule Cabo",)),
    Form("/rules/yaml", {"text": FILE, "do": "apply"}, ("channel_added channel filed@example.org", "rule_created rule A file")),
    Form("/rules/{rule_id:int}/state", {"state": "paused"}, ("rule_paused rule Cabo",), "/rules/1/state"),
    Form("/rules/{rule_id:int}/duplicate", {}, ("rule_duplicated rule Cabo (2)",), "/rules/1/duplicate"),
    Form("/rules/{rule_id:int}/undo", {"revision": "1"}, ("rule_undone rule Cabo",), "/rules/1/undo"),
    Form("/stories/{story_id:int}/not-relevant", {"note": "no"}, ("story_not_relevant story 2",), "/stories/2/not-relevant"),
    Form("/stories/{story_id:int}/split", {"item": "7"}, ("story_split story 1",), "/stories/1/split"),
    Form("/stories/{story_id:int}/merge", {"into": "3"}, ("story_merged story 2",), "/stories/2/merge"),
    Form("/deliveries/{delivery_id:int}/again", {}, ("delivery_again delivery 1",), "/deliveries/1/again"),
    Form("/channels/add", {"kind": "email", "value": "new@example.org", "label": "New"}, ("channel_added channel New",)),
    Form("/channels/{channel_id:int}/test", {}, ("channel_tested channel bob@example.org",), "/channels/1/test"),
    Form("/channels/{channel_id:int}/rename", {"label": "Named"}, ("channel_renamed channel bob@example.org",),
         "/channels/1/rename"),
    Form("/channels/{channel_id:int}/confirm", {}, ("consent_asked channel waiting",), "/channels/{waiting}/confirm"),
    Form("/channels/{channel_id:int}/switch", {}, ("channel_disabled channel Named",), "/channels/1/switch"),
    Form("/subscribers/release", {"fingerprint": "{fingerprint}"}, ("suppression_released channel stopped",)),
    Form("/feeds/check", {"url": "http://169.254.169.254/"}),
    Form("/feeds/add", {"url": "https://newer.example.org/feed"}, ("feed_added feed https://newer.example.org/feed",)),
    Form("/feeds/import", {}, ("feed_added feed https://new.example.org/feed",), file=("feeds.opml", OPML)),
    *(Form("/feeds/{feed_id:int}/set", data, (f"feed_{data['do']} feed https://wire.example.org/feed",), "/feeds/1/set")
      for data in ({"do": "pause"}, {"do": "resume"}, {"do": "name", "title": "Named", "tier": "journal"}, {"do": "soon"})),
    Form("/users/add", {"email": "dora@example.org", "role": "viewer"}, ("user_added user dora@example.org",)),
    Form("/users/{user_id:int}/link", {}, ("link_made user bob@example.org",), "/users/{bob}/link"),
    Form("/users/{user_id:int}/role", {"role": "admin"}, ("role_changed user bob@example.org",), "/users/{bob}/role"),
    Form("/users/{user_id:int}/role", {"role": "out"}, ("user_removed user bob@example.org",), "/users/{bob}/role"),
    Form("/users/tokens", {"label": "night", "scope": "read", "days": "9"}, ("token_made token night",)),
    Form("/users/tokens/end", {"token": "{token}"}, ("token_ended token old",)),
    Form("/templates/{kind}", {"do": "preview", "subject": "{{ title }}"}, path="/templates/email"),
    Form("/templates/{kind}", {"do": "save", **MAIL}, ("template_saved template email",), "/templates/email"),
    Form("/templates/{kind}/revert", {"version": "0"}, ("template_reverted template email",), "/templates/email/revert"),
    Form("/vocabulary/try", NAME),
    Form("/vocabulary/save", NAME, ("vocabulary_changed vocabulary change 1",)),
    Form("/vocabulary/changes/{edit_id:int}/undo", {}, ("vocabulary_undone vocabulary change 1",), "/vocabulary/changes/1/undo"),
    Form("/s/confirm/{token}", {}, ("confirmed channel {waiting}",), "/s/confirm/{confirm}", "reader of channel {waiting}"),
    Form("/s/{token}", {"do": "pause", "subscription": "1"}, ("wishes_changed channel 1",), "/s/{manage}", "reader of channel 1"),
    Form("/s/unsubscribe/{token}", {}, ("unsubscribed channel 1",), "/s/unsubscribe/{unsubscribe}", "reader of channel 1"),
    Form("/account/password", {"new": PASSWORD}, (f"password_changed user {ALICE}", f"login user {ALICE}")),
    Form("/users/teams", {"name": "Medical affairs"}, ("team_made team medical-affairs",)),
    Form("/team", {"team": "{a}"}),
    Form("/logout", {}, (f"logout user {ALICE}",)),
    Form("/login", {"email": ALICE, "password": PASSWORD}, (f"login user {ALICE}",)),
    Form("/welcome/{token}", {"password": PASSWORD}, (f"link_used_invite user {ALICE}", f"login user {ALICE}"),
         "/welcome/{welcome}"),
)  # fmt: skip
NO_TEAM = {"login", "logout", "link_used_invite"}  # of a person, whatever team they look at
OTHER_TEAM = {"team_made"}  # noted in the team that it makes


def contents(store: Store) -> dict[str, list[str]]:
    """Every row of every table, apart from what only notes that somebody was here."""
    with store.read() as session:
        return {
            t.name: sorted(
                str([v for c, v in row._mapping.items() if c != "last_used_at"]) for row in session.execute(select(t))
            )
            for t in SQLModel.metadata.sorted_tables
            if t.name not in BESIDE
        }


def newest(store: Store, count: int) -> list[AuditEntry]:
    """The lines that came after the first `count`."""
    with store.read() as session:
        return list(session.scalars(select(AuditEntry).order_by(col(AuditEntry.id)).offset(count)))


@pytest.fixture
def ready(as_: As, store: Store, store_settings: Settings, people: People) -> dict[str, Any]:
    """Something to change everywhere, and the names that the forms need."""
    alice = as_("alice")
    alice.post("/rules/save", {**CABO, "state": "active"})
    bring_in(store, store_settings, copies=2)
    alice.post("/users/tokens", {"label": "old", "scope": "read", "days": "9"})
    for name in ("waiting", "stopped"):
        alice.post("/channels/add", {"kind": "email", "value": f"{name}@example.org", "label": name})
    now = datetime.now(UTC)
    with store.write() as session:
        waiting, stopped = (
            session.scalars(select(Channel).where(col(Channel.label) == name)).one() for name in ("waiting", "stopped")
        )
        waiting.state = "unverified"
        channels.suppress(session, stopped.fingerprint, stopped.hint, "complaint", now)
        session.get_one(Delivery, 1).state = "dead"
        (token,) = (row.token_sha256 for row, _ in accounts.tokens(session, people.teams["a"]))
        reader = links.Reader(1, 1)
        return {
            "waiting": waiting.id, "fingerprint": stopped.fingerprint, "token": token, "a": people.teams["a"],
            "bob": people.users["bob"], "confirm": links.sign(store, "confirm", links.Reader(waiting.id or 0)),
            "manage": links.sign(store, "manage", reader), "unsubscribe": links.sign(store, "unsubscribe", reader),
            "welcome": accounts.make_link(session, "invite", people.users["alice"], now),
        }  # fmt: skip


def writes(app: FastAPI, *, api: bool) -> set[tuple[str, str]]:
    """Method and path of every route that may change something."""
    found = (r for r in routes(app) if isinstance(r, GuardedRoute) and r.path.startswith("/api/") == api)
    return {(method, route.path) for route in found for method in set(route.methods or ()) - SAFE}


def test_no_page_changes_anything_without_a_line_that_says_who_what_and_for_which_team(
    app: FastAPI, as_: As, store: Store, ready: dict[str, Any], people: People
) -> None:
    assert {("POST", form.route) for form in FORMS} == writes(app, api=False)
    alice = as_("alice")
    for form in FORMS:
        path = (form.path or form.route).format(**ready)
        data = {k: v.format(**ready) if isinstance(v, str) and v[1:-1] in ready else v for k, v in form.data.items()}
        before, lines = contents(store), len(newest(store, 0))
        answer = alice.post(path, data, **({"files": {"file": form.file}} if form.file else {}))
        new = newest(store, lines)
        assert answer.status_code in ({200, 303} if form.noted else {200, 303, 422}), f"{path}: {answer.text[-600:]}"
        assert [f"{e.action} {e.subject}" for e in new] == [line.format(**ready) for line in form.noted], path
        assert {e.actor for e in new} <= {form.who.format(**ready)}, path
        for entry in new:
            team = people.teams["a"] if entry.action not in NO_TEAM else None
            assert entry.team_id == team or entry.action in OTHER_TEAM, f"{path}: {entry}"
        if form.noted == () or NO_TEAM.isdisjoint(e.action for e in new):
            assert (contents(store) == before) == (not form.noted), f"{path} changes something: {not form.noted}"


# ── API: its POSTs are walked in test_api_walk.py ────────────────────────────────────────────────


class Call(NamedTuple):
    """A request that works, and the line that it leaves."""

    name: str
    body: Any
    noted: str
    path: str = ""


CALLS = (
    Call("PUT /api/v1/rules/{rule_id}", {**RULE, "name": "Put"}, "rule_changed rule Put", "/api/v1/rules/1"),
    Call("PUT /api/v1/rules/{rule_id}/state", {"state": "draft"}, "rule_draft rule Put", "/api/v1/rules/1/state"),
    Call("PATCH /api/v1/channels/{channel_id}", {"label": "Named"}, "channel_renamed channel bob@example.org",
         "/api/v1/channels/1"),
    Call("PATCH /api/v1/channels/{channel_id}", {"on": False}, "channel_disabled channel Named", "/api/v1/channels/1"),
    Call("DELETE /api/v1/suppressions/{fingerprint}", None, "suppression_released channel stopped",
         "/api/v1/suppressions/{fingerprint}"),
    Call("PATCH /api/v1/feeds/{feed_id}", {"title": "Named"}, "feed_name feed https://wire.example.org/feed", "/api/v1/feeds/1"),
    Call("PATCH /api/v1/feeds/{feed_id}", {"enabled": False}, "feed_pause feed https://wire.example.org/feed", "/api/v1/feeds/1"),
    Call("PUT /api/v1/users/{user_id}/role", {"role": "viewer"}, "role_changed user bob@example.org", "/api/v1/users/{bob}/role"),
    Call("DELETE /api/v1/tokens/{token}", None, "token_ended token old", "/api/v1/tokens/{token}"),
)  # fmt: skip


def test_no_put_patch_or_delete_of_the_api_changes_anything_without_such_a_line(
    app: FastAPI, program: Program, store: Store, ready: dict[str, Any], people: People
) -> None:
    found = {f"{m} {path}" for m, path in writes(app, api=True) if m != "POST"}
    assert {call.name for call in CALLS} == found
    alice = program("alice")
    for call in CALLS:
        method, path = call.name.split()[0], call.path.format(**ready)
        before, lines = contents(store), len(newest(store, 0))
        body = {} if call.body is None else {"json": call.body}
        answer = alice.request(method, path, headers={"If-Match": "*"}, **body)
        assert answer.status_code in {200, 204}, f"{call.name}: {answer.text}"
        new = newest(store, lines)
        assert [(e.actor, f"{e.action} {e.subject}", e.team_id) for e in new][-1:] == [
            (BY_TOKEN, call.noted, people.teams["a"])
        ], call.name
        assert contents(store) != before, f"{call.name} did nothing"
