# SPDX-License-Identifier: MIT
"""Users and teams: people of a team with their roles, their links, tokens of the API, new teams."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from alerts.console import people, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, refusal
from alerts.console.roles import SCOPES, Role, needs
from alerts.errors import InputError
from alerts.store import accounts
from alerts.store.tables import ApiToken, User

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/users")
PEOPLE = (
    tables.Column("name", "Person"),
    tables.Column("role", "Role"),
    tables.Column("password", "Password"),
    tables.Column("email", "Address"),
    tables.Column("change", "Change", sortable=False, only="page"),
)
TOKENS = (
    tables.Column("label", "Token"),
    tables.Column("scopes", "Scopes", sortable=False),
    tables.Column("used", "Last used"),
    tables.Column("ends", "Ends"),
    tables.Column("owner", "Owner"),
    tables.Column("change", "Change", sortable=False, only="page"),
)
Text = Annotated[str, Form(max_length=300)]


@router.get("")
@needs(Role.ADMIN, "admin")
def users_page(desk: CurrentDesk) -> Response:
    return _show(desk)


def _show(desk: Desk, status: int = 200, fault: str = "", secret: str = "", caption: str = "") -> Response:
    """`secret`: a link or a token that is shown this once."""
    with desk.store.read() as session:
        listed = accounts.people(session, desk.actor.team_id)
        tokens = accounts.tokens(session, desk.actor.team_id)
    asked = tables.wanted(desk.request, PEOPLE, "name")
    of_tokens = tables.wanted(desk.request, TOKENS, "label", (), "t-")
    shown = tables.of_rows("/users", PEOPLE, asked, listed, _person_cell)
    programs = tables.of_rows("/users", TOKENS, of_tokens, tokens, _token_cell)
    return tables.export(("people", shown, _person_cell), ("tokens", programs, _token_cell)) or desk.show(
        "people/users.html", status, people=shown, tokens=programs, scopes=SCOPES, roles=accounts.ROLES, fault=fault,
        secret=secret, caption=caption,
    )  # fmt: skip


def _person_cell(row: tuple[User, str], key: str) -> Any:
    user, role = row
    cells = {"role": role, "change": "", "password": "set" if user.password_hash else "not yet"}
    return cells[key] if key in cells else getattr(user, key)


def _token_cell(row: tuple[ApiToken, str], key: str) -> Any:
    token, owner = row
    return {
        "label": token.label,
        "scopes": ", ".join(token.scopes),
        "used": token.last_used_at,
        "ends": token.expires_at,
        "owner": owner,
        "change": "",
    }[key]


@router.post("/add")
@needs(Role.ADMIN, "admin")
def add(desk: CurrentDesk, email: Text, role: Text, name: Text = "") -> Response:
    try:
        with desk.store.write() as session:
            user, link = people.invite(session, desk, email, name, role)
    except InputError as exc:
        return _show(desk, 422, exc.message)
    if not link:
        return desk.go("/users", f"{user.email} is in the team now, with the password that they have already.")
    return _show(desk, secret=link, caption=f"Send this link to {user.email}: it works once, for three days")


@router.post("/{user_id:int}/role")
@needs(Role.ADMIN, "admin")
def change_role(desk: CurrentDesk, user_id: int, role: Text) -> Response:
    try:
        with desk.store.write() as session:
            user = people.change_role(session, desk, user_id, None if role == "out" else role)
    except InputError as exc:
        return _show(desk, 422, refusal(exc))
    return desk.go("/users", f"{user.email}: {'out of the team' if role == 'out' else role}.")


@router.post("/{user_id:int}/link")
@needs(Role.ADMIN, "admin")
def make_link(desk: CurrentDesk, user_id: int) -> Response:
    try:
        with desk.store.write() as session:
            link = people.new_link(session, desk, user_id)
    except InputError as exc:
        return _show(desk, 422, refusal(exc))
    return _show(desk, secret=link, caption="Send this link to them: a new password, once, within three days")


@router.post("/tokens")
@needs(Role.ADMIN, "admin")
def make_token(
    desk: CurrentDesk, label: Text, scope: Annotated[list[str] | None, Form()] = None, days: Text = "365"
) -> Response:
    lasting = int(days) if days.isascii() and days.isdigit() and 0 < int(days[:6]) <= 3650 else None
    try:
        with desk.store.write() as session:
            token = people.make_token(session, desk, label, scope or [], lasting)
    except InputError as exc:
        return _show(desk, 422, exc.message)
    return _show(desk, secret=token, caption="Keep this token now: it is not shown again")


@router.post("/tokens/end")
@needs(Role.ADMIN, "admin")
def end_token(desk: CurrentDesk, token: Text) -> Response:
    with desk.store.write() as session:
        people.drop_token(session, desk, token)
    return desk.go("/users", "The token has ended.")


@router.post("/teams")
@needs(Role.ADMIN, "admin")
def make_team(desk: CurrentDesk, name: Text) -> Response:
    """A new team; whoever makes it is its first admin."""
    try:
        with desk.store.write() as session:
            made = people.make_team(session, desk, name)
    except InputError as exc:
        return _show(desk, 422, exc.message)
    return desk.go(
        "/users", f"The team “{made.name}” is there, with you as admin. Switch to it at the top of the page."
    )
