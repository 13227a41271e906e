# SPDX-License-Identifier: MIT
"""Every route that names an object, walked by the admin of another team: nothing is there, nothing shows, nothing changes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from alerts.config import Settings
from alerts.console.access import SAFE, GuardedRoute
from alerts.console.app import routes
from alerts.model import ChannelKind, Message
from alerts.store import channels
from alerts.store.engine import Store
from alerts.store.tables import ApiToken, Channel, Delivery, Membership, Story, Subscription, Suppression
from tests.console.conftest import Browser, People, Program
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
As = Callable[[str], Browser]
MARK = "Kingfisher"  # in every name that Team A gives
OWNED = {"rule_id", "delivery_id", "channel_id", "user_id", "token", "fingerprint"}
SHARED = {
    "story_id",
    "feed_id",
    "edit_id",
    "kind",
}  # news, feeds and the vocabulary are of the whole service; a kind names the own team's template
FORM = {
    "state": "paused",
    "label": "x",
    "role": "viewer",
    "revision": "1",
    "to": "1",
    "note": "",
    "item": "1",
    "into": "1",
}


@pytest.fixture
def ids(as_: As, store: Store, store_settings: Settings, people: People) -> dict[str, str]:
    """What Team A has one of each of, by the name that routes give it."""
    alice = as_("alice")
    form = {"chip": ["drugs.any=drug:cabozantinib"], "name": f"{MARK} rule", "new_email": f"{MARK}@example.org"}
    assert alice.post("/rules/save", {**form, "state": "active"}).status_code == 303
    alice.post("/channels/1/rename", {"label": f"{MARK} channel"})
    alice.post("/users/tokens", {"label": f"{MARK} token", "scope": "read", "days": "9"})
    bring_in(store, store_settings)
    with store.read() as session:
        token = session.exec(select(ApiToken.token_sha256)).one()
        story = session.exec(select(Delivery.story_id).where(col(Delivery.story_id).is_not(None))).first()
    mail = Message(channel=ChannelKind.EMAIL, message_id="<1@x>", subject=MARK, text=MARK, html=f"<p>{MARK}</p>")
    with store.write() as session:
        session.get_one(Delivery, 1).message = mail.model_dump(mode="json")
        fingerprint = session.get_one(Channel, 1).fingerprint
        channels.suppress(session, fingerprint, f"{MARK} address", "complaint", datetime.now(UTC))
    held = {
        "fingerprint": fingerprint,
        "rule_id": 1,
        "delivery_id": 1,
        "channel_id": 1,
        "user_id": people.users["bob"],
        "token": token,
    }
    return {
        key: str(value)
        for key, value in {**held, "story_id": story, "feed_id": 1, "edit_id": 1, "kind": "email"}.items()
    }


def parameters(route: GuardedRoute) -> set[str]:
    return set(re.findall(r"\{(\w+)", route.path))


def closed(app: FastAPI) -> list[GuardedRoute]:
    return [r for r in routes(app) if isinstance(r, GuardedRoute) and r.need.role is not None]


def filled(route: GuardedRoute, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: ids[found[1]], route.path)


def ask(browser: Browser, method: str, path: str, route: GuardedRoute) -> Any:
    headers = {"Origin": "http://127.0.0.1:8000", "X-CSRF-Token": browser.csrf(), "If-Match": "*"}
    if method in SAFE or not route.path.startswith("/api/"):
        return browser.client.request(method, path, headers=headers, data=None if method in SAFE else FORM)
    return browser.client.request(method, path, headers=headers, json=example(browser, method, route))


def example(browser: Browser, method: str, route: GuardedRoute) -> Any:
    """The body that the API's own document gives as an example."""
    document = browser.get("/api/openapi.json").json()
    body = document["paths"][route.path_format][method.lower()].get("requestBody")
    if body is None:
        return None
    schema = body["content"]["application/json"]["schema"]
    return document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["example"]


