# SPDX-License-Identifier: MIT
"""The start page: what is new, what was sent, what needs a look."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from alerts.console import deliveries, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk
from alerts.console.roles import Role, needs
from alerts.store import browse, rules, views
from alerts.store.tables import Feed

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
FEEDS = (
    tables.Column("state", "State"),
    tables.Column("title", "Feed"),
    tables.Column("ok", "Last good poll"),
    tables.Column("next", "Next"),
)
PER_PAGE = 20


@router.get("/")
@needs(Role.VIEWER)
def home(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        sent = deliveries.table(desk, session, "/", "d-", PER_PAGE)
        polled = _feeds(desk, session)
        file = tables.export(("deliveries", sent, deliveries.cell), ("feeds", polled, _feed_cell))
        return file or desk.show(
            "home.html",
            stories=views.latest_stories(session, PER_PAGE),
            deliveries=sent,
            feeds=polled,
            first_rule=desk.actor.may("editor") and not rules.any_of(session, desk.actor.team_id),
        )


def _feeds(desk: Desk, session: Session) -> tables.Table:
    """Those with trouble first."""
    asked = tables.wanted(desk.request, FEEDS, "trouble", (), "f-", per_page=PER_PAGE)
    found = browse.feeds(session, asked.of_store())
    return tables.Table("/", FEEDS, asked, found.rows, found.total)


def _feed_cell(row: Feed, key: str) -> Any:
    return {"state": row.state, "title": row.title or row.url, "ok": row.last_ok_at, "next": row.next_poll_at}[key]
