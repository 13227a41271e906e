# SPDX-License-Identifier: MIT
"""Everything that the console does can be done by the API, by the same people: docs/console-and-api.csv, held to the routes."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from sqlmodel import col, func, select

from alerts.console.access import SAFE, GuardedRoute
from alerts.console.api.common import PREFIX
from alerts.console.app import routes
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry
from tests.console.conftest import RULE, Program

TABLE = Path(__file__).parents[2] / "docs" / "console-and-api.csv"
NO_CHANGE = {"POST /rules/preview", "POST /rules/try", "POST /feeds/check", "POST /templates/{kind}/preview",
             "POST /templates/{kind}/check", "POST /vocabulary/changes/try"}  # fmt: skip


class Row(NamedTuple):
    """A route of the console, the operations of the API that do the same, or why there is none."""

    console: str
    api: list[str]
    why: str


def table() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Row(r["console"], [op for op in r["api"].split(" + ") if op], r["why"]) for r in csv.DictReader(file)]


def named(app: FastAPI, *, api: bool) -> dict[str, GuardedRoute]:
    """Routes by method and path, as the table writes them."""

    def each() -> Iterator[tuple[str, GuardedRoute]]:
        for route in routes(app):
            assert isinstance(route, GuardedRoute)
            if route.path.startswith("/api/") == api and route.path != "/api/openapi.json":
                path = re.sub(r":\w+}", "}", route.path).removeprefix(PREFIX)
                yield from ((f"{method} {path}", route) for method in route.methods or ())

    return dict(each())


def test_every_route_of_the_console_has_its_operation_or_a_reason_why_none(app: FastAPI) -> None:
    rows = [row for row in table() if row.console]
    assert {row.console for row in rows} == set(named(app, api=False))
    assert [row.console for row in rows if bool(row.api) == bool(row.why)] == []


def test_every_operation_that_the_table_names_is_there_and_for_the_same_people(app: FastAPI) -> None:
    pages, operations = named(app, api=False), named(app, api=True)
    for row in table():
        for operation in row.api:
            assert operation in operations, f"{row.console}: {operation}"
            if row.console and not row.console.startswith("GET"):
                assert operations[operation].need == pages[row.console].need, f"{row.console}: {operation}"


def test_no_operation_changes_something_that_the_table_does_not_name(app: FastAPI) -> None:
    writes = {name for name in named(app, api=True) if name.split()[0] not in SAFE}
    assert writes == {op for row in table() for op in row.api if op.split()[0] not in SAFE}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_post_takes_an_idempotency_key_and_every_change_of_a_rule_asks_for_its_revision(app: FastAPI) -> None:
    for name, route in named(app, api=True).items():
        params = {p.alias for p in route.dependant.header_params}
        method, path = name.split()
        if method == "POST" and name not in NO_CHANGE:
            assert "idempotency-key" in params, name
        if path.startswith("/rules/{rule_id}") and (method == "PUT" or path.endswith("/undo")):
            assert "if-match" in params, name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_only_looks_leaves_no_line_in_the_audit_log(program: Program, store: Store) -> None:
    bob = program("bob")
    bob.post("/api/v1/rules/preview", json={"rule": RULE["rule"]})
    bob.post("/api/v1/rules/try", json={"text": "EC approves cabozantinib"})
    bob.post("/api/v1/templates/email/preview", json={"source": {}})
    with store.read() as session:
        assert session.exec(select(func.count(col(AuditEntry.id)))).one() == 0
