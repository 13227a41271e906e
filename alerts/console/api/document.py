# SPDX-License-Identifier: MIT
"""The OpenAPI document of the API, made from its routes."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from alerts import __version__
from alerts.console.access import GuardedRoute
from alerts.console.api import (
    channels,
    deliveries,
    feeds,
    people,
    rule_files,
    rules,
    service,
    stories,
    templates,
    trying,
    vocabulary,
)
from alerts.console.api.common import Problem
from alerts.console.roles import public

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
AREAS = (rules, rule_files, trying, stories, deliveries, channels, feeds, templates, vocabulary, people, service)
EXAMPLES = Path(__file__).with_name("examples.yaml")
DESCRIPTION = """Everything that the console does, for programs. Send a token that an admin made for you under Users and teams:
`Authorization: Bearer owt_…`. Errors are problem+json (RFC 9457) with a stable `code`. Lists are paged by `cursor`: take
`next` from the answer until it is null. A POST with an `Idempotency-Key` can be sent again safely."""


@router.get("/api/openapi.json")
@public("a description of the API, the same for everybody")
def document() -> dict[str, Any]:
    return _made()


@lru_cache(maxsize=1)
def _made() -> dict[str, Any]:
    listed = [route for area in AREAS for route in area.router.routes]
    made = get_openapi(
        title="Oncowire API", version=__version__, description=DESCRIPTION, routes=listed,
        servers=[{"url": "/"}],
    )  # fmt: skip
    components = made.setdefault("components", {})
    for name, example in yaml.safe_load(EXAMPLES.read_text(encoding="utf-8")).items():
        components["schemas"][name]["example"] = example
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "owt_…"}}
    made["security"] = [{"token": []}]
    for operations in made["paths"].values():
        for operation in operations.values():
            _scope(operation, listed)
    return made


def _scope(operation: dict[str, Any], listed: list[Any]) -> None:
    """Say in words what role and scope the operation needs."""
    route = next(r for r in listed if r.unique_id == operation["operationId"])
    need = route.need
    assert need.role is not None
    operation["description"] = (
        operation.get("description", "") + f"\n\nNeeds the role {need.role.name.lower()} and the scope `{need.scope}`."
    ).strip()
