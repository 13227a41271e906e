# SPDX-License-Identifier: MIT
"""Audit and status: who changed what; queues, lag, signs of life, notices, what was set aside."""

from typing import Any, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from alerts import __version__
from alerts.console import deliveries, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk
from alerts.console.roles import Role, needs
from alerts.model import DeliveryState
from alerts.store import browse, ops, views, vitals
from alerts.store.tables import AuditEntry, Item

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
COLUMNS = (
    tables.Column("at", "When (UTC)"),
    tables.Column("actor", "Who"),
    tables.Column("action", "What"),
    tables.Column("subject", "Of what", sortable=False),
    tables.Column("detail", "Details", sortable=False),
)
STAGES = {
    "poll": "feeds to poll",
    "read": "items to read",
    "group": "items to group",
    "match": "stories to match",
    "deliver": "messages to send",
    "digest": "digests to put together",
}
WAITS = (
    tables.Column("stage", "Stage"),
    tables.Column("due", "Due now", number=True),
    tables.Column("oldest_s", "Oldest", number=True),
)
UNREAD = (
    tables.Column("title", "Item"),
    tables.Column("code", "Code"),
    tables.Column("text", "Why"),
    tables.Column("seen", "Came"),
)
MAX_DEAD_ITEMS = 1000  # the newest: more at once is one cause, not a list to go through
SIGNS = ("housekeeping", "web", "beat", "poll", "read", "deliver")


@router.get("/audit")
@needs(Role.ADMIN, "admin")
def audit(desk: CurrentDesk) -> Response:
    asked = tables.wanted(desk.request, COLUMNS, "-at", ["action"])
    with desk.store.read() as session:
        found = browse.audit(
            session, desk.actor.team_id,
            asked.of_store(),
        )  # fmt: skip
        actions = browse.audit_actions(session, desk.actor.team_id)
    table = tables.Table("/audit", COLUMNS, asked, found.rows, found.total)
    return tables.export(("audit", table, _cell)) or desk.show("ops/audit.html", table=table, actions=actions)


def _cell(row: AuditEntry, key: str) -> Any:
    return "; ".join(f"{k}={v}" for k, v in row.detail.items()) if key == "detail" else getattr(row, key)


@router.get("/status")
@needs(Role.VIEWER)
def status(desk: CurrentDesk) -> Response:
    """The numbers that /metrics has, for people; what was set aside is listed with its reason."""
    with desk.store.read() as session:
        waits, unread = _waits(desk, session), _unread(desk, session)
        unsent = deliveries.table(desk, session, "/status", "d-", state=DeliveryState.DEAD)
        file = tables.export(
            ("queues", waits, _wait_cell),
            ("dead-deliveries", unsent, deliveries.cell),
            ("dead-items", unread, _item_cell),
        )
        return file or desk.show(
            "ops/status.html", version=__version__, waits=waits, unsent=unsent, unread=unread, states=views.by_state(session),
            signs=ops.signs(session, SIGNS), notices=ops.open_notices(session),
        )  # fmt: skip


class Wait(NamedTuple):
    """What one stage has before it."""

    stage: str
    due: int
    oldest_s: int


def _waits(desk: Desk, session: Session) -> tables.Table:
    asked = tables.wanted(desk.request, WAITS, "", (), "w-")
    rows = [Wait(STAGES.get(s, s), int(due), int(age)) for s, (due, age) in vitals.backlogs(session, desk.now).items()]
    return tables.of_rows("/status", WAITS, asked, rows, _wait_cell)


def _wait_cell(row: Wait, key: str) -> Any:
    return getattr(row, key)


def _unread(desk: Desk, session: Session) -> tables.Table:
    asked = tables.wanted(desk.request, UNREAD, "", (), "i-")
    return tables.of_rows("/status", UNREAD, asked, browse.dead_items(session, MAX_DEAD_ITEMS), _item_cell)


def _item_cell(row: Item, key: str) -> Any:
    return {"title": row.title, "code": row.error_code, "text": row.error_text, "seen": row.first_seen_at}[key]
