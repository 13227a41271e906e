# SPDX-License-Identifier: MIT
"""Rules by API: list, read, make, change, history, preview, try."""

import json
from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import Response
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
from alerts.console.desk import CurrentDesk, Desk, not_found
from alerts.console.roles import Role, needs
from alerts.console.rules import article, preview
from alerts.console.rules.form import stored_spec
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.pipeline import rulefiles
from alerts.store import browse, rules
from alerts.store.tables import Subscription
from alerts.subscriptions import SubscriptionSpec, parse
from alerts.subscriptions.sentence import sentence
from alerts.subscriptions.written import as_data

router = common.router("rules")
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
    state: Literal["draft", "active", "paused"] = "active"


class RuleOut(BaseModel):
    id: int
    revision: int
    name: str
    state: str
    sentence: str = Field(description="The rule read back in English.")
    spec: dict[str, Any] = Field(description="As a rule file has it; channels by their name.")
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


def shown(session: Session, row: Subscription) -> RuleOut:
    assert row.id is not None
    channels = rules.channels_of(session, row.id)
    spec = stored_spec({**row.spec, "state": row.state, "name": row.name})
    data = as_data(spec, concepts()) | {"channels": [{"channel": c.label} for c in channels]}
    return RuleOut(
        id=row.id, revision=row.revision, name=row.name, state=row.state, sentence=sentence(spec.rule, concepts()),
        spec=data, channel_ids=[c.id for c in channels if c.id is not None], origin=row.origin,
        created_at=row.created_at, updated_at=row.updated_at,
    )  # fmt: skip


def _checked(desk: Desk, body: RuleIn) -> SubscriptionSpec:
    """By the parser of rule files. Raises InputError with its code."""
    data = {k: v for k, v in body.model_dump().items() if v not in (None, [])}
    parsed = parse(json.dumps(data), concepts(), desk.settings.webhook_hosts)
    if parsed.faults:
        raise InputError(parsed.faults[0].code, "; ".join(fault.message for fault in parsed.faults)[:2000])
    return parsed.specs[0]


def _mine(session: Session, desk: Desk, rule_id: int) -> Subscription:
    row = rules.one(session, desk.actor.team_id, rule_id)
    if row is None:
        raise not_found("rule")
    return row


@router.get("/rules", summary="Rules of the team, newest first")
@needs(Role.VIEWER)
def list_rules(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "") -> RulePage:
    with desk.store.read() as session:
        found = browse.subscriptions(session, desk.actor.team_id, common.asked(cursor, limit, q))
        page = common.page_of(found.rows, limit, lambda row: shown(session, row), lambda row: row.id)
    return RulePage.model_validate(page)


@router.post("/rules", status_code=201, response_model=RuleOut, responses=CONFLICT, summary="Make a rule")
@needs(Role.EDITOR, "rules:write")
def make_rule(desk: CurrentDesk, body: RuleIn, idempotency_key: IdempotencyKey = None) -> Response:
    spec = _checked(desk, body)

    def make(session: Session) -> RuleOut:
        if rules.by_name(session, desk.actor.team_id, spec.name) is not None:
            raise InputError("name_taken", "Another rule of your team has this name.")
        return _save(session, desk, spec)

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


def _save(session: Session, desk: Desk, spec: SubscriptionSpec) -> RuleOut:
    outcome = rulefiles.apply_one(
        desk.store, session, spec, desk.actor.team_id, author=desk.actor.name, origin="api", now=desk.now,
        opt_in=desk.settings.double_opt_in,
    )  # fmt: skip
    row = rules.by_name(session, desk.actor.team_id, spec.name)
    assert row is not None
    if outcome != "unchanged":
        desk.audit(session, f"rule_{outcome}", f"rule {spec.name}", state=spec.state, revision=row.revision, by="api")
    return shown(session, row)


@router.get("/rules/{rule_id}", responses={**MISSING, 304: {"description": "You have it already"}}, summary="One rule")
@needs(Role.VIEWER)
def read_rule(desk: CurrentDesk, rule_id: Id, response: Response, if_none_match: IfNoneMatch = None) -> RuleOut:
    with desk.store.read() as session:
        row = _mine(session, desk, rule_id)
        response.headers["ETag"] = common.etag(row.revision)
        if if_none_match == common.etag(row.revision):
            raise common.NotModified(row.revision)
        return shown(session, row)


