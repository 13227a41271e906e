# SPDX-License-Identifier: MIT
"""Rules by API: list, read, make, change, state, copy, history, undo."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console.api import common
from alerts.console.api.common import (
    CHANGED,
    CONFLICT,
    MISSING,
    Cursor,
    Id,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    Limit,
    Words,
)
from alerts.console.desk import CurrentDesk, Desk
from alerts.console.roles import Role, needs
from alerts.console.rules import changes
from alerts.console.rules.form import stored_spec
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.pipeline import rulefiles
from alerts.store import browse
from alerts.store.tables import Subscription
from alerts.subscriptions import SubscriptionSpec, parse
from alerts.subscriptions.sentence import sentence
from alerts.subscriptions.written import as_data

router = common.router("rules")
State = Literal["draft", "active", "paused"]
EXAMPLE: dict[str, Any] = {
    "name": "EU approvals in neuroendocrine tumours",
    "rule": {
        "indications": {"any": ["neuroendocrine tumor"]},
        "events": {"any": ["approval", "label_expansion"]},
        "regulators": {"any": ["EC"]},
    },
    "cadence": "daily 08:00 Europe/Paris",
    "channels": [{"channel": "alice@example.org"}],
    "state": "draft",
}


class RuleIn(BaseModel):
    """The same keys as a rule file; names are preferred names, synonyms, brands, codes or ids."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    name: str = Field(min_length=1, max_length=200)
    rule: dict[str, Any]
    cadence: str = Field(default="instant", max_length=200)
    quiet: str | None = Field(default=None, max_length=200)
    cap_per_day: int | None = Field(default=None, ge=1, le=10_000)
    priority: list[str] = Field(default_factory=list, max_length=50)
    digest_by: Literal["drug", "cancer"] = "drug"
    channels: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    state: State = "active"


class RuleOut(BaseModel):
    id: int
    revision: int
    name: str
    state: str
    sentence: str = Field(description="The rule read back in English.")
    spec: dict[str, Any] = Field(description="As a rule file has it, so it can be sent back; channels by their name.")
    channel_ids: list[int]
    origin: str
    created_at: datetime
    updated_at: datetime


class RulePage(BaseModel):
    items: list[RuleOut]
    next: str | None


class Revision(BaseModel):
    revision: int
    author: str
    at: datetime
    spec: dict[str, Any]
    changes: list[str] = Field(description="Lines of the rule file with + (added), - (removed) or a blank before them.")


class RevisionPage(BaseModel):
    items: list[Revision]
    next: str | None


def shown(session: Session, row: Subscription) -> RuleOut:
    return _shown(changes.wholes(session, [row])[0])


def _shown(whole: changes.Whole) -> RuleOut:
    row, spec = whole.row, whole.spec
    return RuleOut(
        id=row.id or 0, revision=row.revision, name=row.name, state=row.state, sentence=sentence(spec.rule, concepts()),
        spec=as_data(spec, concepts()), origin=row.origin, created_at=row.created_at, updated_at=row.updated_at,
        channel_ids=whole.channel_ids,
    )  # fmt: skip


def checked(desk: Desk, body: RuleIn) -> SubscriptionSpec:
    """By the parser of rule files. Raises InputError with its code."""
    data = {k: v for k, v in body.model_dump().items() if v not in (None, [])}
    parsed = parse(json.dumps(data, ensure_ascii=False), concepts(), desk.settings.webhook_hosts)
    if parsed.faults:
        raise InputError(parsed.faults[0].code, "; ".join(fault.message for fault in parsed.faults)[:2000])
    return parsed.specs[0]


StateFilter = Annotated[State | None, Query(description="Only rules in this state.")]


@router.get("/rules", summary="Rules of the team, newest first")
@needs(Role.VIEWER)
def list_rules(
    desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "", state: StateFilter = None
) -> RulePage:
    with desk.store.read() as session:
        found = browse.subscriptions(session, desk.actor.team_id, common.asked(cursor, limit, q, state=state or ""))
        whole = changes.wholes(session, found.rows)
    page = common.page_of(whole, limit, _shown, lambda w: w.row.id)
    return RulePage.model_validate(page)


@router.post("/rules", status_code=201, response_model=RuleOut, responses=CONFLICT, summary="Make a rule")
@needs(Role.EDITOR, "rules:write")
def make_rule(desk: CurrentDesk, body: RuleIn, idempotency_key: IdempotencyKey = None) -> Response:
    spec = checked(desk, body)
    made = common.once(desk, idempotency_key, body.model_dump_json(), lambda session: _saved(session, desk, None, spec))
    return common.etagged(made)


