# SPDX-License-Identifier: MIT
"""The web application: puts the areas together. One module an area, its pages under templates/console/<area>/.

To add an area: a module with `router` (GuardedRoute; every route says `@needs` or `@public`), listed in AREAS, and a line
in SECTIONS if it stands in the navigation.
"""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError

from alerts import __version__, logs
from alerts.config import Settings, load
from alerts.console import answers
from alerts.console.access import GuardedRoute
from alerts.console.watchman import on_duty
from alerts.errors import OncowireError
from alerts.facts.lookup import lookup
from alerts.pipeline.preview import History
from alerts.store import vocabulary
from alerts.store.engine import Store

log = structlog.get_logger()
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
MAX_BODY_BYTES = 4 * 1024 * 1024
AREAS = (
    "health", "signin", "home", "subscriber", "rules.files", "rules.pages",
    "stories", "deliveries", "channels", "feeds", "team", "service", "wording",
    "vocabulary", "overlay",
    "api.document", "api.rule_files", "api.trying", "api.rules", "api.stories", "api.deliveries", "api.channels",
    "api.feeds", "api.templates", "api.vocabulary", "api.people", "api.service",
)  # fmt: skip


class Section(NamedTuple):
    """A line of the navigation; `role` is the smallest that sees it."""

    name: str
    path: str
    role: str = "viewer"


SECTIONS = (
    Section("Overview", "/"),
    Section("Rules", "/rules"),
    Section("Stories", "/stories"),
    Section("Deliveries", "/deliveries"),
    Section("Channels", "/channels"),
    Section("Feeds", "/feeds"),
    Section("Templates", "/templates"),
    Section("Vocabulary", "/vocabulary"),
    Section("Status", "/status"),
    Section("Audit", "/audit", "admin"),
    Section("Users", "/users", "admin"),
)


def create_app(settings: Settings | None = None, *, warm: bool = False) -> FastAPI:
    """The web application; the store is opened on first use, so a database that is away does not stop the start.

    `warm`: read vocabulary and history in the background at the start.
    """
    given = settings or load()
    logs.configure(given)

    @lru_cache(maxsize=1)
    def store() -> Store:
        made = Store(given)
        vocabulary.follow(made)
        return made

    @lru_cache(maxsize=1)
    def history() -> History:
        return History(store())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if warm:
            threading.Thread(target=_warm, args=(history,), name="warm", daemon=True).start()
        with on_duty(store, given):
            yield
        if store.cache_info().currsize:
            store().close()

    made = FastAPI(
        title="Oncowire", version=__version__, openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    made.state.settings, made.state.store, made.state.history, made.state.sections = given, store, history, SECTIONS
    made.router.route_class = GuardedRoute
    made.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    made.middleware("http")(_secure)
    answers.register(made)
    for area in AREAS:
        made.include_router(import_module(f"alerts.console.{area}").router)
    _deny_undeclared(made)
    return made


def _warm(history: Callable[[], History]) -> None:
    """Read what the first person to write a rule would have to wait for: the vocabulary and the stored history."""
    lookup()
    try:
        history().read()
    except (SQLAlchemyError, OncowireError, OSError) as exc:  # not migrated yet, or away: the first preview reads it
        log.info("history_not_read_yet", error=type(exc).__name__)


def _deny_undeclared(made: FastAPI) -> None:
    """Raises RuntimeError if any route does not go through the gate: better no console than an open one."""
    for route in routes(made):
        if not isinstance(route, GuardedRoute):
            raise RuntimeError(f"{route.path} does not go through the gate (alerts.console.access.GuardedRoute)")


def routes(made: FastAPI | APIRouter) -> list[APIRoute]:
    """Every route of the application, those of included routers too."""
    found: list[APIRoute] = []
    for route in made.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found += routes(inner)
        elif isinstance(route, APIRoute):
            found.append(route)
        elif getattr(route, "name", "") != "static":
            raise RuntimeError(f"{getattr(route, 'path', route)!r} is a route that cannot be guarded")
    return found


async def _secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    length = request.headers.get("content-length", "0")
    if (
        not length.isdigit()
        or int(length) > MAX_BODY_BYTES
        or "chunked" in request.headers.get("transfer-encoding", "")
    ):
        response: Response = answers.refuse(request, 413, "too_large", "That is more than 4 MiB; nothing was done.")
    else:
        response = await call_next(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/static/vendor/"):
        response.headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
    return response


def __getattr__(name: str) -> Any:
    """`alerts.console.app:app` for uvicorn, made when asked for and not at import."""
    if name == "app":
        return create_app(warm=True)
    raise AttributeError(name)
