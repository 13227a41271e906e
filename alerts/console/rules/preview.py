# SPDX-License-Identifier: MIT
"""What a rule would have told: numbers over stored history, the newest matches with their evidence, near misses with the
one condition that failed, the next sends, and a word of warning where one is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session

from alerts.console.desk import Desk
from alerts.console.rules.form import RuleForm, cadence_text, rule_of
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import EventType, Facts, Match, MatchReason, Mention
from alerts.rhythm import Rhythm, in_words, next_slots, parse_cadence, parse_quiet
from alerts.store import items
from alerts.store.items import StoredItem
from alerts.subscriptions import Found, Preview, Rule, match
from alerts.subscriptions.sentence import sentence

SHOWN = 20
NEAR_SHOWN = 10
TOO_MANY_PER_WEEK = 50
WINDOWS = (30, 90, 365)
FIELD_WORDS = {
    "drugs": "drug", "indications": "cancer", "events": "event", "regulators": "regulator", "biomarkers": "biomarker",
    "settings": "setting", "text": "words in the text", "sources": "source",
}  # fmt: skip


class Shown(NamedTuple):
    """A story of the preview, told by the item that met (or just missed) the rule."""

    story_id: int
    title: str
    summary: str
    url: str
    outlet: str
    seen_at: datetime
    reasons: tuple[MatchReason, ...]
    mentions: tuple[Mention, ...]
    failed: str  # near miss: the field whose condition failed,
    instead: str  # and what the claim holds there

    @property
    def failed_words(self) -> str:
        return FIELD_WORDS.get(self.failed, self.failed)


class Week(NamedTuple):
    label: str
    stories: int
    height: int  # of its bar, 0 to 40


class View(NamedTuple):
    """All that the preview shows."""

    sentence: str
    stories: int
    matches: int
    near: int
    days: int
    per_week: float
    weeks: list[Week]
    shown: list[Shown]
    nearly: list[Shown]
    failed: list[tuple[str, int]]  # near misses by the field whose condition failed
    warning: str
    saved_per_week: float | None  # of the rule as it is stored now

    @property
    def failed_words(self) -> list[tuple[str, int]]:
        return [(FIELD_WORDS[field], stories) for field, stories in self.failed]


def view(desk: Desk, form: RuleForm, days: int, saved: Rule | None = None) -> View | None:
    """None while the form says nothing that could be tried."""
    return None if form.empty else of_rule(desk, rule_of(form), days, saved)


def of_rule(desk: Desk, rule: Rule, days: int, saved: Rule | None = None) -> View:
    """The rule tried on the stories of so many days; `saved`: as it is stored now, to compare the volume."""
    since = desk.now - timedelta(days=days)
    history = desk.request.app.state.history()
    found: Preview = history.preview(rule, since)
    span = _span_days(history.oldest, desk.now, days)
    before = history.preview(saved, since) if saved is not None and saved != rule else None
    with desk.store.read() as session:
        shown = newest(session, rule, found.matches, SHOWN)
        nearly = newest(session, rule, found.near, NEAR_SHOWN)
    per_week = len(found.matches) * 7 / span
    failed = sorted(found.failed.items(), key=lambda pair: -pair[1])
    return View(
        sentence=sentence(rule, concepts()),
        stories=found.stories,
        matches=len(found.matches),
        near=len(found.near),
        days=days,
        per_week=per_week,
        weeks=weeks(found.per_week, desk.now, span),
        shown=shown,
        nearly=nearly,
        failed=failed,
        warning=warning(len(found.matches), per_week, days, found.stories),
        saved_per_week=len(before.matches) * 7 / span if before is not None else None,
    )


def _span_days(oldest: datetime | None, now: datetime, days: int) -> float:
    """How many days of the window the store really covers; at least a week, so that one day is not taken times seven."""
    covered = (now - oldest).total_seconds() / 86400 if oldest else days
    return max(7.0, min(float(days), covered))


def warning(matches: int, per_week: float, days: int, stories: int) -> str:
    """What somebody should know before saving; empty if nothing."""
    if not stories:
        return "There are no stories yet to try it on. The rule can be saved; it will look at what comes in."
    if not matches:
        return f"Nothing in the last {days} days met this rule. If that is a surprise, look at the near misses."
    if per_week > TOO_MANY_PER_WEEK:
        return (
            f"That is about {per_week:.0f} a week. Narrow it by cancer, event or regulator, or choose a digest, "
            "or people will stop reading."
        )
    return ""


def weeks(counted: Mapping[str, int], now: datetime, span_days: float) -> list[Week]:
    """One bar for each week of the window, oldest first, empty weeks included."""
    number = min(52, max(13, round(span_days / 7)))
    labels = []
    for back in range(number - 1, -1, -1):
        year, week, _ = (now - timedelta(weeks=back)).isocalendar()
        labels.append(f"{year}-W{week:02}")
    top = max([counted.get(label, 0) for label in labels] or [0]) or 1
    return [Week(label, n := counted.get(label, 0), round(40 * n / top)) for label in labels]


def newest(session: Session, rule: Rule, found: Sequence[Found], limit: int) -> list[Shown]:
    """The newest of them with their reasons and marked mentions; without those that were pruned meanwhile."""
    wanted = found[:limit]
    loaded = {item.id: item for item in items.load(session, [f.item_id for f in wanted])}
    facts = items.facts_of_all(session, list(loaded.values()))
    return [_shown(rule, f, loaded[f.item_id], facts[f.item_id]) for f in wanted if f.item_id in loaded]


def _shown(rule: Rule, found: Found, item: StoredItem, facts: Facts) -> Shown:
    made: Match = match(rule, item.news, facts, concepts())
    mentions = tuple(m for reason in made.reasons for m in reason.mentions)
    failed = found.failed or ""
    return Shown(
        story_id=found.story_id,
        title=item.news.title,
        summary=item.news.summary,
        url=item.news.link,
        outlet=item.news.source,
        seen_at=found.seen_at,
        reasons=made.reasons,
        mentions=mentions,
        failed=failed,
        instead=instead(failed, facts, made.claim) if failed else "",
    )


def instead(field: str, facts: Facts, claim_number: int | None) -> str:
    """What the nearest claim says in the field that failed, in words."""
    if claim_number is None or claim_number >= len(facts.claims):
        return "nothing"
    claim = facts.claims[claim_number]
    held: Sequence[Any]
    if field == "events":
        return "" if claim.event is EventType.UNKNOWN else claim.event.value.replace("_", " ")
    if field == "regulators":
        held = [claim.regulator] if claim.regulator else []
    elif field == "settings":
        held = [s for s in (claim.setting, facts.setting.line, facts.setting.stage, facts.setting.population) if s]
    else:
        held = getattr(claim, field, ())
    names = [ref.name if (ref := concepts().get(str(h))) else str(h) for h in held]
    return ", ".join(dict.fromkeys(names)) or "nothing"


# ── when it would be told ────────────────────────────────────────────────────────────────────────


class Sends(NamedTuple):
    """The rhythm in words and its next six moments, in the reader's zone."""

    words: str
    moments: list[str]
    fault: str


def sends(form: RuleForm, now: datetime) -> Sends:
    """What the chosen rhythm means."""
    try:
        cadence = parse_cadence(cadence_text(form))
        quiet = (
            parse_quiet(f"{form.quiet_from}-{form.quiet_to} {form.zone}") if form.quiet_from or form.quiet_to else None
        )
        cap = int(form.cap_per_day) if form.cap_per_day.isascii() and form.cap_per_day.isdigit() else None
        events = frozenset(EventType(p) for p in form.priority if p in set(EventType))
    except InputError as exc:
        return Sends("", [], exc.message)
    rhythm = Rhythm(cadence=cadence, quiet=quiet, cap_per_day=cap, priority=events)
    zone = ZoneInfo(rhythm.zone)
    moments = [f"{m.astimezone(zone):%a %d %b %Y, %H:%M}" for m in next_slots(cadence, now, 6)]
    return Sends(in_words(rhythm), moments, "")
