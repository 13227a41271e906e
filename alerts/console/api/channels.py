# SPDX-License-Identifier: MIT
"""Channels, their readers, and the addresses that must not be written to, by API."""

import json
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import sending
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit, Words
from alerts.console.api.deliveries import DeliveryDetail, detail
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.model import ChannelKind
from alerts.store import browse
from alerts.store.browse import Asked, Reading
from alerts.store.tables import Channel

router = common.router("channels")


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


State = Literal["active", "unverified", "disabled", "suppressed"]
StateFilter = Annotated[State | None, Query(description="Only channels in this state.")]
KindFilter = Annotated[ChannelKind | None, Query(description="Only channels of this kind.")]


@router.get("/channels", summary="Channels of the team, newest first")
@needs(Role.VIEWER)
def list_channels(
    desk: CurrentDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Words = "",
    state: StateFilter = None,
    kind: KindFilter = None,
) -> ChannelPage:
    asked = common.asked(cursor, limit, q, state=state or "", kind=kind.value if kind else "")
    with desk.store.read() as session:
        found = browse.channels(session, desk.actor.team_id, asked)
    return ChannelPage.model_validate(common.page_of(found.rows, limit, _channel, lambda row: row.id))


@router.get("/channels/{channel_id}", responses=MISSING, summary="One channel")
@needs(Role.VIEWER)
def read_channel(desk: CurrentDesk, channel_id: Id) -> ChannelOut:
    with desk.store.read() as session:
        return _channel(sending.mine(session, desk, channel_id))


class ChannelChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"label": "Medical affairs", "on": True}})

    label: str | None = Field(default=None, min_length=1, max_length=100)
    on: bool | None = Field(default=None, description="Off: nothing is sent there.")


@router.patch(
    "/channels/{channel_id}", responses={**MISSING, **CONFLICT}, summary="Rename a channel, switch it off or on"
)
@needs(Role.EDITOR, "channels:write")
def change_channel(desk: CurrentDesk, channel_id: Id, body: ChannelChange) -> ChannelOut:
    with desk.store.write() as session:
        row = sending.mine(session, desk, channel_id)
        if body.label is not None:
            sending.rename(session, desk, row, body.label)
        if body.on is not None:
            sending.switch(session, desk, row, on=body.on)
        return _channel(row)


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
        return detail(found)

    return common.once(desk, idempotency_key, "", make, 202)


@router.post(
    "/channels/{channel_id}/confirm", status_code=202, response_model=ChannelOut, responses={**MISSING, **CONFLICT},
    summary="Ask a mail address for its consent once more",
)  # fmt: skip
@needs(Role.EDITOR, "channels:write")
def ask_consent(desk: CurrentDesk, channel_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> ChannelOut:
        row = sending.mine(session, desk, channel_id)
        sending.ask_consent(session, desk, row)
        return _channel(row)

    return common.once(desk, idempotency_key, "", make, 202)


# ── readers, and who must not be written to ──────────────────────────────────────────────────────


class ReaderOut(BaseModel):
    rule: int
    rule_name: str
    channel: int
    label: str
    kind: str
    hint: str
    consent: str = Field(description=" · ".join(browse.CONSENTS))
    left_at: datetime | None
    paused: bool
    own_cadence: str | None
    own_quiet: str | None
    muted_until: datetime | None
    snoozed_until: datetime | None


class ReaderPage(BaseModel):
    items: list[ReaderOut]
    next: str | None


def _reader(row: Reading) -> ReaderOut:
    link, channel = row.link, row.channel
    return ReaderOut(
        rule=link.subscription_id, rule_name=row.subscription.name, channel=link.channel_id, label=channel.label,
        kind=channel.kind, hint=channel.hint, consent=row.consent, left_at=link.left_at, paused=link.paused,
        own_cadence=link.own_cadence, own_quiet=link.own_quiet, muted_until=link.muted_until,
        snoozed_until=link.snoozed_until,
    )  # fmt: skip


Consent = Annotated[str, Query(max_length=40, description=f"Only readers who are: {', '.join(browse.CONSENTS)}.")]


@router.get("/subscribers", summary="Readers of the team's rules, with their consent and what they wish")
@needs(Role.VIEWER)
def list_readers(
    desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "", consent: Consent = ""
) -> ReaderPage:
    asked = Asked(q=q, limit=limit + 1, descending=False, filters={"consent": consent}, counted=False)
    after = common.pair(cursor) if cursor else None
    with desk.store.read() as session:
        found = browse.readers(session, desk.actor.team_id, asked, after)
    page = common.page_of(found.rows, limit, _reader, lambda row: f"{row.link.subscription_id},{row.link.channel_id}")
    return ReaderPage.model_validate(page)


class SuppressionOut(BaseModel):
    fingerprint: str = Field(description="Keyed hash of the address.")
    hint: str
    reason: str
    at: datetime


class SuppressionPage(BaseModel):
    items: list[SuppressionOut]
    next: str | None


@router.get("/suppressions", summary="Addresses of the team that must not be written to")
@needs(Role.VIEWER)
def list_suppressions(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None) -> SuppressionPage:
    with desk.store.read() as session:
        found = [
            SuppressionOut(fingerprint=s.fingerprint, hint=s.hint or c.hint, reason=s.reason, at=s.at)
            for s, c in browse.suppressed(session, desk.actor.team_id)
        ]
    page = common.part_of(found, cursor, limit, lambda s: s, lambda s: s.fingerprint)
    return SuppressionPage.model_validate(page)


Fingerprint = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.delete(
    "/suppressions/{fingerprint}", status_code=204, responses=MISSING,
    summary="Write to an address again: only with its owner's word",
)  # fmt: skip
@needs(Role.ADMIN, "admin")
def release_address(desk: CurrentDesk, fingerprint: Fingerprint) -> None:
    with desk.store.write() as session:
        sending.release(session, desk, fingerprint)
