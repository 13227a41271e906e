# SPDX-License-Identifier: MIT
"""What an error looks like: a page for people, problem+json (RFC 9457) for programs; the code is the same."""

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError, IntegrityError
from starlette.exceptions import HTTPException

from alerts.console.access import Refused
from alerts.console.api.common import NotModified
from alerts.console.desk import Desk
from alerts.console.roles import Verdict
from alerts.errors import OncowireError, Transient
from alerts.store.engine import is_duplicate

log = structlog.get_logger()
STATUS = {
    "not_found": 404,
    "changed_meanwhile": 409,
    "user_exists": 409,
    "name_taken": 409,
    "label_taken": 409,
    "channel_exists": 409,
    "feed_exists": 409,
    "team_exists": 409,
    "other_teams": 409,
    "unknown_version": 404,
    "still_open": 409,
    "channel_waits": 409,
    "not_needed": 409,
    "too_soon": 409,
    "too_often": 409,
    "last_admin": 409,
    "key_reused": 409,
    "in_progress": 409,
    "precondition_failed": 412,
    "precondition_required": 428,
}
TITLES = {
    400: "That could not be read",
    401: "Not logged in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible here",
    409: "In conflict with what is there",
    410: "No longer there",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Not of a kind that is understood",
    422: "That cannot be done as given",
    428: "If-Match is needed",
    429: "Too many tries",
    500: "Something went wrong on our side",
    503: "Not now",
}
PROBLEM = "application/problem+json"


def register(made: FastAPI) -> None:
    """Answers for every kind of error."""
    made.add_exception_handler(Refused, _refused)
    made.add_exception_handler(NotModified, _not_modified)
    made.add_exception_handler(OncowireError, _expected)
    made.add_exception_handler(IntegrityError, _at_once)
    made.add_exception_handler(DataError, _not_kept)
    made.add_exception_handler(UnicodeEncodeError, _not_kept)
    made.add_exception_handler(RequestValidationError, _invalid)
    made.add_exception_handler(HTTPException, _http)
    made.add_exception_handler(Exception, _unexpected)


def is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """RFC 9457: `type` names the kind of problem, `code` is ours and stable."""
    body = {"type": f"urn:oncowire:problem:{code}", "title": TITLES.get(status, "Problem"), "status": status}
    return JSONResponse({**body, "detail": detail, "code": code, **more}, status, media_type=PROBLEM)


def refuse(request: Request, status: int, code: str, detail: str, **more: Any) -> Response:
    """The error as the caller can use it."""
    if is_api(request):
        return problem(status, code, detail, **more)
    title = TITLES.get(status, "Problem")
    return Desk(request).show("error.html", status, title=title, code=code, detail=detail)


def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refused)
    if exc.code == Verdict.SIGN_IN:
        if is_api(request):
            answer = problem(401, exc.code, "Send a token: Authorization: Bearer owt_…")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = f"/login?next={quote(wanted, safe='')}" if request.method == "GET" and wanted != "/" else "/login"
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    return refuse(request, 403, exc.code, exc.why)


def _not_modified(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, NotModified)
    return Response(status_code=304, headers={"ETag": exc.etag})


def _expected(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, OncowireError)
    status = 503 if isinstance(exc, Transient) else STATUS.get(exc.code, 422)
    faults = getattr(exc, "errors", None)  # of a file: each with its line
    return refuse(request, status, exc.code, exc.message, **({"errors": faults} if faults and is_api(request) else {}))


def _invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in e["loc"][1:]) or str(e["loc"][0]), "message": e["msg"]}
        for e in exc.errors()
    ]
    detail = "; ".join(f"{f['field']}: {f['message']}" for f in faults)[:1000]
    path_fault = any(e["loc"][0] == "path" for e in exc.errors())
    if path_fault and not is_api(request):
        return refuse(request, 404, "not_found", "There is nothing at this address.")
    return refuse(request, 422, "invalid_request", detail, **({"errors": faults} if is_api(request) else {}))


def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed", 415: "unsupported_type"}.get(exc.status_code, "http_error")
    detail = "There is nothing at this address." if exc.status_code == 404 else str(exc.detail)
    answer = refuse(request, exc.status_code, code, detail)
    for key, value in (exc.headers or {}).items():
        answer.headers[key] = value
    return answer


def _at_once(request: Request, exc: Exception) -> Response:
    """Two people make the same at the same moment: one look-up each, then two rows of which the database takes one."""
    assert isinstance(exc, IntegrityError)
    if not is_duplicate(exc):
        raise exc
    return refuse(
        request, 409, "changed_meanwhile", "Somebody else did the same at this very moment: look at it again."
    )


def _not_kept(request: Request, exc: Exception) -> Response:
    """What the gate does not see: a character or a number from inside a file that the database cannot keep."""
    log.warning("not_kept", path=request.url.path, error=type(exc).__name__)
    return refuse(request, 422, "cannot_be_kept", "The database cannot keep a text or number that was given.")


def _unexpected(request: Request, exc: Exception) -> Response:
    log.error("console_error", path=request.url.path, method=request.method, error=repr(exc))
    if is_api(request):
        return problem(500, "internal_error", "The error is in the log of the console.")
    return Response(
        "Something went wrong on our side; the error is in the log of the console. Go back and try again.\n",
        500,
        media_type="text/plain; charset=utf-8",
    )
