# SPDX-License-Identifier: MIT
"""Feeds by API: health, last polls, add with discovery and check, change, pause, poll soon, OPML out and in."""

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import feedlist
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, FileBytes, Id, IdempotencyKey, Limit, Words
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.feeds import ListedFeed
from alerts.model import SourceTier
from alerts.store import browse
from alerts.store.tables import Feed

router = common.router("feeds")


class FeedOut(BaseModel):
    id: int
    url: str
    title: str
    tier: str
    enabled: bool
    state: str
    state_reason: str
    last_error_code: str | None
    last_polled_at: datetime | None
    last_ok_at: datetime | None
    last_new_item_at: datetime | None
    next_poll_at: datetime


class FeedPage(BaseModel):
    items: list[FeedOut]
    next: str | None


def _feed(row: Feed) -> FeedOut:
    return FeedOut.model_validate(row, from_attributes=True)


class Poll(BaseModel):
    at: datetime
    status: int | None
    duration_ms: int
    wire_bytes: int
    new_count: int
    updated_count: int
    error_code: str | None
    error_text: str | None


class FeedDetail(FeedOut):
    polls: list[Poll] = Field(description="The last 50, oldest first.")


State = Annotated[
    Literal["ok", "failing", "blocked", "silent", "moved", "gone", "paused", "removed"] | None,
    Query(description="Only feeds in this state."),
]
Tier = Annotated[SourceTier | None, Query(description="Only feeds of this kind.")]


@router.get("/feeds", summary="Feeds, newest first")
@needs(Role.VIEWER)
def list_feeds(
    desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "", state: State = None, tier: Tier = None
) -> FeedPage:
    asked = common.asked(cursor, limit, q, state=state or "", tier=tier.value if tier else "")
    with desk.store.read() as session:
        found = browse.feeds(session, asked)
    return FeedPage.model_validate(common.page_of(found.rows, limit, _feed, lambda row: row.id))


@router.get("/feeds/{feed_id}", responses=MISSING, summary="A feed with its last polls")
@needs(Role.VIEWER)
def read_feed(desk: CurrentDesk, feed_id: Id) -> FeedDetail:
    with desk.store.read() as session:
        row = feedlist.one(session, feed_id)
        polls = browse.feed_attempts(session, [feed_id], 50)[feed_id]
    made = [Poll.model_validate(p, from_attributes=True) for p in polls]
    return FeedDetail(**_feed(row).model_dump(), polls=made)


class FeedIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"url": "https://www.example.org/news.rss", "title": "Example", "tier": "company"}
        },
    )

    url: str = Field(min_length=8, max_length=2000)
    title: str = Field(default="", max_length=200)
    tier: SourceTier = SourceTier.UNKNOWN


@router.post(
    "/feeds", status_code=201, response_model=FeedOut, responses=CONFLICT,
    summary="Add a feed; it is polled soon, and its first poll only notes what it holds",
)  # fmt: skip
@needs(Role.EDITOR, "feeds:write")
def add_feed(desk: CurrentDesk, body: FeedIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> FeedOut:
        return _feed(feedlist.add_one(session, desk, ListedFeed(body.url, body.title, body.tier)))

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


class CheckIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"url": "https://www.example.org/news"}})

    url: str = Field(min_length=3, max_length=2000)


class Entry(BaseModel):
    title: str
    link: str
    published: datetime | None


class Named(BaseModel):
    url: str
    title: str


class CheckOut(BaseModel):
    url: str
    final_url: str
    status: int | None
    kind: str = Field(description="What stands there: rss, atom, json, page …; empty where nothing could be read.")
    title: str
    entry_count: int
    entries: list[Entry] = Field(description="The newest of them.")
    feeds: list[Named] = Field(description="Feeds that the page names.")
    error_code: str | None
    error_text: str | None


@router.post("/feeds/check", summary="What stands at an address: a feed, or a page and its feeds; nothing is stored")
@needs(Role.EDITOR, "feeds:write")
def check_feed(desk: CurrentDesk, body: CheckIn) -> CheckOut:
    return CheckOut.model_validate(feedlist.looked_at(desk, body.url), from_attributes=True)


class FeedChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"title": "Example", "enabled": False}})

    title: str | None = Field(default=None, max_length=200)
    tier: SourceTier | None = None
    enabled: bool | None = Field(default=None, description="false: not polled any more; its items stay.")


@router.patch("/feeds/{feed_id}", responses=MISSING, summary="Name a feed, say its kind, pause or resume it")
@needs(Role.EDITOR, "feeds:write")
def change_feed(desk: CurrentDesk, feed_id: Id, body: FeedChange) -> FeedOut:
    with desk.store.write() as session:
        row = feedlist.one(session, feed_id)
        if body.title is not None or body.tier is not None:
            title = row.title if body.title is None else body.title
            feedlist.describe(session, desk, row, title, body.tier or SourceTier(row.tier))
        if body.enabled is not None:
            feedlist.switch(session, desk, row, on=body.enabled)
        return _feed(row)


@router.post(
    "/feeds/{feed_id}/poll", status_code=202, response_model=FeedOut, responses={**MISSING, **CONFLICT},
    summary="Poll with the next sweep, unless that was done a moment ago",
)  # fmt: skip
@needs(Role.EDITOR, "feeds:write")
def poll_feed(desk: CurrentDesk, feed_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> FeedOut:
        row = feedlist.one(session, feed_id)
        feedlist.poll_soon(session, desk, row)
        session.refresh(row)
        return _feed(row)

    return common.once(desk, idempotency_key, "", make, 202)


# ── OPML ─────────────────────────────────────────────────────────────────────────────────────────

OPML = "application/xml"
SAMPLE = """<opml version="2.0"><body>
<outline type="rss" text="Example" xmlUrl="https://www.example.org/news.rss" category="company"/>
</body></opml>"""
TEXT: common.Schema = {"type": "string"}


@router.get(
    "/feeds.opml", response_class=Response, responses=common.file_answer(OPML, TEXT, "An OPML file", SAMPLE),
    summary="All feeds as OPML",
)  # fmt: skip
@needs(Role.VIEWER)
def read_opml(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        return Response(feedlist.as_opml(session), media_type=OPML)


class Imported(BaseModel):
    added: list[str]
    known: list[str]
    refused: list[str] = Field(description="Addresses that may not be fetched, each with why.")


@router.post(
    "/feeds.opml", response_model=Imported, responses=CONFLICT, openapi_extra=common.file_body(OPML, TEXT, SAMPLE),
    summary="Add every feed of an OPML file whose address may be fetched",
)  # fmt: skip
@needs(Role.EDITOR, "feeds:write")
def import_opml(desk: CurrentDesk, body: FileBytes, idempotency_key: IdempotencyKey = None) -> Response:
    listed = feedlist.opened(body)

    def make(session: Session) -> Imported:
        done = feedlist.add(session, desk, listed)
        return Imported(added=done.new, known=done.known, refused=done.refused)

    return common.once(desk, idempotency_key, hashlib.sha256(body).hexdigest(), make, 200)
