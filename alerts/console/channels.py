# SPDX-License-Identifier: MIT
"""Channels: add by a form for each kind, test, confirm, switch off and on, last error; addresses that must not be written to."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from alerts.console import sending, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, refusal
from alerts.console.roles import Role, needs
from alerts.errors import InputError
from alerts.store import browse
from alerts.store.browse import Reading
from alerts.store.tables import Channel, Suppression

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
COLUMNS = (
    tables.Column("label", "Channel"),
    tables.Column("kind", "Kind"),
    tables.Column("state", "State"),
    tables.Column("error", "Last error"),
    tables.Column("hint", "Do", sortable=False),
)
STATES = ("active", "unverified", "disabled", "suppressed")
READERS = (
    tables.Column("rule", "Rule"),
    tables.Column("to", "Reader"),
    tables.Column("consent", "Consent"),
    tables.Column("wishes", "Own wishes", sortable=False),
)
SUPPRESSED = (
    tables.Column("hint", "Address"),
    tables.Column("reason", "Why"),
    tables.Column("at", "Since"),
    tables.Column("change", "Change", sortable=False, only="page"),
)
Text = Annotated[str, Form(max_length=2000)]


@router.get("/channels")
@needs(Role.VIEWER)
def channel_list(desk: CurrentDesk) -> Response:
    return _show(desk)


def _show(desk: Desk, status: int = 200, fault: str = "", kind: str = "", value: str = "") -> Response:
    asked = tables.wanted(desk.request, COLUMNS, "label", ["state", "kind"])
    with desk.store.read() as session:
        found = browse.channels(session, desk.actor.team_id, asked.of_store())
    table = tables.Table("/channels", COLUMNS, asked, found.rows, found.total)
    return tables.export(("channels", table, _cell)) or desk.show(
        "channels/list.html", status, table=table, states=STATES, fault=fault, kind=kind, value=value
    )


def _cell(row: Channel, key: str) -> Any:
    return row.last_error_code if key == "error" else getattr(row, key)


@router.post("/channels/add")
@needs(Role.EDITOR, "channels:write")
def add(desk: CurrentDesk, kind: Text, value: Text, label: Text = "") -> Response:
    """The kind has a form of its own; the address is checked as in a rule file."""
    try:
        spec = sending.destination({kind: value.strip()}, desk.settings.webhook_hosts)
        with desk.store.write() as session:
            made = sending.add_channel(session, desk, spec, label)
            name = made.label
    except InputError as exc:
        return _show(desk, 422, exc.message, kind, value if kind == "email" else "")
    return desk.go("/channels", f"“{name}” is there. Send a test to see that it works.")


@router.post("/channels/{channel_id:int}/test")
@needs(Role.EDITOR, "channels:write")
def send_test(desk: CurrentDesk, channel_id: int) -> Response:
    with desk.store.write() as session:
        made = sending.send_test(session, desk, channel_id)
    return desk.go(f"/deliveries/{made}", "A test is on its way; reload to see how it went.")


@router.post("/channels/{channel_id:int}/rename")
@needs(Role.EDITOR, "channels:write")
def rename(desk: CurrentDesk, channel_id: int, label: Text = "") -> Response:
    try:
        with desk.store.write() as session:
            sending.rename(session, desk, sending.mine(session, desk, channel_id), label)
    except InputError as exc:
        return desk.go("/channels", refusal(exc))
    return desk.go("/channels")


@router.post("/channels/{channel_id:int}/switch")
@needs(Role.EDITOR, "channels:write")
def switch(desk: CurrentDesk, channel_id: int) -> Response:
    """Off, or on again; one that waits for its owner's consent or is on the suppression list stays as it is."""
    try:
        with desk.store.write() as session:
            row = sending.mine(session, desk, channel_id)
            sending.switch(session, desk, row, on=row.state != "active")
            said = f"“{row.label}” is {'on' if row.state == 'active' else 'off: nothing is sent there'}."
    except InputError as exc:
        said = refusal(exc)
    return desk.go("/channels", said)


@router.post("/channels/{channel_id:int}/confirm")
@needs(Role.EDITOR, "channels:write")
def ask_again(desk: CurrentDesk, channel_id: int) -> Response:
    """The mail that asks the reader for consent once more, within the limits that keep strangers in peace."""
    try:
        with desk.store.write() as session:
            row = sending.mine(session, desk, channel_id)
            sending.ask_consent(session, desk, row)
            said = f"{row.hint} is asked again to confirm; nothing else is sent there before."
    except InputError as exc:
        said = refusal(exc)
    return desk.go("/channels", said)


# ── subscribers ──────────────────────────────────────────────────────────────────────────────────


@router.get("/subscribers")
@needs(Role.VIEWER)
def subscribers(desk: CurrentDesk) -> Response:
    """Readers of the team's rules with what they wish, and who must not be written to."""
    asked = tables.wanted(desk.request, READERS, "rule", ["consent"])
    of_stopped = tables.wanted(desk.request, SUPPRESSED, "-at", (), "s-")
    with desk.store.read() as session:
        found = browse.readers(session, desk.actor.team_id, asked.of_store())
        all_stopped = browse.suppressed(session, desk.actor.team_id)
    stopped = tables.of_rows("/subscribers", SUPPRESSED, of_stopped, all_stopped, _stopped_cell)
    readers = tables.Table("/subscribers", READERS, asked, found.rows, found.total)
    reader_cell = partial(_reader_cell, desk.now)
    return tables.export(("subscribers", readers, reader_cell), ("suppressed", stopped, _stopped_cell)) or desk.show(
        "channels/subscribers.html", readers=readers, stopped=stopped, consents=browse.CONSENTS
    )


def _reader_cell(now: datetime, row: Reading, key: str) -> Any:
    link = row.link
    times = (("muted until ", link.muted_until), ("snoozed until ", link.snoozed_until))
    wishes = (("", link.own_cadence), ("quiet ", link.own_quiet),
              *((word, until) for word, until in times if until and until > now))  # fmt: skip
    return {
        "rule": row.subscription.name,
        "to": f"{row.channel.label} ({row.channel.kind}: {row.channel.hint})",
        "consent": row.consent,
        "wishes": "; ".join(f"{word}{value}" for word, value in wishes if value),
    }[key]


def _stopped_cell(row: tuple[Suppression, Channel], key: str) -> Any:
    stop, channel = row
    return {"hint": stop.hint or channel.hint, "reason": stop.reason, "at": stop.at, "change": ""}[key]


@router.post("/subscribers/release")
@needs(Role.ADMIN, "admin")
def release(desk: CurrentDesk, fingerprint: Annotated[str, Form(max_length=100)]) -> Response:
    """Off the list of addresses that must not be written to: only with the owner's word."""
    with desk.store.write() as session:
        row = sending.release(session, desk, fingerprint)
        return desk.go("/subscribers", f"{row.hint} may be written to again.")
