# SPDX-License-Identifier: MIT
"""Logging in and out, links that let in once, one's own password, the team that is looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlmodel import Session

from alerts.console import passwords
from alerts.console.access import FORM_COOKIE, GuardedRoute, cookie_name, set_cookie
from alerts.console.desk import CurrentDesk, Desk
from alerts.console.roles import Role, needs, public, seat_of
from alerts.errors import InputError
from alerts.store import accounts, ops
from alerts.store.tables import LoginLink, User

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
WRONG = "That address and password do not belong together."
Field = Annotated[str, Form(max_length=500)]


@router.get("/login")
@public("where one logs in")
def login_page(desk: CurrentDesk, next: str = "/") -> Response:
    if desk.request.state.who is not None and seat_of(desk.request.state.who) is not None:
        return desk.go(_inside(next))
    return desk.show("signin/login.html", next=_inside(next), email="", fault="")


@router.post("/login")
@public("where one logs in")
def login(desk: CurrentDesk, email: Field, password: Field, next: Field = "/") -> Response:
    """Throttled by account and address; a wrong address takes as long as a wrong password.

    A try is counted before the password is looked at, so that many at once are no more than one after the other.
    """
    keys = _throttle_keys(desk, email)
    with desk.store.write() as session:
        wait = passwords.throttle(_tries(session, desk, keys), keys, desk.now)
        if wait is None:
            accounts.count_failure(session, list(keys.values()))
        user = accounts.user_by_email(session, email)
    if wait is not None:
        minutes = max(1, round(wait.seconds / 60))
        page = desk.show(
            "signin/login.html", 429, next=_inside(next), email=email,
            fault=f"Too many wrong passwords. Please wait {minutes} min and try again.",
        )  # fmt: skip
        page.headers["Retry-After"] = str(int(wait.seconds) + 1)
        return page
    if not passwords.verify(user.password_hash if user else None, password) or user is None or not user.active:
        return desk.show("signin/login.html", 401, next=_inside(next), email=email, fault=WRONG)
    with desk.store.write() as session:
        accounts.forget_failures(session, [keys["pair"]])
        accounts.count_failure(session, [keys["address"], keys["account"]], -1)
    return _let_in(desk, user, _inside(next))


def _tries(session: Session, desk: Desk, keys: Mapping[str, str]) -> dict[str, tuple[int, datetime]]:
    return accounts.failures(session, list(keys.values()), desk.now, passwords.WINDOW_S)


def _throttle_keys(desk: Desk, email: str) -> dict[str, str]:
    address = desk.request.client.host if desk.request.client else "?"
    account = accounts.normal_email(email)
    named = {"pair": f"{account} {address}", "address": address, "account": account}
    return {reason: desk.store.secrets.fingerprint({"login": reason, "of": value}) for reason, value in named.items()}


def _inside(path: str) -> str:
    """A path of ours; anything that a browser could take for another site becomes the start page."""
    parts = urlsplit(path)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and path.isprintable()
    return path if inside and "\\" not in path else "/"


def _let_in(desk: Desk, user: User, path: str, said: str = "") -> Response:
    """A fresh session: the token from before the log-in is worth nothing afterwards."""
    assert user.id is not None
    with desk.store.write() as session:
        old = desk.request.cookies.get(cookie_name(desk.settings))
        token = accounts.open_session(session, user.id, desk.now, old)
        accounts.audit(session, user.email, "login", f"user {user.email}", desk.now)
    response = desk.go(path, said)
    set_cookie(response, desk.settings, cookie_name(desk.settings), token, accounts.SESSION_DAYS * 24 * 3600)
    response.delete_cookie(FORM_COOKIE)
    return response


@router.post("/logout")
@public("ends the session of this browser, if there is one")
def logout(desk: CurrentDesk) -> Response:
    token, who = desk.request.cookies.get(cookie_name(desk.settings)), desk.request.state.who
    if token and who is not None:
        with desk.store.write() as session:
            accounts.close_session(session, token)
            accounts.audit(session, who.email, "logout", f"user {who.email}", desk.now)
    response = desk.go("/login", "You are logged out.")
    response.delete_cookie(cookie_name(desk.settings))
    return response


@router.post("/team")
@needs(Role.VIEWER)
def choose_team(desk: CurrentDesk, team: Annotated[int, Form()]) -> Response:
    """Look at another of one's teams."""
    token = desk.request.cookies.get(cookie_name(desk.settings), "")
    if not any(seat.team_id == team for seat in desk.actor.who.seats):
        raise InputError("not_found", "There is no such team.")
    with desk.store.write() as session:
        accounts.look_at_team(session, token, team)
    return desk.go("/")


