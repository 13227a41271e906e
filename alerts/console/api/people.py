# SPDX-License-Identifier: MIT
"""People of a team, their links, tokens and teams by API."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import people
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit
from alerts.console.desk import CurrentDesk
from alerts.console.roles import SCOPES, Role, needs
from alerts.store import accounts
from alerts.store.accounts import Seat
from alerts.store.tables import ApiToken, User

router = common.router("people")


class PersonOut(BaseModel):
    id: int
    email: str
    name: str
    role: str
    active: bool
    has_password: bool


class PersonPage(BaseModel):
    items: list[PersonOut]
    next: str | None


@router.get("/users", summary="People of the team")
@needs(Role.ADMIN, "admin")
def list_users(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None) -> PersonPage:
    with desk.store.read() as session:
        found = accounts.people(session, desk.actor.team_id)
    listed = [PersonOut(**_person(user, role)) for user, role in found]
    page = common.part_of(listed, cursor, limit, lambda person: person, lambda person: f"{person.id:010}")
    return PersonPage.model_validate(page)


def _person(row: User, role: str) -> dict[str, Any]:
    return {
        "id": row.id or 0, "email": row.email, "name": row.name, "role": role, "active": row.active,
        "has_password": bool(row.password_hash),
    }  # fmt: skip


RoleName = Literal["viewer", "editor", "admin"]


class PersonIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"email": "bob@example.org", "role": "editor"}}
    )

    email: str = Field(min_length=3, max_length=254)
    name: str = Field(default="", max_length=100)
    role: RoleName


class PersonMade(PersonOut):
    link: str = Field(description="Address with which the person sets a password; empty if there is one already.")


@router.post(
    "/users", status_code=201, response_model=PersonMade, responses=CONFLICT, summary="Put somebody into the team"
)
@needs(Role.ADMIN, "admin")
def add_user(desk: CurrentDesk, body: PersonIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> PersonMade:
        user, link = people.invite(session, desk, body.email, body.name, body.role)
        return PersonMade(**_person(user, body.role), link=link)

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


class RoleIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"role": "viewer"}})

    role: RoleName | None = Field(description="null takes the person out of the team.")


@router.put(
    "/users/{user_id}/role", status_code=204, responses={**MISSING, **CONFLICT}, summary="Change somebody's role"
)
@needs(Role.ADMIN, "admin")
def set_role(desk: CurrentDesk, user_id: Id, body: RoleIn) -> None:
    with desk.store.write() as session:
        people.change_role(session, desk, user_id, body.role)


class LinkOut(BaseModel):
    link: str = Field(description="Works once, for three days, and is not shown again.")


@router.post(
    "/users/{user_id}/link", status_code=201, response_model=LinkOut, responses={**MISSING, **CONFLICT},
    summary="Make a link with which somebody sets a new password",
)  # fmt: skip
@needs(Role.ADMIN, "admin")
def make_link(desk: CurrentDesk, user_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    return common.once(desk, idempotency_key, "", lambda session: LinkOut(link=people.new_link(session, desk, user_id)))


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────


class TokenOut(BaseModel):
    id: str = Field(description="SHA-256 of the token, which itself is not kept.")
    label: str
    owner: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class TokenPage(BaseModel):
    items: list[TokenOut]
    next: str | None


@router.get("/tokens", summary="Tokens of the team")
@needs(Role.ADMIN, "admin")
def list_tokens(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None) -> TokenPage:
    with desk.store.read() as session:
        found = accounts.tokens(session, desk.actor.team_id)
    listed = [_token(token, owner) for token, owner in found]
    return TokenPage.model_validate(common.part_of(listed, cursor, limit, lambda token: token, lambda token: token.id))


def _token(row: ApiToken, owner: str) -> TokenOut:
    return TokenOut(
        id=row.token_sha256, label=row.label, owner=owner, scopes=row.scopes, created_at=row.created_at,
        last_used_at=row.last_used_at, expires_at=row.expires_at,
    )  # fmt: skip


Scope = StrEnum("Scope", {name: name for name in SCOPES})  # type: ignore[misc]


class TokenIn(BaseModel):
    """It can never do more than the role of its owner, who is whoever makes it, nor more than the token that makes it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"label": "nightly export", "scopes": ["read"], "days": 90}}
    )

    label: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(
        min_length=1, max_length=len(SCOPES), description="; ".join(f"{k}: {v}" for k, v in SCOPES.items())
    )
    days: int | None = Field(default=365, ge=1, le=3650, description="null: it does not end by itself.")


class TokenMade(BaseModel):
    id: str
    token: str = Field(description="Keep it now: it is not shown again.")


@router.post("/tokens", status_code=201, response_model=TokenMade, responses=CONFLICT, summary="Make a token")
@needs(Role.ADMIN, "admin")
def make_token(desk: CurrentDesk, body: TokenIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> TokenMade:
        token = people.make_token(session, desk, body.label, [scope.value for scope in body.scopes], body.days)
        return TokenMade(id=accounts.sha256(token), token=token)

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


@router.delete("/tokens/{token}", status_code=204, responses=MISSING, summary="End a token")
@needs(Role.ADMIN, "admin")
def end_token(desk: CurrentDesk, token: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> None:
    with desk.store.write() as session:
        people.drop_token(session, desk, token)


# ── teams ────────────────────────────────────────────────────────────────────────────────────────


class TeamOut(BaseModel):
    id: int
    slug: str
    name: str
    role: str = Field(description="Yours in it.")


class Me(BaseModel):
    email: str
    name: str
    team: TeamOut = Field(description="The team whose rules, channels and deliveries are meant.")
    scopes: list[str] | None = Field(description="Of the token; null in a browser.")


def _team(seat: Seat) -> TeamOut:
    return TeamOut(id=seat.team_id, slug=seat.slug, name=seat.name, role=seat.role)


@router.get("/me", summary="Who you are, in which team, with which scopes")
@needs(Role.VIEWER)
def me(desk: CurrentDesk) -> Me:
    who = desk.actor.who
    scopes = sorted(who.scopes) if who.scopes is not None else None
    return Me(email=who.email, name=who.name, team=_team(desk.actor.seat), scopes=scopes)


class TeamIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Medical affairs"}})

    name: str = Field(min_length=1, max_length=60)


@router.post(
    "/teams", status_code=201, response_model=TeamOut, responses=CONFLICT,
    summary="Make a team with you as its admin; a token works in one team only, so make one there under Users",
)  # fmt: skip
@needs(Role.ADMIN, "admin")
def make_team(desk: CurrentDesk, body: TeamIn, idempotency_key: IdempotencyKey = None) -> Response:
    return common.once(
        desk, idempotency_key, body.model_dump_json(), lambda session: _team(people.make_team(session, desk, body.name))
    )
