# SPDX-License-Identifier: MIT
"""Rules as YAML out and in, the same as `oncowire rules apply`; and the page that tries an article on all rules."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk
from alerts.console.roles import Role, needs
from alerts.console.rules import article, changes
from alerts.console.rules.preview import FIELD_WORDS
from alerts.errors import OncowireError
from alerts.facts import concepts
from alerts.store import rules
from alerts.subscriptions import Fault, parse

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/rules")


def _download(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/yaml; charset=utf-8", headers=headers)


@router.get("/all.yaml")
@needs(Role.VIEWER)
def export_all(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        return _download(
            changes.as_yaml(session, list(rules.all_of(session, desk.actor.team_id))), desk.actor.seat.slug
        )


@router.get("/{rule_id:int}.yaml")
@needs(Role.VIEWER)
def export_one(desk: CurrentDesk, rule_id: int) -> Response:
    with desk.store.read() as session:
        row = changes.mine(session, desk, rule_id)
        return _download(changes.as_yaml(session, [row]), f"rule-{rule_id}")


@router.get("/yaml")
@needs(Role.VIEWER)
def yaml_page(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        text = changes.as_yaml(session, list(rules.all_of(session, desk.actor.team_id)))
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
        with desk.store.write() as session:
            outcomes = changes.apply(session, desk, parsed.specs)
    except OncowireError as exc:
        return _yaml(desk, text, [Fault(1, exc.code, exc.message)])
    return _yaml(desk, text, [], outcomes)


# ── who would be told ────────────────────────────────────────────────────────────────────────────


@router.get("/try")
@needs(Role.VIEWER)
def try_page(desk: CurrentDesk) -> Response:
    return desk.show("rules/try.html", text="", fault="", item=None, facts=None, tried=[], wanted={}, words=FIELD_WORDS)


@router.post("/try")
@needs(Role.VIEWER)
def try_article(desk: CurrentDesk, text: Annotated[str, Form(max_length=200_000)] = "") -> Response:
    """Who would be told, who not, and why."""
    try:
        item = article.pasted(text, desk.settings)
    except OncowireError as exc:
        return desk.show(
            "rules/try.html",
            422,
            text=text,
            fault=exc.message,
            item=None,
            facts=None,
            tried=[],
            wanted={},
            words=FIELD_WORDS,
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
    return desk.show(
        "rules/try.html", text=text, fault="", item=item, facts=facts, tried=tried, wanted=wanted, words=FIELD_WORDS
    )