def _saved(session: Session, desk: Desk, row: Subscription | None, spec: SubscriptionSpec) -> RuleOut:
    routes = rulefiles.routes(
        desk.store, session, spec, desk.actor.team_id, desk.now,
        author=desk.actor.name, opt_in=desk.settings.double_opt_in,
    )  # fmt: skip
    return shown(session, changes.save(session, desk, row, spec, routes))


@router.get("/rules/{rule_id}", responses={**MISSING, 304: {"description": "You have it already"}}, summary="One rule")
@needs(Role.VIEWER)
def read_rule(desk: CurrentDesk, rule_id: Id, response: Response, if_none_match: IfNoneMatch = None) -> RuleOut:
    with desk.store.read() as session:
        row = changes.mine(session, desk, rule_id)
        response.headers["ETag"] = common.etag(row.revision)
        if common.meets(if_none_match, row.revision):
            raise common.NotModified(row.revision)
        return shown(session, row)


@router.put("/rules/{rule_id}", responses=CHANGED, summary="Replace a rule")
@needs(Role.EDITOR, "rules:write")
def change_rule(desk: CurrentDesk, rule_id: Id, body: RuleIn, response: Response, if_match: IfMatch = None) -> RuleOut:
    spec = checked(desk, body)
    with desk.store.write() as session:
        row = changes.held(session, desk, rule_id)
        common.require_match(if_match, row.revision)
        saved = _saved(session, desk, row, spec)
    response.headers["ETag"] = common.etag(saved.revision)
    return saved


class StateIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"state": "paused"}})

    state: State


@router.put("/rules/{rule_id}/state", responses=CHANGED, summary="Switch a rule on, pause it, or make it a draft again")
@needs(Role.EDITOR, "rules:write")
def set_state(desk: CurrentDesk, rule_id: Id, body: StateIn, response: Response, if_match: IfMatch = None) -> RuleOut:
    with desk.store.write() as session:
        row = changes.held(session, desk, rule_id)
        common.require_match(if_match, row.revision)
        changes.set_state(session, desk, row, body.state)
        response.headers["ETag"] = common.etag(row.revision)
        return shown(session, row)


@router.post(
    "/rules/{rule_id}/duplicate", status_code=201, response_model=RuleOut, responses={**MISSING, **CONFLICT},
    summary="A copy under a free name, as a draft",
)  # fmt: skip
@needs(Role.EDITOR, "rules:write")
def duplicate_rule(desk: CurrentDesk, rule_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> RuleOut:
        return shown(session, changes.duplicate(session, desk, changes.mine(session, desk, rule_id)))

    return common.etagged(common.once(desk, idempotency_key, "", make))


@router.get("/rules/{rule_id}/history", responses=MISSING, summary="Revisions with what each changed, newest first")
@needs(Role.VIEWER)
def rule_history(desk: CurrentDesk, rule_id: Id, limit: Limit = 50, cursor: Cursor = None) -> RevisionPage:
    with desk.store.read() as session:
        row = changes.mine(session, desk, rule_id)
        kept = changes.history(session, row)
    page = common.part_of(
        kept, cursor, limit, lambda e: _revision(e, row.name), lambda e: common.newest_first(e.revision.revision)
    )
    return RevisionPage.model_validate(page)


def _revision(entry: changes.Entry, name: str) -> Revision:
    signs, row = {"added": "+", "removed": "-", "same": " "}, entry.revision
    spec = as_data(stored_spec({"name": name, **row.spec}), concepts())
    lines = [signs[kind] + line for kind, line in entry.diff]
    return Revision(revision=row.revision, author=row.author, at=row.at, spec=spec, changes=lines)


class UndoIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"revision": 1}})

    revision: int = Field(ge=1, le=common.MAX_ID, description="The revision whose conditions count again.")


@router.post(
    "/rules/{rule_id}/undo", status_code=200, response_model=RuleOut, responses=CHANGED,
    summary="Back to an earlier revision, which is a new one",
)  # fmt: skip
@needs(Role.EDITOR, "rules:write")
def undo_rule(
    desk: CurrentDesk, rule_id: Id, body: UndoIn, if_match: IfMatch = None, idempotency_key: IdempotencyKey = None
) -> Response:
    def make(session: Session) -> RuleOut:
        row = changes.held(session, desk, rule_id)
        common.require_match(if_match, row.revision)
        changes.undo(session, desk, row, body.revision)
        return shown(session, row)

    return common.etagged(common.once(desk, idempotency_key, body.model_dump_json(), make, 200))