# ── links ────────────────────────────────────────────────────────────────────────────────────────


@router.get("/welcome/{token}")
@public("the link is the proof")
def welcome_page(desk: CurrentDesk, token: str) -> Response:
    """Shows a form and uses nothing up: mail scanners and chat programs open links too."""
    link, user = _link(desk, token)
    if link is None:
        return desk.show("signin/dead_link.html", 410)
    return desk.show("signin/welcome.html", token=token, purpose=link.purpose, user=user, fault="", email="", name="")


def _link(desk: Desk, token: str) -> tuple[LoginLink | None, User | None]:
    with desk.store.read() as session:
        link = accounts.link(session, token, desk.now)
        user = session.get(User, link.user_id) if link is not None and link.user_id else None
        return link, user


@router.post("/welcome/{token}")
@public("the link is the proof")
def welcome(desk: CurrentDesk, token: str, email: Field = "", name: Field = "", password: Field = "") -> Response:
    link, user = _link(desk, token)
    if link is None:
        return desk.show("signin/dead_link.html", 410)
    try:
        made = _accept(desk, link, user, token, email or (user.email if user else ""), name, password)
    except InputError as exc:
        shown = {"token": token, "purpose": link.purpose, "user": user, "email": email, "name": name}
        return desk.show("signin/welcome.html", 422, fault=exc.message, **shown)
    if made is None:
        return desk.show("signin/dead_link.html", 410)
    return _let_in(desk, made, "/", "Welcome. This page shows what Oncowire has read.")


def _accept(
    desk: Desk, link: LoginLink, user: User | None, token: str, email: str, name: str, password: str
) -> User | None:
    """The user who is let in; None if the link was used by somebody else in this very moment."""
    secret = None if link.purpose == "demo" else passwords.hashed(passwords.checked(password, email))
    if user is None and ("@" not in email or len(email) < 3):
        raise InputError("bad_email", "Please give your mail address.")
    with desk.store.write() as session:
        if not accounts.use_link(session, token, desk.now):
            return None
        if user is None:
            user = accounts.create_user(session, email, name or email.partition("@")[0], desk.now)
            assert user.id is not None
            accounts.set_role(session, user.id, ops.team_id(session, ops.DEFAULT_TEAM, desk.now), "admin")
        assert user.id is not None
        if secret is not None:
            accounts.set_password(session, user.id, secret)
        accounts.audit(session, user.email, f"link_used_{link.purpose}", f"user {user.email}", desk.now)
        return user


# ── one's own account ────────────────────────────────────────────────────────────────────────────


@router.get("/account")
@needs(Role.VIEWER)
def account_page(desk: CurrentDesk) -> Response:
    return desk.show("signin/account.html", fault="")


@router.post("/account/password")
@needs(Role.VIEWER)
def change_password(desk: CurrentDesk, new: Field, old: Field = "") -> Response:
    """All other sessions of this person end. Whoever came by a link and has no password yet leaves `old` empty."""
    actor = desk.actor
    with desk.store.read() as session:
        user = session.get_one(User, actor.user_id)
    try:
        if user.password_hash and not passwords.verify(user.password_hash, old):
            raise InputError("wrong_password", "That is not your present password.")
        secret = passwords.hashed(passwords.checked(new, user.email))
    except InputError as exc:
        return desk.show("signin/account.html", 422, fault=exc.message)
    with desk.store.write() as session:
        accounts.set_password(session, actor.user_id, secret)
        desk.audit(session, "password_changed", f"user {user.email}")
    return _let_in(desk, user, "/account", "Your password is changed. You are logged out everywhere else.")
