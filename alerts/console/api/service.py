# SPDX-License-Identifier: MIT
"""Audit and status by API."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from alerts import __version__
from alerts.console.api import common
from alerts.console.api.common import Cursor, Limit, Words
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.console.service import SIGNS
from alerts.store import browse, ops, views, vitals
from alerts.store.browse import Asked
from alerts.store.tables import AuditEntry, Item

router = common.router("service")


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


Action = Annotated[str, Query(max_length=50, description="Only changes of this kind, e.g. rule_changed.")]


@router.get("/audit", summary="Who changed what, newest first")
@needs(Role.ADMIN, "admin")
def list_audit(
    desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "", action: Action = ""
) -> AuditPage:
    def show(row: AuditEntry) -> AuditOut:
        return AuditOut.model_validate(row, from_attributes=True)

    with desk.store.read() as session:
        found = browse.audit(session, desk.actor.team_id, common.asked(cursor, limit, q, action=action))
    return AuditPage.model_validate(common.page_of(found.rows, limit, show, lambda row: row.id))


class NoticeOut(BaseModel):
    key: str
    text: str
    since: datetime


class DeadItem(BaseModel):
    item: int
    title: str
    code: str
    text: str | None


class StatusOut(BaseModel):
    version: str
    due: dict[str, float] = Field(description="Rows that are due, by stage.")
    lag_s: dict[str, float] = Field(description="Age of the oldest due row in seconds, by stage.")
    signs: dict[str, datetime] = Field(description="Last sign of life of each process.")
    deliveries: dict[str, float]
    feeds: dict[str, float]
    notices: list[NoticeOut]
    dead_items: list[DeadItem] = Field(description="Items that no stage could handle, newest first.")
    dead_deliveries: list[int] = Field(description="The newest deliveries of the team that were given up.")


@router.get("/status", summary="Queues, lag, workers, states, dead letters, what ops must know")
@needs(Role.VIEWER)
def status(desk: CurrentDesk) -> StatusOut:
    with desk.store.read() as session:
        backlogs, states = vitals.backlogs(session, desk.now), views.by_state(session)
        given_up = browse.deliveries(session, desk.actor.team_id, Asked(filters={"state": "dead"}, limit=20)).rows
        return StatusOut(
            version=__version__,
            due={stage: due for stage, (due, _) in backlogs.items()},
            lag_s={stage: age for stage, (_, age) in backlogs.items()},
            signs=ops.signs(session, SIGNS),
            deliveries=states["deliveries"],
            feeds=states["feeds"],
            notices=[NoticeOut(key=n.key, text=n.text, since=n.since) for n in ops.open_notices(session)],
            dead_items=[_dead(row) for row in browse.dead_items(session)],
            dead_deliveries=[line.delivery.id for line in given_up],
        )


def _dead(row: Item) -> DeadItem:
    return DeadItem(item=row.id or 0, title=row.title, code=row.error_code or "", text=row.error_text)
