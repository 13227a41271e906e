# SPDX-License-Identifier: MIT
"""Vocabulary, people, tokens, audit and status by API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import people
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit, Words
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.facts.lookup import lookup
from alerts.model import ConceptRef
from alerts.store import accounts, browse, ops, views, vitals
from alerts.store.tables import AuditEntry

router = common.router("service")


# ── vocabulary ───────────────────────────────────────────────────────────────────────────────────


class ConceptHit(BaseModel):
    id: str
    kind: str
    name: str
    by: str = Field(description="The synonym, brand or code that was hit; empty for the name itself.")
    below: int = Field(description="How many concepts are below it.")


Kind = Literal["drug", "class", "target", "indication", "biomarker", "regulator"]
Kinds = Annotated[list[Kind] | None, Query(max_length=6)]


@router.get("/vocabulary", summary="Concepts whose name, synonym, brand or code begins like this")
@needs(Role.VIEWER)
def find_concepts(
    desk: CurrentDesk,  # noqa: ARG001 - only for the gate
    q: Annotated[str, Query(min_length=1, max_length=100)],
    kind: Kinds = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[ConceptHit]:
    kinds: tuple[str, ...] = tuple(kind or ("drug", "class", "target", "indication", "biomarker", "regulator"))
    found = lookup().suggest(kinds, q, limit)
    return [ConceptHit(id=h.ref.id, kind=h.ref.kind, name=h.ref.name, by=h.by, below=h.below) for h in found]


class Concept(BaseModel):
    id: str
    kind: str
    name: str


class ConceptDetail(Concept):
    names: list[str]
    above: list[Concept]
    below: list[Concept]


def _concept(ref: ConceptRef) -> Concept:
    return Concept(id=ref.id, kind=ref.kind, name=ref.name)


@router.get("/vocabulary/concept", responses=MISSING, summary="All that the vocabulary says of a concept")
@needs(Role.VIEWER)
def read_concept(desk: CurrentDesk, id: Annotated[str, Query(min_length=1, max_length=200)]) -> ConceptDetail:  # noqa: ARG001
    card = lookup().card(id)
    if card is None:
        raise not_found("concept")
    return ConceptDetail(
        **_concept(card.ref).model_dump(), names=list(card.names), above=[_concept(r) for r in card.above],
        below=[_concept(r) for r in card.below],
    )  # fmt: skip


# ── people and tokens ────────────────────────────────────────────────────────────────────────────


class PersonOut(BaseModel):
    id: int
    email: str
    name: str
    role: str
    active: bool


@router.get("/users", summary="People of the team")
@needs(Role.ADMIN, "admin")
def list_users(desk: CurrentDesk) -> list[PersonOut]:
    with desk.store.read() as session:
        found = accounts.people(session, desk.actor.team_id)
    return [PersonOut(id=u.id or 0, email=u.email, name=u.name, role=role, active=u.active) for u, role in found]


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
        return PersonMade(
            id=user.id or 0, email=user.email, name=user.name, role=body.role, active=user.active, link=link
        )

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


class TokenOut(BaseModel):
    id: str = Field(description="SHA-256 of the token, which itself is not kept.")
    label: str
    owner: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@router.get("/tokens", summary="Tokens of the team")
@needs(Role.ADMIN, "admin")
def list_tokens(desk: CurrentDesk) -> list[TokenOut]:
    with desk.store.read() as session:
        found = accounts.tokens(session, desk.actor.team_id)
    return [
        TokenOut(id=t.token_sha256, label=t.label, owner=owner, scopes=t.scopes, created_at=t.created_at,
                 last_used_at=t.last_used_at, expires_at=t.expires_at)
        for t, owner in found
    ]  # fmt: skip


@router.delete("/tokens/{token}", status_code=204, responses=MISSING, summary="End a token")
@needs(Role.ADMIN, "admin")
def end_token(desk: CurrentDesk, token: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> None:
    with desk.store.write() as session:
        people.drop_token(session, desk, token)


# ── audit and status ─────────────────────────────────────────────────────────────────────────────


class AuditOut(BaseModel):
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    items: list[AuditOut]
    next: str | None


@router.get("/audit", summary="Who changed what, newest first")
@needs(Role.ADMIN, "admin")
def list_audit(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "") -> AuditPage:
    def show(row: AuditEntry) -> AuditOut:
        return AuditOut.model_validate(row, from_attributes=True)

    with desk.store.read() as session:
        found = browse.audit(session, desk.actor.team_id, common.asked(cursor, limit, q))
    return AuditPage.model_validate(common.page_of(found.rows, limit, show, lambda row: row.id))


class NoticeOut(BaseModel):
    key: str
    text: str
    since: datetime


class StatusOut(BaseModel):
    due: dict[str, float] = Field(description="Rows that are due, by stage.")
    lag_s: dict[str, float] = Field(description="Age of the oldest due row in seconds, by stage.")
    deliveries: dict[str, float]
    feeds: dict[str, float]
    notices: list[NoticeOut]


@router.get("/status", summary="Queues, lag, states, what ops must know")
@needs(Role.VIEWER)
def status(desk: CurrentDesk) -> StatusOut:
    with desk.store.read() as session:
        backlogs, states = vitals.backlogs(session, desk.now), views.by_state(session)
        notices = [NoticeOut(key=n.key, text=n.text, since=n.since) for n in ops.open_notices(session)]
    return StatusOut(
        due={stage: due for stage, (due, _) in backlogs.items()},
        lag_s={stage: age for stage, (_, age) in backlogs.items()},
        deliveries=states["deliveries"],
        feeds=states["feeds"],
        notices=notices,
    )
