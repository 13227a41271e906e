# SPDX-License-Identifier: MIT
"""Deliveries and channels by API."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import sending
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit, Words
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.model import DeliveryState
from alerts.store import browse
from alerts.store.browse import DeliveryLine, DeliveryView
from alerts.store.tables import Channel

router = common.router("sending")


class DeliveryOut(BaseModel):
    id: int
    state: str
    reason: str
    kind: str
    subscription: str
    story: int | None
    channel: int
    to: str = Field(description="What may be shown of the destination.")
    subject: str
    attempts_made: int
    message_id: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None


class DeliveryPage(BaseModel):
    items: list[DeliveryOut]
    next: str | None


class Attempt(BaseModel):
    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    code: str | None
    detail: str | None


class DeliveryDetail(DeliveryOut):
    attempts: list[Attempt]
    message: dict[str, Any] | None = Field(description="The message as it was (or will be) sent.")


def _line(line: DeliveryLine) -> dict[str, Any]:
    row = line.delivery
    return {
        "id": row.id, "state": row.state, "reason": row.state_reason, "kind": row.kind, "subscription": line.subscription,
        "story": row.story_id, "channel": row.channel_id, "to": line.channel.hint, "subject": line.subject,
        "attempts_made": row.attempts_made, "message_id": row.message_id, "created_at": row.created_at,
        "updated_at": row.updated_at, "sent_at": row.sent_at,
    }  # fmt: skip


def _detail(found: DeliveryView) -> DeliveryDetail:
    attempts = [Attempt.model_validate(a, from_attributes=True) for a in found.attempts]
    return DeliveryDetail(**_line(found.line), attempts=attempts, message=found.line.delivery.message)


State = Annotated[DeliveryState | None, Query(description="Only deliveries in this state.")]


@router.get("/deliveries", summary="Deliveries of the team, newest first")
@needs(Role.VIEWER)
def list_deliveries(
    desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "", state: State = None
) -> DeliveryPage:
    asked = common.asked(cursor, limit, q, state=state.value if state else "")
    with desk.store.read() as session:
        found = browse.deliveries(session, desk.actor.team_id, asked)
    page = common.page_of(found.rows, limit, lambda r: DeliveryOut.model_validate(_line(r)), lambda r: r.delivery.id)
    return DeliveryPage.model_validate(page)


@router.get("/deliveries/{delivery_id}", responses=MISSING, summary="A delivery with attempts and message")
@needs(Role.VIEWER)
def read_delivery(desk: CurrentDesk, delivery_id: Id) -> DeliveryDetail:
    with desk.store.read() as session:
        found = browse.delivery(session, desk.actor.team_id, delivery_id)
    if found is None:
        raise not_found("delivery")
    return _detail(found)


@router.post(
    "/deliveries/{delivery_id}/retry", status_code=202, response_model=DeliveryDetail, responses={**MISSING, **CONFLICT},
    summary="Send it again exactly as stored, with a fresh count of attempts",
)  # fmt: skip
@needs(Role.EDITOR, "deliveries:write")
def retry_delivery(desk: CurrentDesk, delivery_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> DeliveryDetail:
        sending.again(session, desk, delivery_id)
        found = browse.delivery(session, desk.actor.team_id, delivery_id)
        assert found is not None
        return _detail(found)

    return common.once(desk, idempotency_key, "", make, 202)


# ── channels ─────────────────────────────────────────────────────────────────────────────────────


class ChannelOut(BaseModel):
    id: int
    kind: str
    label: str
    hint: str = Field(description="What may be shown of the destination; the rest is never given out.")
    state: str
    verified_at: datetime | None
    last_error_code: str | None
    last_error_at: datetime | None
    created_at: datetime


class ChannelPage(BaseModel):
    items: list[ChannelOut]
    next: str | None


def _channel(row: Channel) -> ChannelOut:
    return ChannelOut.model_validate(row, from_attributes=True)


@router.get("/channels", summary="Channels of the team, newest first")
@needs(Role.VIEWER)
def list_channels(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "") -> ChannelPage:
    with desk.store.read() as session:
        found = browse.channels(session, desk.actor.team_id, common.asked(cursor, limit, q))
    return ChannelPage.model_validate(common.page_of(found.rows, limit, _channel, lambda row: row.id))


class ChannelIn(BaseModel):
    """One of email, slack (an address of an incoming webhook) or teams (an address of a workflow)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"email": "alice@example.org", "label": "Alice"}}
    )

    email: str | None = Field(default=None, max_length=254)
    slack: str | None = Field(default=None, max_length=2000)
    teams: str | None = Field(default=None, max_length=2000)
    label: str = Field(default="", max_length=100)


@router.post("/channels", status_code=201, response_model=ChannelOut, responses=CONFLICT, summary="Add a channel")
@needs(Role.EDITOR, "channels:write")
def add_channel(desk: CurrentDesk, body: ChannelIn, idempotency_key: IdempotencyKey = None) -> Response:
    given = {kind: value for kind in ("email", "slack", "teams") if (value := getattr(body, kind))}
    spec = sending.destination(given, desk.settings.webhook_hosts)

    def make(session: Session) -> ChannelOut:
        return _channel(sending.add_channel(session, desk, spec, body.label))

    return common.once(desk, idempotency_key, json.dumps(given | {"label": body.label}, sort_keys=True), make)


@router.post(
    "/channels/{channel_id}/test", status_code=202, response_model=DeliveryDetail, responses={**MISSING, **CONFLICT},
    summary="Send a test message",
)  # fmt: skip
@needs(Role.EDITOR, "channels:write")
def send_test(desk: CurrentDesk, channel_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> DeliveryDetail:
        made = sending.send_test(session, desk, channel_id)
        found = browse.delivery(session, desk.actor.team_id, made)
        assert found is not None
        return _detail(found)

    return common.once(desk, idempotency_key, "", make, 202)
