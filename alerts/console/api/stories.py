# SPDX-License-Identifier: MIT
"""Stories by API: search, one with marked evidence, why told or not, split, merge, feedback."""

from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import curating, whynot
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit, Words
from alerts.console.desk import CurrentDesk, Desk, not_found
from alerts.console.roles import Role, needs
from alerts.model import EventType
from alerts.store import browse, items, rules
from alerts.store.browse import StoryView
from alerts.store.tables import Story, StoryFeedback

router = common.router("stories")


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
    summary: str
    url: str
    published_at: datetime | None
    first_seen_at: datetime
    lead: bool
    decision: str
    reason: str = Field(description="Why the item is in this story.")
    facts: dict[str, Any] = Field(description="What the reader took from it, with `mentions`: field, start and end.")


class ToldRule(BaseModel):
    rule: int
    name: str
    kind: str
    matched_at: datetime
    reasons: list[Any]


class FeedbackOut(BaseModel):
    id: int
    story: int
    verdict: str
    note: str
    author: str
    at: datetime


class Step(BaseModel):
    story: int
    headline: str
    step: str = Field(description="What became of the story before: full approval, corrected, …")
    first_seen_at: datetime


class StoryDetail(StoryOut):
    sources: list[Source]
    updates: list[int] = Field(description="Stories that follow this one.")
    timeline: list[Step] = Field(description="The chain of updates that it is part of, oldest first.")
    told: list[ToldRule] = Field(description="Rules of your team that it met.")
    remarks: list[FeedbackOut] = Field(description="What your team said of it.")


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


Regulator = Annotated[str, Query(max_length=100, description="Only stories decided by this body, e.g. org:FDA.")]


@router.get("/stories", summary="Stories, newest first")
@needs(Role.VIEWER)
def list_stories(
    desk: CurrentDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Words = "",
    event: Event = None,
    concept: Concept = "",
    regulator: Regulator = "",
) -> StoryPage:
    facets = {"event": event.value if event else "", "concept": concept, "regulator": regulator}
    with desk.store.read() as session:
        found = browse.stories(session, common.asked(cursor, limit, q, **facets))
    page = common.page_of(found.rows, limit, lambda r: StoryOut.model_validate(_story(r.story)), lambda r: r.story.id)
    return StoryPage.model_validate(page)


@router.get("/stories/{story_id}", responses=MISSING, summary="A story with its sources, updates and who was told")
@needs(Role.VIEWER)
def read_story(desk: CurrentDesk, story_id: Id) -> StoryDetail:
    with desk.store.read() as session:
        return _detail(session, desk, story_id)


def _detail(session: Session, desk: Desk, story_id: int) -> StoryDetail:
    found = browse.story(session, story_id)
    if found is None:
        raise not_found("story")
    team = desk.actor.team_id
    told = [
        ToldRule(rule=m.subscription_id, name=s.name, kind=m.kind, matched_at=m.matched_at, reasons=m.reasons)
        for m, s in browse.told(session, story_id, team)
    ]
    steps = [
        Step(story=s.id or 0, headline=s.headline, step=s.follows_step, first_seen_at=s.first_seen_at)
        for s in browse.timeline(session, found.story)
    ]
    return StoryDetail(
        **_story(found.story), sources=_sources(session, found), updates=[s.id or 0 for s in found.after],
        timeline=steps, told=told, remarks=[_remark(r) for r in browse.feedback(session, story_id, team)],
    )  # fmt: skip


def _sources(session: Session, found: StoryView) -> list[Source]:
    loaded = {i.id: i for i in items.load(session, [m.link.item_id for m in found.members])}
    read = items.facts_of_all(session, list(loaded.values()))
    return [
        Source(
            item=m.link.item_id, outlet=m.outlet, title=m.item.title, url=m.item.url, published_at=m.item.published_at,
            first_seen_at=m.item.first_seen_at, lead=m.item.id == found.story.lead_item_id, decision=m.link.decision,
            reason=m.link.reason_text, summary=loaded[m.link.item_id].news.summary,
            facts=read[m.link.item_id].model_dump(mode="json", exclude_defaults=True),
        )
        for m in found.members
    ]  # fmt: skip


