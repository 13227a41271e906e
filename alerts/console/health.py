# SPDX-License-Identifier: MIT
"""Health and metrics for ops and their machines."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from alerts import __version__
from alerts.console.access import GuardedRoute
from alerts.console.metrics import exposition, families
from alerts.console.roles import public
from alerts.errors import OncowireError
from alerts.store.migrate import require_current

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


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
        found = list(families(session, datetime.now(UTC)))
    return Response(exposition(found), media_type=CONTENT_TYPE_LATEST)
