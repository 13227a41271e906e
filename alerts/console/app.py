# SPDX-License-Identifier: MIT
"""The console: one page with stories, deliveries and feeds; health and metrics for ops. Works without JavaScript."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from alerts import __version__, logs
from alerts.config import TEMPLATES, Settings, load
from alerts.errors import OncowireError
from alerts.facts import concepts
from alerts.store import dump, views
from alerts.store.engine import Store
from alerts.store.migrate import require_current

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
METRICS = {
    "due": ("oncowire_due_rows", "Rows that are due, by stage", "stage"),
    "lag_s": ("oncowire_lag_seconds", "Age of the oldest due row, by stage", "stage"),
    "deliveries": ("oncowire_deliveries", "Deliveries by state", "state"),
    "feeds": ("oncowire_feeds", "Feeds by state", "state"),
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web application; the store is opened on first use, so a database that is away does not stop the start."""
    given = settings or load()
    logs.configure(given)

    @lru_cache(maxsize=1)
    def store() -> Store:
        return Store(given)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if store.cache_info().currsize:
            store().close()

    made = FastAPI(
        title="Oncowire",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    made.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    made.middleware("http")(_secure)
    _health(made, given)
    _pages(made, store)
    return made


async def _secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _health(made: FastAPI, settings: Settings) -> None:
    @made.get("/healthz", summary="Does the process live?")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @made.get("/readyz", summary="Is the database there, with the schema of this program?", responses={503: {}})
    def readyz() -> JSONResponse:
        try:
            require_current(settings)
        except (OncowireError, SQLAlchemyError, OSError) as exc:
            reason = exc.message if isinstance(exc, OncowireError) else type(exc).__name__
            return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)
        return JSONResponse({"status": "ready"})


def _pages(made: FastAPI, store: Callable[[], Store]) -> None:
    @made.get("/metrics", response_class=PlainTextResponse, summary="Metrics for Prometheus")
    def metrics() -> Response:
        with store().read() as session:
            counted = views.counts(session, datetime.now(UTC))
        return Response(_exposition(counted), media_type=CONTENT_TYPE_LATEST)

    @made.get("/", response_class=HTMLResponse, summary="Latest stories, deliveries and feeds")
    def home() -> HTMLResponse:
        with store().read() as session:
            values = {
                "stories": views.latest_stories(session),
                "deliveries": list(dump.deliveries(session, newest=50)),
                "feeds": views.feeds(session),
                "now": datetime.now(UTC),
            }
            return HTMLResponse(_templates().get_template("console/home.html").render(values))


def _exposition(counted: dict[str, dict[str, float]]) -> bytes:
    registry = CollectorRegistry()
    for key, (name, text, label) in METRICS.items():
        gauge = Gauge(name, text, [label], registry=registry)
        for value, number in counted[key].items():
            gauge.labels(value).set(number)
    return generate_latest(registry)


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=True
    )
    made.filters |= {
        "name": _name,
        "ago": _ago,
        "http": lambda url: url if url.startswith(("http://", "https://")) else "",
    }
    return made


def _name(concept_id: str) -> str:
    ref = concepts().get(concept_id)
    return ref.name if ref else concept_id.partition(":")[2].upper() or concept_id


def _ago(then: datetime | None, now: datetime) -> str:
    """How long ago, in the largest whole unit."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    word = "ago" if seconds >= 0 else "from now"
    seconds = abs(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} {word}"
    return f"{int(seconds)} s {word}"


def __getattr__(name: str) -> Any:
    """`alerts.console.app:app` for uvicorn, made when asked for and not at import."""
    if name == "app":
        return create_app()
    raise AttributeError(name)
