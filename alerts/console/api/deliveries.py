# SPDX-License-Identifier: MIT
"""Deliveries by API: state, attempts, the message as sent, send again."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from alerts.console import sending
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit, Words
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.model import AlertKind, DeliveryState
from alerts.store import browse
from alerts.store.browse import DeliveryLine, DeliveryView

router = common.router("deliveries")


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


def detail(found: DeliveryView) -> DeliveryDetail:
    attempts = [Attempt.model_validate(a, from_attributes=True) for a in found.attempts]
    return DeliveryDetail(**_line(found.line), attempts=attempts, message=found.line.delivery.message)


State = Annotated[DeliveryState | None, Query(description="Only deliveries in this state.")]
Kind = Annotated[AlertKind | None, Query(description="Only messages of this kind.")]
Of = Annotated[int | None, Query(ge=1, le=common.MAX_ID)]


@router.get("/deliveries", summary="Deliveries of the team, newest first")
@needs(Role.VIEWER)
def list_deliveries(
    desk: CurrentDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Words = "",
    state: State = None,
    kind: Kind = None,
    channel: Of = None,
    story: Of = None,
    rule: Of = None,
) -> DeliveryPage:
    given = {"state": state, "kind": kind, "channel": channel, "story": story, "subscription": rule}
    filters = {key: str(value) for key, value in given.items() if value is not None}
    asked = common.asked(cursor, limit, q, **filters)
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
    return detail(found)


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
        return detail(found)

    return common.once(desk, idempotency_key, "", make, 202)