def _remark(row: StoryFeedback) -> FeedbackOut:
    return FeedbackOut(
        id=row.id or 0, story=row.story_id, verdict=row.verdict, note=row.note, author=row.author, at=row.at
    )


class Failed(BaseModel):
    field: str
    wanted: str
    found: str = Field(description="What the nearest claim says there.")


Answered = Literal["told", "waits", "unsure", "left_out", "silent", "not_then", "missed"]


class WhyOut(BaseModel):
    rule: int
    name: str
    code: Answered
    words: str
    failed: list[Failed]
    deliveries: list[int]


class WhyPage(BaseModel):
    items: list[WhyOut]
    next: str | None


OnlyWith = Annotated[Answered | None, Query(description="Only rules with this answer.")]


@router.get("/stories/{story_id}/why", responses=MISSING, summary="Every rule of the team: told of it or not, and why")
@needs(Role.VIEWER)
def why_told(
    desk: CurrentDesk, story_id: Id, limit: Limit = 50, cursor: Cursor = None, code: OnlyWith = None
) -> WhyPage:
    """The newest rule first."""
    with desk.store.read() as session:
        found = browse.story(session, story_id)
        if found is None:
            raise not_found("story")
        asked = common.after(rules.all_of(session, desk.actor.team_id), cursor)
        made = whynot.each(session, found.story, desk.actor.team_id, asked)
        wanted = list(islice((a for a in made if code in {None, a.code}), limit + 1))
    return WhyPage.model_validate(common.page_of(wanted, limit, _why, lambda a: a.rule.id))


def _why(answer: whynot.Answer) -> WhyOut:
    return WhyOut.model_validate(
        {"rule": answer.rule.id, "name": answer.rule.name, "code": answer.code, "words": answer.words,
         "failed": [f._asdict() for f in answer.failed], "deliveries": [line.delivery.id for line in answer.sent]}
    )  # fmt: skip


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────


class FeedbackIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "a vaccine trial, not oncology"}})

    note: str = Field(default="", max_length=500)


@router.post(
    "/stories/{story_id}/not-relevant", status_code=201, response_model=FeedbackOut, responses={**MISSING, **CONFLICT},
    summary="Say that a story should not have been told",
)  # fmt: skip
@needs(Role.EDITOR, "stories:write")
def not_relevant(desk: CurrentDesk, story_id: Id, body: FeedbackIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> FeedbackOut:
        return _remark(curating.not_relevant(session, desk, story_id, body.note))

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


class SplitIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"item": 17, "tell": False}})

    item: int = Field(ge=1, le=common.MAX_ID, description="The source that leaves the story.")
    tell: bool = Field(default=False, description="Tell the new story to whom it concerns; else nobody is told.")


@router.post(
    "/stories/{story_id}/split", status_code=201, response_model=StoryDetail, responses={**MISSING, **CONFLICT},
    summary="A source leaves the story for one of its own, which is the answer",
)  # fmt: skip
@needs(Role.EDITOR, "stories:write")
def split_story(desk: CurrentDesk, story_id: Id, body: SplitIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> StoryDetail:
        return _detail(session, desk, curating.split(session, desk, story_id, body.item, tell=body.tell))

    return common.once(desk, idempotency_key, body.model_dump_json(), make)


class MergeIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"into": 12}})

    into: int = Field(ge=1, le=common.MAX_ID, description="The story that takes all sources; nobody is told by it.")


@router.post(
    "/stories/{story_id}/merge", status_code=200, response_model=StoryDetail, responses={**MISSING, **CONFLICT},
    summary="All sources move into another story, which is the answer",
)  # fmt: skip
@needs(Role.EDITOR, "stories:write")
def merge_story(desk: CurrentDesk, story_id: Id, body: MergeIn, idempotency_key: IdempotencyKey = None) -> Response:
    def make(session: Session) -> StoryDetail:
        curating.merge(session, desk, story_id, body.into)
        return _detail(session, desk, body.into)

    return common.once(desk, idempotency_key, body.model_dump_json(), make, 200)
