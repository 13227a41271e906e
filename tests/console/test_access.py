# SPDX-License-Identifier: MIT
"""Who gets in, and how far: log-in, sessions, forms from elsewhere, and every route tried by everybody."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import APIRouter, FastAPI
from sqlmodel import select

from alerts.config import Settings, load
from alerts.console import passwords
from alerts.console.access import GuardedRoute, cookie_name, is_https
from alerts.console.app import create_app, routes
from alerts.console.roles import SCOPES, Need, Role, Verdict, decide
from alerts.store import accounts
from alerts.store.accounts import Seat, Who
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry, LoginFailure, UserSession
from tests.console.conftest import Browser, People, Program
from tests.console.test_every_page import BOTH

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PASSWORD = "seven green kettles sing"


@pytest.fixture
def with_password(store: Store, people: People) -> People:
    with store.write() as session:
        accounts.set_password(session, people.users["alice"], passwords.hashed(PASSWORD))
    return people


def test_a_route_that_does_not_say_for_whom_it_is_cannot_exist() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(RuntimeError, match="denied to all"):
        router.get("/secret")(lambda: "secret")


def test_a_route_that_goes_round_the_gate_stops_the_start(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    from alerts.console import home

    open_router = APIRouter()
    open_router.get("/open")(lambda: "open")
    monkeypatch.setattr(home, "router", open_router)
    with pytest.raises(RuntimeError, match="does not go through the gate"):
        create_app(settings)


# What anybody may see, and why that is right. Whoever makes another route public has to say so here too.
PUBLIC = {
    "/healthz", "/readyz", "/metrics", "/api/openapi.json", "/login", "/logout", "/welcome/{token}",
    "/s/{token}", "/s/{token}/story/{story_id}", "/s/confirm/{token}", "/s/unsubscribe/{token}",
}  # fmt: skip


def test_only_the_listed_routes_are_public_and_each_says_why(app: FastAPI) -> None:
    open_routes = {
        route.path: route for route in routes(app) if isinstance(route, GuardedRoute) and route.need.role is None
    }
    assert set(open_routes) == PUBLIC
    assert all(route.need.why for route in open_routes.values())


def test_every_route_is_closed_to_strangers_and_to_too_small_a_role(
    app: FastAPI, as_: Callable[[str], Browser], stranger: Browser
) -> None:
    """Walks all routes with all roles. What an allowed caller gets is other tests' business; here only the gate counts."""
    browsers = {Role.VIEWER: as_("vera"), Role.EDITOR: as_("bob"), Role.ADMIN: as_("alice")}
    tokens = {role: browser.csrf() for role, browser in browsers.items()}
    tried = 0
    for route in routes(app):
        assert isinstance(route, GuardedRoute)
        if route.need.role is None or route.path == "/logout":
            continue
        path = re.sub(r"\{[^}]+\}", "987654", route.path)
        api = route.path.startswith("/api/")
        for method in sorted(route.methods or ()):
            headers = {"Origin": "http://127.0.0.1:8000"}
            refused = stranger.client.request(method, path, headers=headers)
            assert refused.status_code == (401 if api else 303), f"{method} {path} is open to strangers"
            for role, browser in browsers.items():
                headers["X-CSRF-Token"] = tokens[role]
                answer = browser.client.request(method, path, headers=headers)
                denied = answer.status_code == 403
                assert denied == (role < route.need.role), f"{method} {path} as {role.name}: {answer.status_code}"
                assert answer.status_code < 500, f"{method} {path}: {answer.text[:300]}"
                tried += 1
    assert tried > 10


def test_a_token_opens_what_its_scope_names_and_nothing_else(app: FastAPI, program: Program) -> None:
    """Walks all operations with a token of each scope, all of an admin: only the scope is in the way."""
    tokens = {scope: program("alice", scope) for scope in SCOPES}
    for route in routes(app):
        if not isinstance(route, GuardedRoute) or not route.path.startswith("/api/v1/"):
            continue
        path = re.sub(r"\{[^}]+\}", "987654", route.path)
        for method in sorted(route.methods or ()):
            for scope, client in tokens.items():
                answer = client.request(method, path)
                code = answer.json()["code"] if answer.status_code == 403 else None
                assert (code == "scope") == (scope != route.need.scope), (
                    f"{method} {path} with {scope}: {answer.text[:300]}"
                )


