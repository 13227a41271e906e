# SPDX-License-Identifier: MIT
"""Alice is admin of Team A, Bob edits there, Vera only looks; Charlie is admin of Team B. Each with a browser of their own."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from alerts.config import Settings
from alerts.console.access import cookie_name
from alerts.console.app import create_app
from alerts.console.roles import SCOPES
from alerts.store import accounts, ops
from alerts.store.engine import Store
from tests.conftest import settings_of

PEOPLE = {"alice": ("a", "admin"), "bob": ("a", "editor"), "vera": ("a", "viewer"), "charlie": ("b", "admin")}
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


RULE = {
    "name": "EC and cabozantinib",
    "rule": {"drugs": {"any": ["Cabometyx"]}, "regulators": {"any": ["EC"]}},
    "channels": [{"email": "alice@example.org"}],
}
Program = Callable[..., TestClient]


class People(NamedTuple):
    """Ids of the accounts and teams."""

    users: dict[str, int]
    teams: dict[str, int]


class Browser:
    """A browser that posts forms the way a page of ours does."""

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)

    def get(self, path: str, **options: Any) -> Response:
        return self.client.get(path, **options)

    def csrf(self) -> str:
        """The token that this browser's pages carry."""
        found = _CSRF.search(self.client.get("/account").text) or _CSRF.search(self.client.get("/login").text)
        assert found
        return found[1]

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Response:
        form = {"csrf": self.csrf(), **(data or {})}
        return self.client.post(path, data=form, headers={"Origin": "http://127.0.0.1:8000"}, **options)


@pytest.fixture(params=["sqlite"])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """SQLite: what the console asks of PostgreSQL is asked by test_every_page.py on both."""
    return settings_of(request.param, request, tmp_path)


@pytest.fixture
def people(store: Store) -> People:
    now = datetime.now(UTC)
    with store.write() as session:
        teams = {name: ops.team_id(session, f"team-{name}", now) for name in ("a", "b")}
        users = {}
        for name, (team, role) in PEOPLE.items():
            user = accounts.create_user(session, f"{name}@example.org", name.capitalize(), now)
            assert user.id is not None
            accounts.set_role(session, user.id, teams[team], role)
            users[name] = user.id
    return People(users, teams)


@pytest.fixture
def app(store_settings: Settings) -> Iterator[FastAPI]:
    made = create_app(store_settings)
    yield made
    if made.state.store.cache_info().currsize:
        made.state.store().close()


@pytest.fixture
def as_(app: FastAPI, store: Store, store_settings: Settings, people: People) -> Callable[[str], Browser]:
    """`as_("bob")`: Bob's browser, logged in."""

    def log_in(name: str) -> Browser:
        browser = Browser(app)
        with store.write() as session:
            token = accounts.open_session(session, people.users[name], datetime.now(UTC))
        browser.client.cookies.set(cookie_name(store_settings), token)
        return browser

    return log_in


@pytest.fixture
def stranger(app: FastAPI) -> Browser:
    """A browser of somebody who has not logged in."""
    return Browser(app)


@pytest.fixture
def program(app: FastAPI, store: Store, people: People) -> Program:
    """`program("alice", "read")`: a client with a token of Alice that has these scopes."""

    def made(name: str, *scopes: str) -> TestClient:
        team = people.teams["b" if name == "charlie" else "a"]
        with store.write() as session:
            token = accounts.make_token(
                session, people.users[name], team, "test", scopes or tuple(SCOPES), datetime.now(UTC), None
            )
        return TestClient(app, base_url="http://127.0.0.1:8000", headers={"Authorization": f"Bearer {token}"})

    return made
