# SPDX-License-Identifier: MIT
"""Pages of rules: the list, the editor with its parts, saving, states, history."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from alerts.console import tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, not_found
from alerts.console.roles import Role, needs
from alerts.console.rules import changes, preview
from alerts.console.rules import form as forms
from alerts.console.rules.fields import BY_KEY, FIELDS, chip, suggest, tree
from alerts.console.rules.form import RuleForm
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import ChannelKind, EventType
from alerts.store import rules, subscriptions
from alerts.store.subscriptions import Destination
from alerts.store.tables import Subscription
from alerts.subscriptions import Rule, SubscriptionSpec
from alerts.subscriptions.sentence import sentence

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/rules")
COLUMNS = (
    tables.Column("name", "Rule"),
    tables.Column("state", "State"),
    tables.Column("matches", "Told in 28 days", number=True),
    tables.Column("updated", "Changed"),
)


# ── list ─────────────────────────────────────────────────────────────────────────────────────────


@router.get("")
@needs(Role.VIEWER)
def rule_list(desk: CurrentDesk) -> Response:
    asked = tables.wanted(desk.request, COLUMNS, "name", ["state"])
    with desk.store.read() as session:
        found = rules.listed(
            session, desk.actor.team_id, desk.now, q=asked.q, state=asked.filters["state"], sort=asked.sort,
            descending=asked.descending, offset=asked.offset, limit=asked.limit,
        )  # fmt: skip
    table = tables.Table("/rules", COLUMNS, asked, found.rows, found.total)
    if file := tables.export(("rules", table, _cell)):
        return file
    sentences = {row.subscription.id: sentence(_rule(row.subscription), concepts()) for row in found.rows}
    return desk.show("rules/list.html", table=table, sentences=sentences, states=changes.STATES)


def _cell(row: rules.Listed, key: str) -> Any:
    rule = row.subscription
    return {"name": rule.name, "state": rule.state, "matches": row.matches, "updated": rule.updated_at}[key]


def _rule(row: Subscription) -> Rule:
    return Rule.model_validate(row.spec["rule"])


# ── editor ───────────────────────────────────────────────────────────────────────────────────────


@router.get("/new")
@needs(Role.EDITOR, "rules:write")
def new_rule(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        channels = rules.channels(session, desk.actor.team_id)
    only = tuple(c.id for c in channels if c.id is not None) if len(channels) == 1 else ()
    email = "" if channels else desk.actor.who.email
    return _editor(desk, None, RuleForm(channels=only, new_email=email))


@router.get("/{rule_id:int}")
@needs(Role.VIEWER)
def edit_rule(desk: CurrentDesk, rule_id: int) -> Response:
    with desk.store.read() as session:
        row, form = _stored(session, desk, rule_id)
    return _editor(desk, row, form)


def _stored(session: Session, desk: Desk, rule_id: int) -> tuple[Subscription, RuleForm]:
    row = changes.mine(session, desk, rule_id)
    chosen = [c.id for c in rules.channels_of(session, rule_id) if c.id is not None]
    return row, forms.of(forms.stored_spec(row.spec), chosen, row.revision)


def _editor(desk: Desk, row: Subscription | None, form: RuleForm, status: int = 200, days: int = 90) -> Response:
    """The whole page, or only the form where htmx asks for it.

    What answers a form without JavaScript has its preview in it. Otherwise the page fetches it once it is shown, so that
    the fields do not wait for it; without JavaScript it then says which button fetches it.
    """
    template = "rules/_form.html" if desk.is_htmx else "rules/edit.html"
    later = desk.is_htmx or desk.request.method == "GET"
    shown = None if later else _view(desk, row, form, days)
    return desk.show(template, status, **_values(desk, row, form, days), shown=shown)


def _values(desk: Desk, row: Subscription | None, form: RuleForm, days: int) -> dict[str, Any]:
    with desk.store.read() as session:
        channels = rules.channels(session, desk.actor.team_id)
        told = rules.last_deliveries(session, row.id) if row is not None and row.id is not None else []
    return {
        "rule": row,
        "form": form,
        "fields": FIELDS,
        "chip": chip,
        "tree": tree,
        "channels": channels,
        "told": told,
        "days": days,
        "windows": preview.WINDOWS,
        "sends": preview.sends(form, desk.now),
        "events": list(EventType),
        "readback": sentence(forms.rule_of(form), concepts()) if not form.empty else "",
    }


def _view(desk: Desk, row: Subscription | None, form: RuleForm, days: int) -> preview.View | None:
    return preview.view(desk, form, days, _rule(row) if row is not None else None)


async def _posted(request: Request) -> tuple[RuleForm, int | None, int]:
    """The form, the id of the rule if it is stored, the days of the preview."""
    data = await request.form()
    rule_id, days = str(data.get("id", "")), str(data.get("days", "90"))
    return (
        forms.read(data),
        int(rule_id) if rule_id.isascii() and rule_id.isdigit() and len(rule_id) < 10 else None,
        int(days) if days in {str(d) for d in preview.WINDOWS} else 90,
    )


def _row(desk: Desk, rule_id: int | None) -> Subscription | None:
    if rule_id is None:
        return None
    with desk.store.read() as session:
        return changes.mine(session, desk, rule_id)


Posted = Annotated[str, Form(max_length=500)]
CurrentForm = Annotated[tuple[RuleForm, int | None, int], Depends(_posted)]


@router.get("/suggest")
@needs(Role.VIEWER)
def suggestions(desk: CurrentDesk, place: str) -> Response:
    """Type-ahead: what stands in the field comes under the field's own name."""
    field = place.partition(".")[0]
    if field not in BY_KEY:
        raise not_found("field")
    typed = desk.request.query_params.get(f"type.{place}", "")
    with desk.store.read() as session:
        found = suggest(field, typed, lambda words, limit: rules.feed_titles(session, words, limit))
    return desk.show("rules/_suggestions.html", place=place, typed=typed, found=found)


