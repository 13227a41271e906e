# SPDX-License-Identifier: MIT
"""Changing the vocabulary: try a change on stored news, save it, take it back, as YAML; the review queue of unknown names.

Every team reads with one vocabulary, so editors try and admins save (docs/adr/0030-deny-by-default.md).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from alerts.console import tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, refusal
from alerts.console.roles import Role, needs
from alerts.console.rules.fields import resolve
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.describe import describe
from alerts.facts.vocabulary import edits
from alerts.facts.vocabulary.current import current
from alerts.facts.vocabulary.edits import Edit
from alerts.model import ConceptRef
from alerts.pipeline import reclassify
from alerts.pipeline import vocabulary as changes
from alerts.pipeline.reclassify import Effect
from alerts.store import novel, rules, vocabulary
from alerts.store.novel import Queued
from alerts.store.tables import Subscription, VocabularyEdit
from alerts.subscriptions import Rule

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/vocabulary")
CHANGES = (
    tables.Column("said", "What it says"),
    tables.Column("author", "Who"),
    tables.Column("at", "When (UTC)"),
    tables.Column("state", "State"),
    tables.Column("change", "Change", sortable=False, only="page"),
)
QUEUE = (
    tables.Column("name", "Name"),
    tables.Column("change", "What is it?", sortable=False, only="page"),
    tables.Column("seen", "Seen", number=True),
    tables.Column("first", "First seen in"),
    tables.Column("reason", "Looks like a drug by"),
    tables.Column("state", "State"),
)
STATES = ("open", "accepted", "refused")
FIELDS = ("what", "id", "name", "names", "sort", "above", "of", "novel", "text")
MAX_CHARS = edits.MAX_YAML


# ── a form → a change ────────────────────────────────────────────────────────────────────────────


def edit_of(form: Mapping[str, str]) -> Edit:
    """The change that a form asks for. Raises InputError for what cannot be meant."""
    v, name, what = current(), form["name"], form["what"]
    names = [n for n in (part.strip() for part in form["names"].split(",")) if n]
    if what == "yaml":
        return edits.from_yaml(form["text"], form["name"] or "the text")
    if what == "no_drug":
        return edits.no_drug(name)
    if what == "known_as":
        return edits.known_as(v, _named("drug", form["of"]), name)
    if what == "new_drug":
        return edits.new_drug(name, names, _all_named(("class", "target"), form["above"]), form["novel"])
    if what == "new_cancer":
        return edits.new_cancer(name, names, _all_named(("indication",), form["above"]))
    ref = concepts().get(form["id"])
    if ref is None:
        raise InputError("not_found", "There is no such entry.")
    if what == "add_name":
        return edits.add_name(v, ref, name, form["sort"])
    if what == "take_name":
        return edits.take_name(v, ref, name)
    if what in {"put_under", "take_under"}:
        above = concepts().get(form["above"]) or _above(ref, form["above"])
        return edits.put_under(v, ref, above, take=what == "take_under")
    raise InputError("bad_change", "That is no kind of change.")


def _above(ref: ConceptRef, typed: str) -> ConceptRef:
    return _all_named(("indication",) if ref.kind == "indication" else ("class", "target"), typed)[0]


def _all_named(kinds: tuple[str, ...], typed: str) -> list[ConceptRef]:
    """Every entry of a list with commas. Raises InputError(unknown_…) with what was perhaps meant."""
    found = []
    for part in filter(None, (p.strip() for p in typed.split(","))):
        ref = next((r for kind in kinds if (r := concepts().resolve(kind, part))), None)
        found.append(ref or _named(kinds[0], part))
    return found


def _named(kind: str, typed: str) -> ConceptRef:
    if not typed.strip():
        raise InputError("bad_name", "Say which entry it is: a name, brand or code of it.")
    ref = concepts().get(resolve("indications" if kind == "indication" else "drugs", typed))
    assert ref is not None
    return ref


async def _form(request: Request) -> dict[str, str]:
    given = await request.form(max_fields=50)
    return {field: str(given.get(field, ""))[:MAX_CHARS].strip() for field in FIELDS}


# ── try and save ─────────────────────────────────────────────────────────────────────────────────


@router.post("/try")
@needs(Role.EDITOR, "vocabulary:write")
async def try_change(desk: CurrentDesk) -> Response:
    """What the change would do to stored news and to the team's rules; nothing is saved."""
    form = await _form(desk.request)
    return await run_in_threadpool(_trial, desk, form)


class Trial(NamedTuple):
    """What a change would do; `card`: the entry as it would be; `rules`: the team's active ones, by id."""

    effect: Effect
    card: dict[str, Any] | None
    rules: dict[int, Subscription]


def trial(desk: Desk, edit: Edit) -> Trial:
    """Raises InputError(no_change · collision · dangling · loop)."""
    with desk.store.read() as session:
        made = changes.tried(session, edit)
        own = {r.id: r for r in rules.all_of(session, desk.actor.team_id) if r.state == "active" and r.id}
        tried_on = {number: Rule.model_validate(r.spec["rule"]) for number, r in own.items()}
        tree = VocabularyConcepts(made.vocabulary)
        effect = reclassify.effect(session, desk.request.app.state.history(), made, tree, tried_on)
    ref = tree.get(edit.concept) if edit.concept else None
    return Trial(effect, describe(made.vocabulary, tree, ref) if ref else None, own)