@pytest.mark.parametrize(
    ("role", "scopes", "need", "verdict"),
    [
        (None, None, Need(None), Verdict.OPEN),
        (None, None, Need(Role.VIEWER), Verdict.SIGN_IN),
        ("viewer", None, Need(Role.VIEWER), Verdict.GRANTED),
        ("viewer", None, Need(Role.EDITOR, "rules:write"), Verdict.ROLE),
        ("editor", None, Need(Role.EDITOR, "rules:write"), Verdict.GRANTED),
        ("editor", {"read"}, Need(Role.EDITOR, "rules:write"), Verdict.SCOPE),
        ("editor", {"rules:write"}, Need(Role.VIEWER), Verdict.SCOPE),
        ("viewer", {"read", "rules:write"}, Need(Role.EDITOR, "rules:write"), Verdict.ROLE),
        ("out", None, Need(Role.VIEWER), Verdict.NO_TEAM),
    ],
)
def test_the_gate_decides_by_role_and_scope(
    role: str | None, scopes: set[str] | None, need: Need, verdict: Verdict
) -> None:
    seats = (Seat(1, "a", "A", role),) if role not in {None, "out"} else ()
    who = Who(1, "a@example.org", "A", seats, 1, frozenset(scopes) if scopes is not None else None)
    assert decide(need, None if role is None else who) is verdict


