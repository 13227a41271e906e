# SPDX-License-Identifier: MIT
"""Audit and status: who changed what; queues, lag, signs of life, notices, what was set aside."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from alerts import __version__
from alerts.console import tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.store import browse, ops, views, vitals
from alerts.store.browse import Asked
from alerts.store.tables import AuditEntry

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
    if asked.csv:
        return tables.csv_answer("audit", COLUMNS, found.rows, _cell)
    table = tables.Table("/audit", COLUMNS, asked, found.rows, found.total)
    return desk.show("ops/audit.html", table=table, actions=actions)


def _cell(row: AuditEntry, key: str) -> Any:
    return "; ".join(f"{k}={v}" for k, v in row.detail.items()) if key == "detail" else getattr(row, key)


@router.get("/status")
@needs(Role.VIEWER)
def status(desk: CurrentDesk) -> Response:
    """The numbers that /metrics has, for people; what was set aside is listed with its reason."""
    with desk.store.read() as session:
        return desk.show(
            "ops/status.html", version=__version__, stages=STAGES, backlogs=vitals.backlogs(session, desk.now),
            states=views.by_state(session), signs=ops.signs(session, SIGNS), notices=ops.open_notices(session),
            dead_items=browse.dead_items(session), dead=browse.deliveries(
                session, desk.actor.team_id, Asked(filters={"state": "dead"}, limit=20)
            ),
        )  # fmt: skip
