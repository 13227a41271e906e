# SPDX-License-Identifier: MIT
"""The start page: what is new, what was sent, what needs a look."""

from fastapi import APIRouter
from fastapi.responses import Response

from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.store import rules, views

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/")
@needs(Role.VIEWER)
def home(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        return desk.show(
            "home.html",
            stories=views.latest_stories(session, 20),
            deliveries=views.deliveries(session, desk.actor.team_id, 20),
            feeds=views.feeds(session),
            first_rule=desk.actor.may("editor") and not rules.any_of(session, desk.actor.team_id),
        )