def _trial(desk: Desk, form: dict[str, str]) -> Response:
    try:
        edit = edit_of(form)
        made = trial(desk, edit)
    except InputError as exc:
        return desk.show("vocabulary/trial.html", 422, form=form, fault=exc.message, back=_back(form))
    return desk.show(
        "vocabulary/trial.html", form=form, fault="", edit=edit, effect=made.effect, card=made.card, rules=made.rules,
        back=_back(form), most=changes.MAX_AGAIN,
    )  # fmt: skip


def _back(form: Mapping[str, str]) -> str:
    if form["novel"] or form["what"] in {"known_as", "no_drug"}:
        return "/vocabulary/review"
    return f"/vocabulary?id={form['id']}" if form["id"] else "/vocabulary"


@router.post("/save")
@needs(Role.ADMIN, "vocabulary:write")
async def save(desk: CurrentDesk) -> Response:
    form = await _form(desk.request)
    return await run_in_threadpool(_save, desk, form)


def _save(desk: Desk, form: dict[str, str]) -> Response:
    try:
        edit = edit_of(form)
        saved = changes.save(desk.store, edit, desk.actor.name, desk.now, desk.actor.team_id)
    except InputError as exc:
        return desk.show("vocabulary/trial.html", 422, form=form, fault=exc.message, back=_back(form))
    back = f"/vocabulary?id={edit.concept}" if edit.concept and _back(form) != "/vocabulary/review" else _back(form)
    return desk.go(back, f"Saved: {edit.said}. {_again(saved.again)}")


def _again(count: int) -> str:
    if not count:
        return "No stored news has the name; what comes in is read with it within seconds."
    return f"{count:,} stored items are read again now; nobody is told of old news."


# ── history and undo ─────────────────────────────────────────────────────────────────────────────


@router.get("/changes")
@needs(Role.VIEWER)
def changes_page(desk: CurrentDesk) -> Response:
    return _changes(desk)


def _changes(desk: Desk, status: int = 200, fault: str = "") -> Response:
    asked = tables.wanted(desk.request, CHANGES, "-at", ["state"])
    with desk.store.read() as session:
        found = vocabulary.all_edits(session)
        waiting = novel.count_open(session)
    table = tables.of_rows("/vocabulary/changes", CHANGES, asked, found, _change_cell)
    return tables.export(("vocabulary-changes", table, _change_cell)) or desk.show(
        "vocabulary/changes.html", status, table=table, fault=fault, waiting=waiting
    )


def _change_cell(row: VocabularyEdit, key: str) -> Any:
    if key == "state":
        return "taken back" if row.undone_at else "in force"
    return "" if key == "change" else getattr(row, key)


@router.post("/changes/{edit_id:int}/undo")
@needs(Role.ADMIN, "vocabulary:write")
def undo(desk: CurrentDesk, edit_id: int) -> Response:
    try:
        saved = changes.undo(desk.store, edit_id, desk.actor.name, desk.now, desk.actor.team_id)
    except InputError as exc:
        return _changes(desk, 422, refusal(exc))
    return desk.go("/vocabulary/changes", f"Taken back. {_again(saved.again)}")


@router.get("/changes.yaml")
@needs(Role.VIEWER)
def as_yaml(desk: CurrentDesk) -> Response:
    """All that is in force as one overlay file, for another installation or for git."""
    with desk.store.read() as session:
        text = in_force_as_yaml(session)
    headers = {"Content-Disposition": 'attachment; filename="oncowire-vocabulary.yaml"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/yaml; charset=utf-8", headers=headers)


def in_force_as_yaml(session: Session) -> str:
    return edits.written(edits.together(e.piece for e in vocabulary.in_force(session))) or "{}\n"


# ── the review queue ─────────────────────────────────────────────────────────────────────────────


@router.get("/review")
@needs(Role.VIEWER)
def review(desk: CurrentDesk) -> Response:
    """Names that look like drugs and that no vocabulary knows."""
    asked = tables.wanted(desk.request, QUEUE, "-seen", ["state"])
    with desk.store.read() as session:
        found = novel.with_examples(session)
    if "state" not in desk.request.query_params and any(q.row.state == "open" for q in found):
        asked = asked._replace(filters={"state": "open"})
    table = tables.of_rows("/vocabulary/review", QUEUE, asked, found, _queue_cell)
    return tables.export(("review", table, _queue_cell)) or desk.show(
        "vocabulary/review.html", table=table, states=STATES, all=len(found)
    )


def _queue_cell(queued: Queued, key: str) -> Any:
    row = queued.row
    cells = {"name": row.name, "seen": row.seen_count, "reason": row.reason, "first": queued.title, "state": row.state}
    return cells.get(key, "")