@router.post("/form")
@needs(Role.VIEWER)
def redraw(desk: CurrentDesk, posted: CurrentForm, pick: Posted = "", drop: Posted = "") -> Response:
    """After a value was picked, typed or taken away."""
    form, rule_id, days = posted
    form = forms.changed(form, pick, drop)
    focus = (pick or drop).partition("=")[0]
    return _editor(desk, _row(desk, rule_id), form.with_(focus=focus), days=days)


@router.post("/preview")
@needs(Role.VIEWER)
def preview_part(desk: CurrentDesk, posted: CurrentForm) -> Response:
    """Only the preview for htmx; the whole page for a browser without JavaScript."""
    form, rule_id, days = posted
    row = _row(desk, rule_id)
    if not desk.is_htmx:
        return _editor(desk, row, forms.changed(form), days=days)
    return desk.show("rules/_preview.html", **_values(desk, row, form, days), shown=_view(desk, row, form, days))


# ── saving ───────────────────────────────────────────────────────────────────────────────────────


@router.post("/save")
@needs(Role.EDITOR, "rules:write")
def save(desk: CurrentDesk, posted: CurrentForm, state: Posted) -> Response:
    form, rule_id, days = posted
    state = state if state in changes.STATES else "draft"
    row = _row(desk, rule_id)
    form = forms.changed(form)
    with desk.store.read() as session:
        labels = {c.id: c.label for c in rules.channels(session, desk.actor.team_id) if c.id is not None}
        taken = rules.by_name(session, desk.actor.team_id, form.name.strip())
    spec, form = forms.check(form, state, labels)
    if taken is not None and taken.id != rule_id:
        spec, form = None, form.with_(faults={**form.faults, "name": "Another rule of your team has this name."})
    if row is not None and row.revision != form.revision:
        return _stale(desk, row, form, days)
    if spec is None:
        return _editor(desk, row, form, 422, days)
    said = _volume(desk, row, form, state)
    try:
        saved = _save(desk, row, spec, form, [c for c in form.channels if c in labels])
    except InputError as exc:
        if row is None or exc.code != "changed_meanwhile":
            raise
        return _stale(desk, _row(desk, rule_id), form, days)
    return desk.go(f"/rules/{saved}", said)


