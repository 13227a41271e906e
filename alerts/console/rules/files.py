# SPDX-License-Identifier: MIT
"""Rules as YAML out and in, the same as `oncowire rules apply`; and the page that tries an article on all rules."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlmodel import Session

from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, not_found
from alerts.console.roles import Role, needs
from alerts.console.rules import article
from alerts.console.rules.form import stored_spec
from alerts.errors import OncowireError
from alerts.facts import concepts
from alerts.pipeline import rulefiles
from alerts.store import rules
from alerts.store.tables import Subscription
from alerts.subscriptions import ChannelSpec, Fault, parse
from alerts.subscriptions.written import written

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/rules")


def as_yaml(session: Session, rows: list[Subscription]) -> str:
    """Rule file of stored subscriptions. Channels by their name: their secrets never leave the store."""
    specs = []
    for row in rows:
        assert row.id is not None
        named = _named(session, row.id)
        specs.append(stored_spec({**row.spec, "state": row.state}, named))
    return written(specs, concepts())


def _named(session: Session, rule_id: int) -> list[ChannelSpec]:
    """Its channels by name, each with the rhythm of its own that it has there."""
    channels = {c.id: c for c in rules.channels_of(session, rule_id) if c.id is not None}
    return [
        ChannelSpec(kind="channel", config={"label": channels[r.channel_id].label}, cadence=r.cadence, quiet=r.quiet,
                    cap_per_day=r.cap_per_day)
        for r in rules.routes(session, rule_id, list(channels))
    ]  # fmt: skip


def _download(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/yaml; charset=utf-8", headers=headers)


@router.get("/all.yaml")
@needs(Role.VIEWER)
def export_all(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        return _download(as_yaml(session, list(rules.all_of(session, desk.actor.team_id))), desk.actor.seat.slug)


@router.get("/{rule_id:int}.yaml")
@needs(Role.VIEWER)
def export_one(desk: CurrentDesk, rule_id: int) -> Response:
    with desk.store.read() as session:
        row = rules.one(session, desk.actor.team_id, rule_id)
        if row is None:
            raise not_found("rule")
        return _download(as_yaml(session, [row]), f"rule-{rule_id}")


@router.get("/yaml")
@needs(Role.VIEWER)
def yaml_page(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        text = as_yaml(session, list(rules.all_of(session, desk.actor.team_id)))
    return _yaml(desk, text if text.strip() != "[]" else "", [])


def _yaml(desk: Desk, text: str, faults: list[Fault], outcomes: list[tuple[str, str]] | None = None) -> Response:
    status = 422 if faults else 200
    return desk.show("rules/yaml.html", status, text=text, faults=faults, outcomes=outcomes)


@router.post("/yaml")
@needs(Role.EDITOR, "rules:write")
def apply_yaml(
    desk: CurrentDesk, text: Annotated[str, Form(max_length=1_000_000)], do: Annotated[str, Form()] = ""
) -> Response:
    """Check only, or apply: nothing is changed if anything is wrong."""
    parsed = parse(text, concepts(), desk.settings.webhook_hosts)
    if parsed.faults or do != "apply":
        return _yaml(
            desk, text, parsed.faults, None if parsed.faults else [(s.name, "can be applied") for s in parsed.specs]
        )
    try:
        outcomes = rulefiles.apply_specs(
            desk.store,
            parsed.specs,
            desk.actor.team_id,
            author=desk.actor.name,
            origin="console",
            now=desk.now,
            opt_in=desk.settings.double_opt_in,
        )
    except OncowireError as exc:
        return _yaml(desk, text, [Fault(1, exc.code, exc.message)])
    with desk.store.write() as session:
        for name, outcome in outcomes:
            if outcome != "unchanged":
                desk.audit(session, f"rule_{outcome}", f"rule {name}", by="yaml")
    return _yaml(desk, text, [], outcomes)


# ── who would be told ────────────────────────────────────────────────────────────────────────────


@router.get("/try")
@needs(Role.VIEWER)
def try_page(desk: CurrentDesk) -> Response:
    return desk.show("rules/try.html", text="", fault="", item=None, facts=None, tried=[], wanted={})


@router.post("/try")
@needs(Role.VIEWER)
def try_article(desk: CurrentDesk, text: Annotated[str, Form(max_length=200_000)] = "") -> Response:
    """Who would be told, who not, and why."""
    try:
        item = article.pasted(text, desk.settings)
    except OncowireError as exc:
        return desk.show(
            "rules/try.html", 422, text=text, fault=exc.message, item=None, facts=None, tried=[], wanted={}
        )
    with desk.store.read() as session:
        rows = list(rules.all_of(session, desk.actor.team_id))
    facts, tried = article.tried(item, rows)
    by_id = {row.id: row for row in rows}
    wanted = {
        (t.subscription_id, field): article.wanted(by_id[t.subscription_id], field)
        for t in tried
        for field in t.found.failed
    }
    return desk.show("rules/try.html", text=text, fault="", item=item, facts=facts, tried=tried, wanted=wanted)
