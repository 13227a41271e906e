# SPDX-License-Identifier: MIT
"""Alerts and deliveries: state, attempts, the message as sent, send again, and why something was not sent."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from alerts.console import sending, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, not_found, refusal
from alerts.console.roles import Role, needs
from alerts.errors import InputError
from alerts.model import AlertKind, DeliveryState
from alerts.store import browse
from alerts.store.browse import DeliveryLine

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/deliveries")
COLUMNS = (
    tables.Column("state", "State"),
    tables.Column("subject", "Message", sortable=False),
    tables.Column("channel", "To"),
    tables.Column("subscription", "Rule"),
    tables.Column("attempts", "Tries", number=True),
    tables.Column("updated", "Changed"),
)


@router.get("")
@needs(Role.VIEWER)
def delivery_list(desk: CurrentDesk) -> Response:
    asked = tables.wanted(desk.request, COLUMNS, "-updated", ["state", "kind", "channel"])
    with desk.store.read() as session:
        found = browse.deliveries(
            session, desk.actor.team_id,
            asked.of_store(),
        )  # fmt: skip
        waiting = browse.held(session, desk.actor.team_id)
    if asked.csv:
        return tables.csv_answer("deliveries", COLUMNS, found.rows, _cell)
    table = tables.Table("/deliveries", COLUMNS, asked, found.rows, found.total)
    return desk.show(
        "deliveries/list.html", table=table, states=list(DeliveryState), kinds=list(AlertKind), waiting=waiting
    )


def _cell(row: DeliveryLine, key: str) -> Any:
    return {
        "state": row.delivery.state,
        "subject": row.subject,
        "channel": row.channel.hint,
        "subscription": row.subscription,
        "attempts": row.delivery.attempts_made,
        "updated": row.delivery.updated_at,
    }[key]


@router.get("/{delivery_id:int}")
@needs(Role.VIEWER)
def delivery_page(desk: CurrentDesk, delivery_id: int) -> Response:
    with desk.store.read() as session:
        found = browse.delivery(session, desk.actor.team_id, delivery_id)
    if found is None:
        raise not_found("delivery")
    open_ = found.line.delivery.state in {"pending", "retry", "sending", "unknown"}
    return desk.show("deliveries/delivery.html", found=found, line=found.line, row=found.line.delivery, open_=open_)


@router.post("/{delivery_id:int}/again")
@needs(Role.EDITOR, "deliveries:write")
def again(desk: CurrentDesk, delivery_id: int) -> Response:
    """Retry what failed, or replay what was sent: exactly the stored message."""
    try:
        with desk.store.write() as session:
            sending.again(session, desk, delivery_id)
    except InputError as exc:
        return desk.go(f"/deliveries/{delivery_id}", refusal(exc))
    return desk.go(f"/deliveries/{delivery_id}", "It goes out again with the next sweep, exactly as it is stored.")