def _stale(desk: Desk, row: Subscription | None, form: RuleForm, days: int) -> Response:
    """The form as it was typed; saving it again is meant."""
    assert row is not None
    why = f"Somebody changed this rule meanwhile (revision {row.revision}). Look at its history; saving again replaces it."
    return _editor(desk, row, form.with_(revision=row.revision, faults={**form.faults, "rule": why}), 422, days)


def _save(desk: Desk, row: Subscription | None, spec: SubscriptionSpec, form: RuleForm, channels: list[int]) -> int:
    """Id of the rule; all of it in one transaction with its line in the audit log."""
    team = desk.actor.team_id
    with desk.store.write() as session:
        if form.new_email.strip():
            address = form.new_email.strip()
            destination = Destination(ChannelKind.EMAIL, {"address": address}, address, address)
            state = "unverified" if desk.settings.double_opt_in else "active"
            made = subscriptions.save_channel(
                desk.store, session, team, destination, desk.now, author=desk.actor.name, state=state
            )
            channels = [*channels, made]
        had = row.id if row is not None else None
        stored = changes.held(session, desk, had, form.revision) if had is not None else None
        saved = changes.save(session, desk, stored, spec, rules.routes(session, had, channels))
        assert saved.id is not None
        return saved.id


def _volume(desk: Desk, row: Subscription | None, form: RuleForm, state: str) -> str:
    """What the save changes, in a sentence."""
    seen = preview.view(desk, form, 90, _rule(row) if row is not None else None)
    rate = f"about {seen.per_week:.1f} stories a week" if seen is not None else "nothing"
    if seen is not None and seen.saved_per_week is not None:
        rate = f"about {seen.per_week:.1f} stories a week instead of {seen.saved_per_week:.1f}"
    now = {"active": "It is on", "draft": "It is a draft and tells nobody", "paused": "It is paused and tells nobody"}
    return f"Saved. {now[state]}: {rate} in the last 90 days would have met it."


@router.post("/{rule_id:int}/state")
@needs(Role.EDITOR, "rules:write")
def set_state(desk: CurrentDesk, rule_id: int, state: Posted) -> Response:
    """Switch on, pause, back to draft."""
    with desk.store.write() as session:
        row = changes.held(session, desk, rule_id)
        changes.set_state(session, desk, row, state)
        return desk.go(f"/rules/{rule_id}", f"“{row.name}” is {state} now.")


@router.post("/{rule_id:int}/duplicate")
@needs(Role.EDITOR, "rules:write")
def duplicate(desk: CurrentDesk, rule_id: int) -> Response:
    """A draft with the same conditions under a free name."""
    with desk.store.write() as session:
        row = changes.mine(session, desk, rule_id)
        made = changes.duplicate(session, desk, row)
        return desk.go(f"/rules/{made.id}", f"This is a copy of “{row.name}”, as a draft.")


# ── history ──────────────────────────────────────────────────────────────────────────────────────


@router.get("/{rule_id:int}/history")
@needs(Role.VIEWER)
def history(desk: CurrentDesk, rule_id: int) -> Response:
    """Every revision with its author and what it changed, as rule files have it."""
    with desk.store.read() as session:
        row = changes.mine(session, desk, rule_id)
        entries = changes.history(session, row)
    return desk.show("rules/history.html", rule=row, entries=entries)


@router.post("/{rule_id:int}/undo")
@needs(Role.EDITOR, "rules:write")
def undo(desk: CurrentDesk, rule_id: int, revision: Annotated[int, Form()]) -> Response:
    """Back to an earlier revision, which is a new one: nothing of the history is lost."""
    with desk.store.write() as session:
        row = changes.held(session, desk, rule_id)
        changes.undo(session, desk, row, revision)
        return desk.go(f"/rules/{rule_id}", f"“{row.name}” is as it was in revision {revision}.")
