# SPDX-License-Identifier: MIT
"""Rules as YAML out and in, the same as `oncowire rules apply`; and the page that tries an article on all rules."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from alerts.console import tables
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


async def _given(request: Request) -> dict[str, str]:
    """The fields of the form: the article, and what its table is asked."""
    return {key: str(value) for key, value in (await request.form()).items()}


Tried = Annotated[dict[str, str], Depends(_given)]
TRIED = (
    tables.Column("rule", "Rule"),
    tables.Column("told", "Told?"),
    tables.Column("why", "Why"),
)
TOLD = ("told", "no: it is a draft", "no: it is paused", "no")


@router.get("/try")
@needs(Role.VIEWER)
def try_page(desk: CurrentDesk) -> Response:
    return _try(desk)


def _try(desk: Desk, status: int = 200, text: str = "", fault: str = "", **made: Any) -> Response:
    """The form, with what was made of the article where there is one."""
    values: dict[str, Any] = {"item": None, "facts": None, "table": None, "wanted": {}, **made}
    return desk.show(
        "rules/try.html", status, text=text, fault=fault, words=FIELD_WORDS, told=TOLD, beside=article.BESIDE, **values
    )


@router.post("/try")
@needs(Role.VIEWER)
def try_article(desk: CurrentDesk, given: Tried) -> Response:
    """Who would be told, who not, and why. The table's buttons post what was read, so that no address is fetched again."""
    text = given.get("text", "")
    try:
        item = article.again(given["read"]) if "read" in given else article.pasted(text, desk.settings)
    except OncowireError as exc:
        return _try(desk, 422, text, exc.message)
    with desk.store.read() as session:
        rows = list(rules.all_of(session, desk.actor.team_id))
    facts, tried = article.tried(item, rows)
    by_id = {row.id: row for row in rows}
    wanted = {
        (t.subscription_id, field): article.wanted(by_id[t.subscription_id], field)
        for t in tried
        for field in t.found.failed
    }

    def cell(told: article.Told, key: str) -> str:
        return {"rule": told.name, "told": told.words, "why": _why(told, wanted)}[key]

    asked = tables.wanted(desk.request, TRIED, "", ["told"], form=given)
    kept = {"text": text, "read": item.model_dump_json()}
    table = tables.of_rows("/rules/try", TRIED, asked, tried, cell, kept)
    return tables.export(("who-would-be-told", table, cell)) or _try(
        desk, text=text, item=item, facts=facts, table=table, wanted=wanted
    )


def _why(told: article.Told, wanted: Mapping[tuple[int, str], str]) -> str:
    if told.found.match:
        return "; ".join(reason.wanted.replace("_", " ") for reason in told.found.reasons)
    failed = (f"{FIELD_WORDS[field]}: it wants {wanted[(told.subscription_id, field)]}" for field in told.found.failed)
    return "; ".join(failed) or article.BESIDE