def of_team_a(store: Store, people: People) -> list[Any]:
    """All that Charlie must not be able to change."""
    with store.read() as session:
        team = people.teams["a"]
        mine: list[Any] = [
            *session.exec(select(Subscription).where(Subscription.team_id == team)),
            *session.exec(select(Channel).where(Channel.team_id == team)),
            *session.exec(select(Membership).where(Membership.team_id == team)),
            *session.exec(select(ApiToken).where(ApiToken.team_id == team)),
            *session.exec(select(Suppression)),
            *session.exec(select(Delivery).order_by(Delivery.id)),  # type: ignore[arg-type]
        ]
        return [row.model_dump() for row in mine]


def test_every_object_that_a_route_names_is_a_teams_or_everybodys(app: FastAPI) -> None:
    """A new kind of object has to say here whose it is; then the walks below try it."""
    assert set().union(*map(parameters, closed(app))) == OWNED | SHARED


def test_charlie_finds_nothing_of_team_a_by_any_route_and_changes_nothing(
    app: FastAPI, as_: As, store: Store, people: People, ids: dict[str, str]
) -> None:
    charlie, before, tried = as_("charlie"), of_team_a(store, people), 0
    for route in closed(app):
        if not parameters(route) & OWNED:
            continue
        for method in sorted(route.methods or ()):
            answer = ask(charlie, method, filled(route, ids), route)
            assert answer.status_code == 404, f"{method} {route.path}: {answer.status_code} {answer.text[:200]}"
            assert MARK.lower() not in answer.text.lower(), f"{method} {route.path}"
            tried += 1
    assert tried >= 20
    assert of_team_a(store, people) == before


def test_no_page_list_or_export_shows_charlie_a_name_of_team_a(app: FastAPI, as_: As, ids: dict[str, str]) -> None:
    charlie, alice, seen = as_("charlie"), as_("alice"), 0
    for route in closed(app):
        if "GET" not in (route.methods or ()) or parameters(route) & OWNED:
            continue
        path = filled(route, ids)
        for asked in (path, f"{path}?format=csv"):
            assert MARK.lower() not in charlie.get(asked).text.lower(), asked
            seen += MARK.lower() in alice.get(asked).text.lower()
    assert seen >= 10, "Team A must see its own names there, else this walk tells nothing"


def test_alice_finds_each_of_these_objects(app: FastAPI, as_: As, ids: dict[str, str]) -> None:
    """The other half of the walk: the same addresses lead somewhere for whom they are."""
    alice = as_("alice")
    for route in closed(app):
        if "GET" in (route.methods or ()) and parameters(route):
            assert alice.get(filled(route, ids)).status_code == 200, route.path


def test_what_a_body_or_a_filter_names_of_another_team_is_not_there(
    as_: As, program: Program, store: Store, people: People, ids: dict[str, str]
) -> None:
    """Not only addresses name objects: so do forms, bodies and queries."""
    charlie, page, rule = program("charlie"), as_("charlie"), int(ids["rule_id"])
    anything, before = {"events": {"any": ["approval"]}}, of_team_a(store, people)
    preview = {"rule": anything, "rule_id": rule}
    assert charlie.post("/api/v1/rules/preview", json=preview).status_code == 404
    assert charlie.post("/api/v1/rules/try", json={"text": "EC approves cabozantinib"}).json()["items"] == []
    assert charlie.get(f"/api/v1/stories/{ids['story_id']}/why").json()["items"] == []
    for filters in ({"rule": rule}, {"channel": ids["channel_id"]}, {"story": ids["story_id"]}):
        assert charlie.get("/api/v1/deliveries", params=filters).json()["items"] == []
    told = {"name": "His", "rule": anything, "channels": [{"channel": f"{MARK} channel"}]}
    assert charlie.post("/api/v1/rules", json=told).json()["code"] == "unknown_channel"
    form = {"chip": ["events.any=approval"], "name": "His", "state": "draft", "channel": ids["channel_id"]}
    assert page.post("/rules/save", {**form, "id": ids["rule_id"]}).status_code == 404
    assert page.post("/rules/save", form).status_code == 303
    assert charlie.get("/api/v1/rules").json()["items"][0]["channel_ids"] == []
    assert of_team_a(store, people) == before


def test_stories_and_feeds_are_everybodys(as_: As, store: Store, ids: dict[str, str]) -> None:
    with store.read() as session:
        headline = session.get_one(Story, int(ids["story_id"])).headline
    assert headline in as_("charlie").get(f"/stories/{ids['story_id']}").text
