# SPDX-License-Identifier: MIT
"""Templates by API: a team's own words for each kind of channel, tried before they count, every version kept."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session

from alerts.console import templating
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, IdempotencyKey, Limit
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.delivery.templating import DIGEST_PARTS, PARTS
from alerts.model import ChannelKind
from alerts.pipeline import templates
from alerts.store import templates as stored
from alerts.store.tables import Story, TemplateVersion

router = common.router("templates")
Source = dict[str, Annotated[str, StringConstraints(max_length=60_000)]]
SAMPLE: dict[str, Any] = {"subject": "{{ title }}", "html": "<p>{{ title }}</p>", "text": "{{ title }}"}


class Version(BaseModel):
    version: int
    source: dict[str, str] = Field(description="Part → template; empty: Oncowire's own layout.")
    author: str
    at: datetime
    fault_count: int = Field(description="Messages that it failed on; they were told in another way.")
    fault_text: str | None
    fault_at: datetime | None


class VersionPage(BaseModel):
    items: list[Version]
    next: str | None


class TemplateOut(BaseModel):
    kind: ChannelKind
    parts: list[str] = Field(description="The parts that a template of this kind may have.")
    current: Version | None = Field(description="The version in use; null: Oncowire's own layout.")


def _version(row: TemplateVersion) -> Version:
    return Version.model_validate(row, from_attributes=True)


def _template(session: Session, team: int, kind: ChannelKind) -> TemplateOut:
    newest = next((row for row in stored.versions(session, team, kind) if row.good), None)
    current = _version(newest) if newest is not None and newest.source else None
    return TemplateOut(kind=kind, parts=[*PARTS[kind], *DIGEST_PARTS[kind]], current=current)


@router.get("/templates", summary="The team's template for each kind of channel")
@needs(Role.VIEWER)
def list_templates(desk: CurrentDesk) -> list[TemplateOut]:
    """One for each kind of channel, so there is one page."""
    with desk.store.read() as session:
        return [_template(session, desk.actor.team_id, kind) for kind in ChannelKind]


@router.get("/templates/{kind}", summary="One template")
@needs(Role.VIEWER)
def read_template(desk: CurrentDesk, kind: ChannelKind) -> TemplateOut:
    with desk.store.read() as session:
        return _template(session, desk.actor.team_id, kind)


@router.get("/templates/{kind}/versions", summary="Every version, newest first")
@needs(Role.VIEWER)
def list_versions(desk: CurrentDesk, kind: ChannelKind, limit: Limit = 50, cursor: Cursor = None) -> VersionPage:
    with desk.store.read() as session:
        kept = stored.versions(session, desk.actor.team_id, kind)
        page = common.part_of(kept, cursor, limit, _version, lambda row: common.newest_first(row.version))
    return VersionPage.model_validate(page)


class TemplateIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"source": SAMPLE}})

    source: Source = Field(min_length=1, max_length=6, description="Part → template (docs/templates.md).")


class TemplateTry(TemplateIn):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"source": SAMPLE, "story": None}})

    source: Source = Field(max_length=6, description="Part → template; empty: Oncowire's own layout.")
    story: int | None = Field(default=None, ge=1, le=common.MAX_ID, description="Shown with this story, else a sample.")
    digest: bool = Field(default=False, description="Show the digest of the last stories instead.")


class MessageOut(BaseModel):
    subject: str
    text: str
    html: str | None
    payload: dict[str, Any] | None = Field(description="Slack blocks or the Teams card.")
    headers: dict[str, str]


@router.post(
    "/templates/{kind}/preview", responses=MISSING, summary="The message as it would be sent; nothing is saved"
)
@needs(Role.EDITOR, "channels:write")
def preview_template(desk: CurrentDesk, kind: ChannelKind, body: TemplateTry) -> MessageOut:
    with desk.store.read() as session:
        if body.story is not None and session.get(Story, body.story) is None:
            raise not_found("story")
        made = templates.preview(session, kind, body.source, body.story, digest=body.digest)
    return MessageOut.model_validate(made, from_attributes=True)


class FaultOut(BaseModel):
    part: str
    line: int
    code: str
    message: str


@router.post("/templates/{kind}/check", summary="What is wrong with it, on samples and the last 50 stories")
@needs(Role.EDITOR, "channels:write")
def check_template(desk: CurrentDesk, kind: ChannelKind, body: TemplateIn) -> list[FaultOut]:
    """Each kind of fault once, at most 20: what is left shows when these are mended."""
    with desk.store.read() as session:
        return [FaultOut(**f._asdict()) for f in templates.check(session, kind, body.source)]


@router.post(
    "/templates/{kind}/versions", status_code=201, response_model=Version, responses=CONFLICT,
    summary="Save what passes the check: in use from the next message on",
)  # fmt: skip
@needs(Role.EDITOR, "channels:write")
def save_template(
    desk: CurrentDesk, kind: ChannelKind, body: TemplateIn, idempotency_key: IdempotencyKey = None
) -> Response:
    done = common.replayed(desk, idempotency_key, body.model_dump_json())
    if done is not None:
        return done
    with desk.store.read() as session:
        templating.tried(session, kind, body.source)
    return common.once(
        desk, idempotency_key, body.model_dump_json(),
        lambda session: _version(templating.save(session, desk, kind, body.source)),
    )  # fmt: skip


class RevertIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"version": 0}})

    version: int = Field(ge=0, le=common.MAX_ID, description="0: Oncowire's own layout.")


@router.post(
    "/templates/{kind}/revert", status_code=201, response_model=Version, responses={**MISSING, **CONFLICT},
    summary="An earlier version again, as a new one",
)  # fmt: skip
@needs(Role.EDITOR, "channels:write")
def revert_template(
    desk: CurrentDesk, kind: ChannelKind, body: RevertIn, idempotency_key: IdempotencyKey = None
) -> Response:
    return common.once(
        desk, idempotency_key, body.model_dump_json(),
        lambda session: _version(templating.revert(session, desk, kind, body.version)),
    )  # fmt: skip
