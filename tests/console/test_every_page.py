# SPDX-License-Identifier: MIT
"""Every page of every area, empty and full, on both databases: it answers, is safe, and exports where it is a table."""

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from alerts.config import Settings
from alerts.console.access import GuardedRoute
from alerts.console.app import routes
from alerts.store.engine import Store
from tests.console.conftest import Browser
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
BOTH = pytest.mark.parametrize(
    "store_settings", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def pages(app: FastAPI) -> list[str]:
    """Addresses that show a page without naming an object."""
    return sorted(
        route.path
        for route in routes(app)
        if isinstance(route, GuardedRoute) and "GET" in (route.methods or ()) and "{" not in route.path
        and not route.path.startswith("/api/") and route.path not in {"/login", "/rules/suggest"}
    )  # fmt: skip


@BOTH
@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_every_page_answers(
    app: FastAPI, as_: Callable[[str], Browser], store: Store, store_settings: Settings, full: bool
) -> None:
    alice = as_("alice")
    if full:
        bring_in(store, store_settings)
        form = {"chip": ["drugs.any=drug:cabozantinib"], "name": "Cabozantinib", "new_email": "bob@example.org"}
        alice.post("/rules/save", {**form, "state": "active"})
    for path in pages(app):
        answer = alice.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        kind = answer.headers["content-type"].split(";")[0]
        if kind == "text/html":
            assert_safe(path, answer.text)


def assert_safe(path: str, html: str) -> None:
    """What the policy would refuse is not there in the first place; every page has one heading and a language."""
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", html), path
    assert not re.search(r"<script(?![^>]*\ssrc=)", html), path
    assert len(re.findall(r"<h1", html)) == 1, path
    assert '<html lang="en">' in html
