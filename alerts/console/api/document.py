# SPDX-License-Identifier: MIT
"""The OpenAPI document of the API, made from its routes."""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from alerts import __version__
from alerts.console.access import GuardedRoute
from alerts.console.roles import public

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
DESCRIPTION = """Everything that the console does, for programs. Send a token that an admin made for you under Users and teams:
`Authorization: Bearer owt_…`. Errors are problem+json (RFC 9457) with a stable `code`. Lists are paged by `cursor`: take
`next` from the answer until it is null. A POST with an `Idempotency-Key` can be sent again safely."""


@router.get("/api/openapi.json")
@public("a description of the API, the same for everybody")
def document() -> dict[str, Any]:
    return _made()


@lru_cache(maxsize=1)
def _made() -> dict[str, Any]:
    routes: list[Any] = []
    return get_openapi(title="Oncowire API", version=__version__, description=DESCRIPTION, routes=routes)