def test_alice_logs_in_and_gets_a_fresh_session(stranger: Browser, with_password: People, store: Store) -> None:
    assert stranger.get("/").headers["location"] == "/login"
    answer = stranger.post("/login", {"email": " Alice@Example.org ", "password": PASSWORD, "next": "/account"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    first = stranger.client.cookies["oncowire"]
    assert "Alice" in stranger.get("/").text
    stranger.client.post("/login", data={"email": "alice@example.org", "password": PASSWORD, "csrf": stranger.csrf()})
    assert stranger.client.cookies["oncowire"] != first
    with store.read() as session:
        kept = session.exec(select(UserSession)).all()
    assert [row.token_sha256 for row in kept] == [accounts.sha256(stranger.client.cookies["oncowire"])]


def test_a_session_cookie_is_secure_where_the_console_is_reached_by_https() -> None:
    https = load({"ONCOWIRE_BASE_URL": "https://oncowire.example.org"})
    assert is_https(https)
    assert cookie_name(https) == "__Host-oncowire"


def test_log_out_ends_the_session_on_the_server(as_: Callable[[str], Browser], store: Store) -> None:
    bob = as_("bob")
    token = bob.client.cookies["oncowire"]
    assert bob.post("/logout").status_code == 303
    with store.read() as session:
        assert accounts.by_session(session, token, datetime.now(UTC)) is None


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_log_in_leads_nowhere_else(stranger: Browser, with_password: People, next_: str) -> None:
    answer = stranger.post("/login", {"email": "alice@example.org", "password": PASSWORD, "next": next_})
    assert answer.headers["location"] == "/"


def test_wrong_passwords_are_throttled_and_tell_nothing(stranger: Browser, with_password: People) -> None:
    wrong = [stranger.post("/login", {"email": "alice@example.org", "password": "wrong"}) for _ in range(5)]
    unknown = stranger.post("/login", {"email": "nobody@example.org", "password": "wrong"})
    assert {a.status_code for a in wrong} == {401}
    assert re.sub("nobody", "alice", unknown.text) == re.sub("x", "x", wrong[0].text)
    throttled = stranger.post("/login", {"email": "alice@example.org", "password": PASSWORD})
    assert throttled.status_code == 429
    assert int(throttled.headers["retry-after"]) > 60


@BOTH
def test_many_wrong_passwords_at_once_are_no_more_tries_than_one_after_the_other(
    app: FastAPI, stranger: Browser, with_password: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, verify = list[str | None](), passwords.verify
    gate = threading.Barrier(12, timeout=30)

    def counted(kept: str | None, given: str) -> bool:
        tried.append(kept)
        return verify(kept, given)

    monkeypatch.setattr(passwords, "verify", counted)
    browsers = [Browser(app) for _ in range(12)]
    forms = [{"csrf": b.csrf(), "email": "alice@example.org", "password": f"wrong {n}"} for n, b in enumerate(browsers)]

    def send(browser: Browser, form: dict[str, str]) -> int:
        gate.wait()
        status: int = browser.client.post("/login", data=form).status_code
        return status

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(send, browsers, forms))
    assert len(tried) == passwords.LIMITS["pair"]
    assert answers == [401] * 5 + [429] * 7
    late = stranger.post("/login", {"email": "alice@example.org", "password": PASSWORD})
    assert late.status_code == 429


def test_somebody_who_gets_in_leaves_no_failures_behind(stranger: Browser, with_password: People, store: Store) -> None:
    right = {"email": "alice@example.org", "password": PASSWORD}
    for _ in range(6):
        assert stranger.post("/login", right).status_code == 303
        stranger.client.cookies.clear()
    with store.read() as session:
        assert {row.count for row in session.exec(select(LoginFailure))} == {0}


def test_an_unknown_user_costs_the_same_hashing_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing is the hash: it is computed with the same parameters whoever asks."""
    seen: list[str] = []
    real = passwords._hasher.verify

    class Spy:
        def verify(self, secret: str, password: str) -> bool:
            seen.append(secret.rsplit("$", 2)[0])
            return real(secret, password)

        def hash(self, password: str) -> str:
            return passwords.hashed(password)

    known = passwords.hashed(PASSWORD)
    passwords._nobody()
    monkeypatch.setattr(passwords, "_hasher", Spy())
    assert passwords.verify(known, PASSWORD)
    assert not passwords.verify(None, PASSWORD)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0].startswith("$argon2id$")


def test_the_throttle_opens_again_after_its_window() -> None:
    since = datetime(2026, 11, 24, tzinfo=UTC)
    keys = {"pair": "k"}
    assert passwords.throttle({"k": (4, since)}, keys, since) is None
    wait = passwords.throttle({"k": (5, since)}, keys, since + timedelta(minutes=10))
    assert wait is not None
    assert wait.seconds == 300
    assert passwords.throttle({"k": (5, since)}, keys, since + timedelta(minutes=15)) is None


@pytest.mark.parametrize(
    ("headers", "token", "code"),
    [
        ({"Origin": "https://evil.example"}, True, "cross_site"),
        ({"Sec-Fetch-Site": "cross-site"}, True, "cross_site"),
        ({"Origin": "http://127.0.0.1:8000"}, False, "csrf"),
    ],
)
def test_a_form_from_elsewhere_changes_nothing(
    as_: Callable[[str], Browser], headers: dict[str, str], token: bool, code: str
) -> None:
    alice = as_("alice")
    form = {"old": "", "new": "another long password", "csrf": alice.csrf() if token else "0" * 64}
    answer = alice.client.post("/account/password", data=form, headers=headers)
    assert answer.status_code == 403
    assert code in answer.text


def test_bobs_form_token_is_worth_nothing_in_alices_browser(as_: Callable[[str], Browser]) -> None:
    alice, bob = as_("alice"), as_("bob")
    form = {"old": "", "new": "another long password", "csrf": bob.csrf()}
    assert alice.client.post("/account/password", data=form).status_code == 403


def test_the_first_link_makes_an_admin_once(app: FastAPI, store: Store) -> None:
    browser = Browser(app)
    now = datetime.now(UTC)
    with store.write() as session:
        token = accounts.make_link(session, "first_admin", None, now)
    assert "become the first admin" in browser.get(f"/welcome/{token}").text
    weak = browser.post(f"/welcome/{token}", {"email": "alice@example.org", "password": "alice alice alice"})
    assert weak.status_code == 422
    done = browser.post(f"/welcome/{token}", {"email": "alice@example.org", "name": "Alice", "password": PASSWORD})
    assert done.status_code == 303
    assert "Alice" in browser.get("/").text
    assert Browser(app).get(f"/welcome/{token}").status_code == 410
    with store.read() as session:
        assert [seat.role for seat in accounts.seats(session, 1)] == ["admin"]
        assert [e.action for e in session.exec(select(AuditEntry))] == ["link_used_first_admin", "login"]


def test_a_link_for_the_first_admin_dies_when_somebody_has_an_account(
    store: Store, people: People, stranger: Browser
) -> None:
    with store.write() as session:
        token = accounts.make_link(session, "first_admin", None, datetime.now(UTC))
    assert stranger.get(f"/welcome/{token}").status_code == 410


def test_a_new_password_ends_all_other_sessions(as_: Callable[[str], Browser], with_password: People) -> None:
    here, elsewhere = as_("alice"), as_("alice")
    answer = here.post("/account/password", {"old": PASSWORD, "new": "nine blue teapots dance"})
    assert answer.status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_somebody_who_is_switched_off_is_out_at_once(
    as_: Callable[[str], Browser], store: Store, people: People
) -> None:
    bob = as_("bob")
    with store.write() as session:
        accounts.set_active(session, people.users["bob"], active=False)
    assert bob.get("/account").status_code == 303


def test_a_team_keeps_an_admin(store: Store, people: People) -> None:
    with store.write() as session, pytest.raises(Exception, match="last_admin"):
        accounts.set_role(session, people.users["alice"], people.teams["a"], "viewer")


def test_a_body_that_is_too_large_is_refused_unread(as_: Callable[[str], Browser]) -> None:
    answer = as_("alice").client.post("/account/password", content=b"x", headers={"Content-Length": str(10**9)})
    assert answer.status_code == 413
