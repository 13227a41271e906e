# SPDX-License-Identifier: MIT
"""Stories and feeds by API."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit, Words
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.errors import InputError
from alerts.feeds import ListedFeed, Schedule, first_poll_s
from alerts.model import EventType, SourceTier
from alerts.net import Guard
from alerts.store import browse, feeds
from alerts.store.browse import StoryView
from alerts.store.tables import Feed, Story

router = common.router("news")


class StoryOut(BaseModel):
    id: int
    headline: str
    event: str
    event_date: date | None
    facts: dict[str, Any] = Field(
        description="Canonical facts: ids of the vocabulary, event, regulator, setting, trials."
    )
    revision: int
    follows: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    silent_reason: str | None = Field(description="Why nobody was told: first_import, too_old, …; null if it was news.")


class StoryPage(BaseModel):
    items: list[StoryOut]
    next: str | None


class Source(BaseModel):
    item: int
    outlet: str
    title: str
    url: str
    published_at: datetime | None
    first_seen_at: datetime
    lead: bool
    decision: str
    reason: str = Field(description="Why the item is in this story.")


class ToldRule(BaseModel):
    rule: int
    name: str
    kind: str
    matched_at: datetime
    reasons: list[Any]


class StoryDetail(StoryOut):
    sources: list[Source]
    updates: list[int] = Field(description="Stories that follow this one.")
    told: list[ToldRule] = Field(description="Rules of your team that it met.")


def _story(row: Story) -> dict[str, Any]:
    return {
        "id": row.id, "headline": row.headline, "event": row.event, "event_date": row.event_date, "facts": row.facts,
        "revision": row.revision, "follows": row.follows_id, "first_seen_at": row.first_seen_at,
        "last_seen_at": row.last_seen_at, "silent_reason": row.silent_reason,
    }  # fmt: skip


Event = Annotated[EventType | None, Query(description="Only stories of this event.")]
Concept = Annotated[
    str, Query(max_length=100, description="Only stories whose facts name this id, e.g. drug:cabozantinib.")
]


@router.get("/stories", summary="Stories, newest first")
@needs(Role.VIEWER)
def list_stories(
    desk: CurrentDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Words = "",
    event: Event = None,
    concept: Concept = "",
) -> StoryPage:
    asked = common.asked(cursor, limit, q, event=event.value if event else "", concept=concept)
    with desk.store.read() as session:
        found = browse.stories(session, asked)
    page = common.page_of(found.rows, limit, lambda r: StoryOut.model_validate(_story(r.story)), lambda r: r.story.id)
    return StoryPage.model_validate(page)


@router.get("/stories/{story_id}", responses=MISSING, summary="A story with its sources, updates and who was told")
@needs(Role.VIEWER)
def read_story(desk: CurrentDesk, story_id: Id) -> StoryDetail:
    with desk.store.read() as session:
        found = browse.story(session, story_id)
        if found is None:
            raise not_found("story")
        told = browse.told(session, story_id, desk.actor.team_id)
    rules = [
        ToldRule(rule=m.subscription_id, name=s.name, kind=m.kind, matched_at=m.matched_at, reasons=m.reasons)
        for m, s in told
    ]
    return StoryDetail(
        **_story(found.story), sources=_sources(found), updates=[s.id or 0 for s in found.after], told=rules
    )


def _sources(found: StoryView) -> list[Source]:
    return [
        Source(
            item=m.link.item_id, outlet=m.outlet, title=m.item.title, url=m.item.url, published_at=m.item.published_at,
            first_seen_at=m.item.first_seen_at, lead=m.item.id == found.story.lead_item_id, decision=m.link.decision,
            reason=m.link.reason_text,
        )
        for m in found.members
    ]  # fmt: skip


class FeedbackIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "a vaccine trial, not oncology"}})

    note: str = Field(default="", max_length=500)


class FeedbackOut(BaseModel):
    id: int
    story: int
    verdict: str
    note: str
    author: str
    at: datetime


@router.post(
    "/stories/{story_id}/not-relevant", status_code=201, response_model=FeedbackOut, responses={**MISSING, **CONFLICT},
    summary="Say that a story should not have been told",
)  # fmt: skip
@needs(Role.EDITOR, "stories:write")
def not_relevant(desk: CurrentDesk, story_id: Id, body: FeedbackIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> FeedbackOut:
        if session.get(Story, story_id) is None:
            raise not_found("story")
        row = browse.add_feedback(session, story_id, desk.actor.team_id, body.note, desk.actor.name, desk.now)
        desk.audit(session, "story_not_relevant", f"story {story_id}", note=body.note)
        return FeedbackOut(
            id=row.id or 0, story=story_id, verdict=row.verdict, note=row.note, author=row.author, at=row.at
        )

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


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


@router.get("/feeds", summary="Feeds, newest first")
@needs(Role.VIEWER)
def list_feeds(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, q: Words = "") -> FeedPage:
    with desk.store.read() as session:
        found = browse.feeds(session, common.asked(cursor, limit, q))
    return FeedPage.model_validate(common.page_of(found.rows, limit, _feed, lambda row: row.id))


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
    "/feeds", status_code=201, response_model=FeedOut, responses=CONFLICT, summary="Add a feed; it is polled soon"
)
@needs(Role.EDITOR, "feeds:write")
def add_feed(desk: CurrentDesk, body: FeedIn, idempotency_key: IdempotencyKey = None) -> Response:
    Guard(desk.settings.fetch_allow).check_url(body.url)

    def make(session: Session) -> FeedOut:
        schedule = Schedule(desk.settings.min_interval_s, desk.settings.minute_s)
        due = desk.now + timedelta(seconds=first_poll_s(body.url, schedule))
        made = feeds.add(session, ListedFeed(body.url, body.title, body.tier), due, desk.now)
        if made is None:
            raise InputError("feed_exists", "This feed is there already.")
        desk.audit(session, "feed_added", f"feed {body.url}", by="api")
        return _feed(session.get_one(Feed, made))

    return common.once(desk, idempotency_key, body.model_dump_json(), make)
