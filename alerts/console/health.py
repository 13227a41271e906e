# SPDX-License-Identifier: MIT
"""Health and metrics for ops and their machines."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from alerts import __version__
from alerts.console.access import GuardedRoute
from alerts.console.roles import public
from alerts.errors import OncowireError
from alerts.store import views
from alerts.store.migrate import require_current

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
METRICS = {
    "due": ("oncowire_due_rows", "Rows that are due, by stage", "stage"),
    "lag_s": ("oncowire_lag_seconds", "Age of the oldest due row, by stage", "stage"),
    "deliveries": ("oncowire_deliveries", "Deliveries by state", "state"),
    "feeds": ("oncowire_feeds", "Feeds by state", "state"),
}


@router.get("/healthz", summary="Does the process live?")
@public("asked by supervisors, tells nothing but the version")
def healthz() -> dict[str, str]:
    return {"status": "ok", "version": __version__}


@router.get("/readyz", summary="Is the database there, with the schema of this program?", responses={503: {}})
@public("asked by load balancers, tells a reason code")
def readyz(request: Request) -> JSONResponse:
    try:
        require_current(request.app.state.settings)
    except (OncowireError, SQLAlchemyError, OSError) as exc:
        reason = exc.message if isinstance(exc, OncowireError) else type(exc).__name__
        return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=PlainTextResponse, summary="Metrics for Prometheus")
@public("asked by Prometheus; numbers of the whole installation, no names")
def metrics(request: Request) -> Response:
    with request.app.state.store().read() as session:
        counted = views.counts(session, datetime.now(UTC))
    return Response(_exposition(counted), media_type=CONTENT_TYPE_LATEST)


def _exposition(counted: dict[str, dict[str, float]]) -> bytes:
    registry = CollectorRegistry()
    for key, (name, text, label) in METRICS.items():
        gauge = Gauge(name, text, [label], registry=registry)
        for value, number in counted[key].items():
            gauge.labels(value).set(number)
    return generate_latest(registry)
