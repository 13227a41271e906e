# SPDX-License-Identifier: MIT
"""Stories: search with facets, a story with marked evidence, its sources and timeline, split and merge, feedback."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from alerts.console import curating, tables, whynot
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, name, not_found
from alerts.console.roles import Role, needs
from alerts.console.rules.preview import FIELD_WORDS
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.lookup import lookup
from alerts.model import EventType, Facts, Mention
from alerts.pipeline import curation
from alerts.store import browse, items
from alerts.store.browse import Asked, StoryLine

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/stories")
COLUMNS = (
    tables.Column("headline", "Story"),
    tables.Column("event", "Event"),
    tables.Column("facts", "Drug and cancer", sortable=False),
    tables.Column("seen", "Seen"),
    tables.Column("reported_by", "Reported by", sortable=False, only="file"),  # under the headline on the page
)
WHY = (
    tables.Column("rule", "Rule"),
    tables.Column("told", "Told?"),
    tables.Column("why", "Why"),
)
TOLD = {"told": "told", "waits": "waits", "unsure": "unknown", "left_out": "not told"}
REGULATORS = ("org:FDA", "org:EC", "org:EMA", "org:MHRA", "org:NMPA", "org:PMDA", "org:NICE")


@router.get("")
@needs(Role.VIEWER)
def story_list(desk: CurrentDesk) -> Response:
    asked = tables.wanted(desk.request, COLUMNS, "-seen", ["event", "regulator", "concept"])
    filters, unknown = dict(asked.filters), ""
    if filters["concept"]:
        ref = lookup().exact(("drug", "indication", "biomarker"), filters["concept"])
        filters["concept"] = ref.id if ref else filters["concept"]
        unknown = "" if ref else f"The vocabulary does not know “{asked.filters['concept']}”."
    with desk.store.read() as session:
        found = browse.stories(session, asked._replace(filters=filters).of_store())
    table = tables.Table("/stories", COLUMNS, asked, found.rows, found.total)
    return tables.export(("stories", table, _cell)) or desk.show(
        "stories/list.html", table=table, events=list(EventType), regulators=REGULATORS, unknown=unknown
    )


def _cell(row: StoryLine, key: str) -> Any:
    facts = row.facts
    return {
        "headline": row.story.headline,
        "event": row.story.event,
        "facts": ", ".join(name(i) for i in (*facts.drugs, *facts.indications)),
        "seen": row.story.last_seen_at,
        "reported_by": ", ".join(row.outlets),
    }[key]


@router.get("/{story_id:int}")
@needs(Role.VIEWER)
def story_page(desk: CurrentDesk, story_id: int) -> Response:
    return _show(desk, story_id)


def _show(desk: Desk, story_id: int, status: int = 200, fault: str = "") -> Response:
    with desk.store.read() as session:
        found = browse.story(session, story_id)
        if found is None:
            raise not_found("story")
        loaded = {i.id: i for i in items.load(session, [m.link.item_id for m in found.members])}
        facts = items.facts_of_all(session, list(loaded.values()))
        told = browse.told(session, story_id, desk.actor.team_id)
        said = browse.feedback(session, story_id, desk.actor.team_id)
        timeline = browse.timeline(session, found.story)
        beside = curation.beside(session, story_id)
        sent = browse.deliveries(session, desk.actor.team_id, Asked(filters={"story": str(story_id)})).rows
    marks = {i: _marks(f) for i, f in facts.items()}
    return desk.show(
        "stories/story.html", status, found=found, facts=facts, marks=marks, loaded=loaded, told=told, remarks=said,
        timeline=timeline, beside=beside, sent=sent, fault=fault, concepts=concepts(),
    )  # fmt: skip


def _marks(facts: Facts) -> list[Mention]:
    """Every span that the reader took something from."""
    held: tuple[Any, ...] = (*facts.drugs, *facts.indications, *facts.biomarkers, *facts.regulators, *facts.trials)
    return [m for fact in (*held, facts.event) for m in fact.mentions]


@router.get("/{story_id:int}/why")
@needs(Role.VIEWER)
def why(desk: CurrentDesk, story_id: int) -> Response:
    """Every rule of the team: told or not, and why."""
    with desk.store.read() as session:
        found = browse.story(session, story_id)
        if found is None:
            raise not_found("story")
        made = whynot.answers(session, found.story, desk.actor.team_id)
    path = f"/stories/{story_id}/why"
    asked = tables.wanted(desk.request, WHY, "", ["told"])
    table = tables.of_rows(path, WHY, asked, made, _why_cell)
    return tables.export((f"story-{story_id}-why", table, _why_cell)) or desk.show(
        "stories/why.html", story=found.story, table=table, labels=FIELD_WORDS, told=TOLD
    )


def _why_cell(row: whynot.Answer, key: str) -> Any:
    missing = [
        f"{FIELD_WORDS.get(f.field, f.field)}: it wants {f.wanted}" + (f"; the news says {f.found}" if f.found else "")
        for f in row.failed
    ]
    return {
        "rule": row.rule.name,
        "told": TOLD.get(row.code, "no"),
        "why": " · ".join(part for part in (row.words, *missing) if part),
    }[key]


@router.post("/{story_id:int}/not-relevant")
@needs(Role.EDITOR, "stories:write")
def not_relevant(desk: CurrentDesk, story_id: int, note: Annotated[str, Form(max_length=500)] = "") -> Response:
    with desk.store.write() as session:
        curating.not_relevant(session, desk, story_id, note)
    return desk.go(f"/stories/{story_id}", "Noted. It helps to mend the reader, the vocabulary and your rules.")


@router.post("/{story_id:int}/split")
@needs(Role.EDITOR, "stories:write")
def split(desk: CurrentDesk, story_id: int, item: Annotated[int, Form()], tell: str = Form("")) -> Response:
    """The item leaves this story for one of its own."""
    try:
        with desk.store.write() as session:
            made = curating.split(session, desk, story_id, item, tell=bool(tell))
    except InputError as exc:
        return _show(desk, story_id, 422, exc.message)
    return desk.go(f"/stories/{made}", f"This source was in story {story_id}; it is a story of its own now.")


@router.post("/{story_id:int}/merge")
@needs(Role.EDITOR, "stories:write")
def merge(desk: CurrentDesk, story_id: int, into: Annotated[str, Form(max_length=20)] = "") -> Response:
    """All sources of this story move into another; nobody is told by it."""
    if not (into.isascii() and into.isdigit() and len(into) < 10) or int(into) == story_id:
        return _show(desk, story_id, 422, "Give the number of the other story; it stands in its address.")
    try:
        with desk.store.write() as session:
            moved = curating.merge(session, desk, story_id, int(into))
    except InputError as exc:
        return _show(desk, story_id, 422, exc.message)
    return desk.go(f"/stories/{into}", f"{moved} sources of story {story_id} moved here.")