@router.put("/rules/{rule_id}", responses=CHANGED, summary="Replace a rule")
@needs(Role.EDITOR, "rules:write")
def change_rule(desk: CurrentDesk, rule_id: Id, body: RuleIn, response: Response, if_match: IfMatch = None) -> RuleOut:
    spec = _checked(desk, body)
    with desk.store.write() as session:
        row = _mine(session, desk, rule_id)
        common.require_match(if_match, row.revision)
        same = rules.by_name(session, desk.actor.team_id, spec.name)
        if same is not None and same.id != row.id:
            raise InputError("name_taken", "Another rule of your team has this name.")
        rules.rename(session, row, spec.name)
        saved = _save(session, desk, spec)
    response.headers["ETag"] = common.etag(saved.revision)
    return saved


@router.get("/rules/{rule_id}/history", responses=MISSING, summary="Every revision, newest first")
@needs(Role.VIEWER)
def rule_history(desk: CurrentDesk, rule_id: Id) -> list[Revision]:
    with desk.store.read() as session:
        row = _mine(session, desk, rule_id)
        kept = rules.history(session, rule_id)
    return [
        Revision(revision=r.revision, author=r.author, at=r.at,
                 spec=as_data(stored_spec({"name": row.name, **r.spec}), concepts()))
        for r in kept
    ]  # fmt: skip


# ── preview and try ──────────────────────────────────────────────────────────────────────────────


class PreviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"rule": EXAMPLE["rule"], "days": 90}})

    rule: dict[str, Any]
    days: int = Field(default=90, ge=1, le=400)


class PreviewStory(BaseModel):
    story: int
    title: str
    outlet: str
    url: str
    seen_at: datetime
    reasons: list[dict[str, Any]]
    failed: str | None


class PreviewOut(BaseModel):
    sentence: str
    stories: int = Field(description="Stories that the rule was tried on.")
    matched: int
    missed: int = Field(description="Stories that fail one condition only.")
    per_week: dict[str, int]
    failed: dict[str, int]
    matches: list[PreviewStory]
    near: list[PreviewStory]


@router.post("/rules/preview", summary="What a rule would have told; nothing is saved")
@needs(Role.VIEWER)
def preview_rule(desk: CurrentDesk, body: PreviewIn) -> PreviewOut:
    spec = _checked(desk, RuleIn(name="preview", rule=body.rule, state="draft"))
    found = desk.request.app.state.history().preview(spec.rule, desk.now - timedelta(days=body.days))
    with desk.store.read() as session:
        matches = [_story(s) for s in preview.newest(session, spec.rule, found.matches, preview.SHOWN)]
        near = [_story(s) for s in preview.newest(session, spec.rule, found.near, preview.NEAR_SHOWN)]
    return PreviewOut(
        sentence=sentence(spec.rule, concepts()), stories=found.stories, matched=len(found.matches),
        missed=len(found.near), per_week=found.per_week, failed=found.failed, matches=matches, near=near,
    )  # fmt: skip


def _story(s: preview.Shown) -> PreviewStory:
    return PreviewStory(
        story=s.story_id, title=s.title, outlet=s.outlet, url=s.url, seen_at=s.seen_at,
        reasons=[r.model_dump(mode="json") for r in s.reasons], failed=s.failed or None,
    )  # fmt: skip


class TryIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"text": "EC approves cabozantinib for neuroendocrine tumours\nThe European …"}},
    )

    text: str = Field(
        min_length=1, max_length=100_000, description="An article (title in the first line) or its address."
    )


class TryOut(BaseModel):
    rule: int
    name: str
    state: str
    verdict: str = Field(description="told · silent (met, but draft or paused) · missed")
    reasons: list[dict[str, Any]]
    failed: list[str]


@router.post("/rules/try", summary="Who would be told of an article, who not, and why")
@needs(Role.VIEWER)
def try_article(desk: CurrentDesk, body: TryIn) -> list[TryOut]:
    item = article.pasted(body.text, desk.settings)
    with desk.store.read() as session:
        rows = list(rules.all_of(session, desk.actor.team_id))
    _, tried = article.tried(item, rows)
    return [
        TryOut(rule=t.subscription_id, name=t.name, state=t.state, verdict=t.verdict,
               reasons=[r.model_dump(mode="json") for r in t.found.reasons], failed=list(t.found.failed))
        for t in tried
    ]  # fmt: skip
