# SPDX-License-Identifier: MIT
"""Rules tried by API: preview over stored history, who would be told of an article, type-ahead."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from alerts.console.api import common
from alerts.console.api.common import MISSING, Cursor, Limit
from alerts.console.api.rules import EXAMPLE, RuleIn, checked
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.console.rules import article, changes, fields, preview
from alerts.rhythm import Rhythm, in_words, next_slots, parse_cadence, parse_quiet
from alerts.store import rules
from alerts.store.tables import Subscription
from alerts.subscriptions import Rule, SubscriptionSpec

router = common.router("rules")


class PreviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"rule": EXAMPLE["rule"], "days": 90}})

    rule: dict[str, Any]
    days: int = Field(default=90, ge=1, le=400)
    rule_id: int | None = Field(
        default=None, ge=1, le=common.MAX_ID, description="A stored rule to compare the volume with."
    )
    cadence: str = Field(default="instant", max_length=200)
    quiet: str | None = Field(default=None, max_length=200)
    cap_per_day: int | None = Field(default=None, ge=1, le=10_000)
    priority: list[str] = Field(default_factory=list, max_length=50)


class PreviewStory(BaseModel):
    story: int
    title: str
    outlet: str
    url: str
    seen_at: datetime
    reasons: list[dict[str, Any]] = Field(description="Why it matched, with the mentions in title and summary.")
    failed: str | None = Field(description="Near misses: the condition that failed,")
    instead: str = Field(description="and what the news says there instead.")


class PreviewOut(BaseModel):
    sentence: str
    stories: int = Field(description="Stories that the rule was tried on.")
    matched: int
    missed: int = Field(description="Stories that fail one condition only.")
    stories_a_week: float
    stories_a_week_now: float | None = Field(description="Of the stored rule, where `rule_id` is given.")
    per_week: dict[str, int] = Field(description="Matches in each ISO week, oldest first.")
    failed: dict[str, int] = Field(description="Near misses by the condition that failed.")
    warning: str = Field(description="Where it matched nothing or too much; else empty.")
    rhythm: str
    next_sends: list[datetime]
    matches: list[PreviewStory]
    near: list[PreviewStory]


@router.post("/rules/preview", responses=MISSING, summary="What a rule would have told; nothing is saved")
@needs(Role.VIEWER)
def preview_rule(desk: CurrentDesk, body: PreviewIn) -> PreviewOut:
    times = body.model_dump(include={"rule", "cadence", "quiet", "cap_per_day", "priority"})
    spec = checked(desk, RuleIn(name="preview", state="draft", **times))
    saved = None
    if body.rule_id is not None:
        with desk.store.read() as session:
            saved = Rule.model_validate(changes.mine(session, desk, body.rule_id).spec["rule"])
    seen, rhythm = preview.of_rule(desk, spec.rule, body.days, saved), _rhythm(spec)
    return PreviewOut(
        sentence=seen.sentence, stories=seen.stories, matched=seen.matches, missed=seen.near,
        stories_a_week=round(seen.per_week, 2), warning=seen.warning, failed=dict(seen.failed),
        stories_a_week_now=seen.saved_per_week and round(seen.saved_per_week, 2),
        per_week={week.label: week.stories for week in seen.weeks}, rhythm=in_words(rhythm),
        next_sends=next_slots(rhythm.cadence, desk.now, 6), matches=[_story(s) for s in seen.shown],
        near=[_story(s) for s in seen.nearly],
    )  # fmt: skip


def _rhythm(spec: SubscriptionSpec) -> Rhythm:
    quiet = parse_quiet(spec.quiet) if spec.quiet else None
    priority = frozenset(spec.priority)
    return Rhythm(cadence=parse_cadence(spec.cadence), quiet=quiet, cap_per_day=spec.cap_per_day, priority=priority)


def _story(s: preview.Shown) -> PreviewStory:
    return PreviewStory(
        story=s.story_id, title=s.title, outlet=s.outlet, url=s.url, seen_at=s.seen_at,
        reasons=[r.model_dump(mode="json") for r in s.reasons], failed=s.failed or None, instead=s.instead,
    )  # fmt: skip


class TryIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"text": "EC approves cabozantinib for neuroendocrine tumours\nThe European …"}},
    )

    text: str = Field(
        min_length=1, max_length=100_000, description="An article (title in the first line) or its address."
    )


class Miss(BaseModel):
    field: str
    wanted: str = Field(description="What the rule asks for there, in words.")


Verdict = Literal["told", "silent", "missed"]


class TryOut(BaseModel):
    rule: int
    name: str
    state: str
    verdict: Verdict = Field(description="silent: met, but draft or paused")
    reasons: list[dict[str, Any]]
    failed: list[Miss]


class TryPage(BaseModel):
    items: list[TryOut]
    next: str | None


OnlyWith = Annotated[Verdict | None, Query(description="Only rules with this verdict.")]


@router.post("/rules/try", summary="Who would be told of an article, who not, and why")
@needs(Role.VIEWER)
def try_article(
    desk: CurrentDesk, body: TryIn, limit: Limit = 50, cursor: Cursor = None, verdict: OnlyWith = None
) -> TryPage:
    """Every rule of the team, the newest first."""
    with desk.store.read() as session:
        asked = common.after(rules.all_of(session, desk.actor.team_id), cursor)
    item = article.pasted(body.text, desk.settings)
    _, made = article.tried(item, asked)
    wanted = sorted((t for t in made if verdict in {None, t.verdict}), key=lambda t: -t.subscription_id)
    rows = {row.id: row for row in asked}
    page = common.page_of(wanted[: limit + 1], limit, lambda t: _tried(t, rows[t.subscription_id]), _number_of)
    return TryPage.model_validate(page)


def _number_of(told: article.Told) -> int:
    return told.subscription_id


def _tried(told: article.Told, rule: Subscription) -> TryOut:
    return TryOut.model_validate(
        {"rule": rule.id, "name": told.name, "state": told.state, "verdict": told.verdict,
         "reasons": [r.model_dump(mode="json") for r in told.found.reasons],
         "failed": [{"field": f, "wanted": article.wanted(rule, f)} for f in told.found.failed]}
    )  # fmt: skip


class SuggestionOut(BaseModel):
    value: str = Field(description="What goes into the rule.")
    name: str
    note: str = Field(description="The synonym that was hit, what is below, what kind it is.")


FieldName = Literal["drugs", "indications", "events", "regulators", "biomarkers", "settings", "text", "sources"]
Typed = Annotated[str, Query(max_length=fields.MAX_CHARS, description="What was typed so far.")]


@router.get("/rules/suggest", summary="Type-ahead: what can stand in a field of a rule")
@needs(Role.VIEWER)
def suggest_values(
    desk: CurrentDesk, field: FieldName, q: Typed = "", limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> list[SuggestionOut]:
    """The best that fit, at most 50 and no further page: type on. All of them: `/vocabulary` (concepts), `/feeds` (sources)."""
    with desk.store.read() as session:
        found = fields.suggest(field, q, lambda words, most: rules.feed_titles(session, words, most), limit)
    return [SuggestionOut(**s._asdict()) for s in found]
