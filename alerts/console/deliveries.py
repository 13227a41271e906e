# SPDX-License-Identifier: MIT
"""Alerts and deliveries: state, attempts, the message as sent, send again, and why something was not sent."""

import json
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from alerts.console import sending, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, drawn_mail, not_found, refusal
from alerts.console.roles import Role, needs
from alerts.delivery.mail import letter
from alerts.errors import InputError
from alerts.model import AlertKind, ChannelKind, DeliveryState, Message
from alerts.store import browse
from alerts.store.browse import DeliveryLine
from alerts.store.tables import DeliveryAttempt

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/deliveries")
COLUMNS = (
    tables.Column("state", "State"),
    tables.Column("subject", "Message", sortable=False),
    tables.Column("channel", "To"),
    tables.Column("subscription", "Rule"),
    tables.Column("attempts", "Tries", number=True),
    tables.Column("updated", "Changed"),
)
FILTERS = ("state", "kind", "channel")
TRIES = (
    tables.Column("number", "Try"),
    tables.Column("begun", "Begun (UTC)"),
    tables.Column("outcome", "Outcome"),
    tables.Column("said", "Said"),
)


@router.get("")
@needs(Role.VIEWER)
def delivery_list(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        listed = table(desk, session, "/deliveries")
        waiting = browse.held(session, desk.actor.team_id)
    return tables.export(("deliveries", listed, cell)) or desk.show(
        "deliveries/list.html", table=listed, states=list(DeliveryState), kinds=list(AlertKind), waiting=waiting
    )


def table(
    desk: Desk, session: Session, path: str, prefix: str = "", per_page: int = tables.PER_PAGE, **only: str
) -> tables.Table:
    """Deliveries of the team, on any page; `only` holds whatever the address asks for."""
    asked = tables.wanted(desk.request, COLUMNS, "-updated", FILTERS, prefix, per_page=per_page)
    found = browse.deliveries(session, desk.actor.team_id, asked._replace(filters={**asked.filters, **only}).of_store())
    return tables.Table(path, COLUMNS, asked, found.rows, found.total)


def cell(row: DeliveryLine, key: str) -> Any:
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
    asked = tables.wanted(desk.request, TRIES, "number")
    tries = tables.of_rows(f"/deliveries/{delivery_id}", TRIES, asked, found.attempts, _try_cell)
    open_ = found.line.delivery.state in {"pending", "retry", "sending", "unknown"}
    return tables.export((f"delivery-{delivery_id}-tries", tries, _try_cell)) or desk.show(
        "deliveries/delivery.html", line=found.line, row=found.line.delivery, open_=open_, tries=tries,
        payload=_payload(desk, found.line),
    )  # fmt: skip


def _payload(desk: Desk, line: DeliveryLine) -> str:
    """What goes over the wire: the source of the mail, or the JSON that is posted (its secrets are in address and headers)."""
    if line.delivery.message is None:
        return ""
    message = Message.model_validate(line.delivery.message)
    if message.channel is ChannelKind.EMAIL:
        return letter(message, desk.settings.mail_from, line.channel.hint).decode().replace("\r\n", "\n")
    return json.dumps(message.payload, indent=2, ensure_ascii=False)


@router.get("/{delivery_id:int}/mail")
@needs(Role.VIEWER)
def drawn(desk: CurrentDesk, delivery_id: int) -> Response:
    """A mail as mail programs draw it."""
    with desk.store.read() as session:
        found = browse.delivery(session, desk.actor.team_id, delivery_id)
    html = (found.line.delivery.message or {}).get("html") if found else None
    if not html:
        raise not_found("mail")
    return drawn_mail(html)


def _try_cell(row: DeliveryAttempt, key: str) -> Any:
    outcome = (row.outcome or "the process died in it").replace("_", " ")
    return {
        "number": row.number,
        "begun": row.started_at,
        "outcome": f"{outcome} {row.code or ''}".strip(),
        "said": row.detail or "",
    }[key]


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
