# SPDX-License-Identifier: MIT
"""What every part of the API shares: documented errors, cursor paging, idempotency keys, entity tags."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from alerts.console.access import GuardedRoute
from alerts.console.desk import Desk
from alerts.errors import InputError
from alerts.store import accounts
from alerts.store.browse import Asked

PREFIX = "/api/v1"
MAX_ID = 2**31 - 1  # of the store's integer keys
T = TypeVar("T")


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `detail` is for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:oncowire:problem:not_found", "title": "Nothing here", "status": 404,
                "detail": "There is no such rule.", "code": "not_found",
            }
        }
    )  # fmt: skip

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] | None = None


def _answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": DESCRIPTIONS[status], "content": content} for status in statuses}


DESCRIPTIONS = {
    400: "The body is no JSON",
    401: "No token, or one that is unknown or has ended",
    403: "The role or the token's scopes do not allow it",
    404: "Nothing of that id in your team",
    409: "In conflict with what is there",
    412: "It was changed meanwhile: read it again",
    413: "More than 4 MiB",
    422: "It cannot be done as given; `detail` says why",
    428: "If-Match is needed",
    503: "Not now; try again later",
}
ALWAYS = _answers(400, 401, 403, 413, 422, 503)
MISSING = _answers(404)
CONFLICT = _answers(409)
CHANGED = _answers(404, 409, 412, 428)


def router(tag: str) -> APIRouter:
    """A router of the API: guarded, documented, with the errors that any call may give."""
    return APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=[tag], responses=ALWAYS)


# ── paging ───────────────────────────────────────────────────────────────────────────────────────

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before.")]
Words = Annotated[str, Query(max_length=200, description="Words that must all be there.")]


def asked(cursor: str | None, limit: int, q: str = "", **filters: str) -> Asked:
    """Raises InputError(bad_cursor)."""
    return Asked(q=q, limit=limit + 1, filters=filters, before_id=_opened(cursor) if cursor else None)


def _opened(cursor: str) -> int:
    try:
        number = int(base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("ascii"))
    except (ValueError, binascii.Error, UnicodeError):
        raise InputError("bad_cursor", "This cursor was not made by this API.") from None
    if not 0 < number <= MAX_ID:
        raise InputError("bad_cursor", "This cursor was not made by this API.")
    return number


def page_of(rows: list[Any], limit: int, show: Callable[[Any], T], key: Callable[[Any], int | None]) -> dict[str, Any]:
    """`items`, and `next`: the cursor of the following page, null on the last one."""
    kept = rows[:limit]
    last = key(kept[-1]) if len(rows) > limit and kept else None
    following = base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=") if last else None
    return {"items": [show(row) for row in kept], "next": following}


# ── idempotency ──────────────────────────────────────────────────────────────────────────────────

IdempotencyKey = Annotated[
    str | None,
    Header(max_length=100, min_length=1, pattern=r"^[\x21-\x7e]+$",
           description="The same key sent again with the same request gives the first answer and does nothing again."),
]  # fmt: skip


def once(
    desk: Desk, key: str | None, request_body: Any, make: Callable[[Session], BaseModel], status: int = 201
) -> Response:
    """Carry out a POST, once for each key. Raises InputError(key_reused · in_progress).

    What is done and the note that it was done are one transaction: neither is there without the other.
    """
    if key is None:
        with desk.store.write() as session:
            return _json(make(session).model_dump_json(), status)
    who = desk.request.headers.get("authorization", "") or f"user {desk.actor.user_id}"
    asked_for = f"{desk.request.method} {desk.request.url.path} {request_body}"
    digest, owner = hashlib.sha256(asked_for.encode()).hexdigest(), accounts.sha256(who)
    with desk.store.write() as session:
        kept = accounts.answer_of(session, owner, key)
        if kept is None:
            body = make(session).model_dump_json()
            accounts.keep_answer(session, owner, key, digest, status, body, desk.now)
            return _json(body, status)
    if kept.request_sha256 != digest:
        raise InputError("key_reused", "This Idempotency-Key was used for another request.")
    return _json(kept.body, kept.status, {"Idempotency-Replayed": "true"})


def _json(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


# ── entity tags ──────────────────────────────────────────────────────────────────────────────────

IfMatch = Annotated[str | None, Header(max_length=100, description="ETag of the revision that you have seen.")]
IfNoneMatch = Annotated[str | None, Header(max_length=100)]


def etag(revision: int) -> str:
    return f'"r{revision}"'


class NotModified(Exception):
    """The caller has this revision already."""

    def __init__(self, revision: int) -> None:
        super().__init__(str(revision))
        self.etag = etag(revision)


def require_match(given: str | None, revision: int) -> None:
    """Raises InputError(precondition_required · precondition_failed)."""
    if given is None:
        raise InputError("precondition_required", "Send If-Match with the ETag of the revision that you have seen.")
    if given.strip() not in {etag(revision), "*"}:
        raise InputError("precondition_failed", f"It is at revision {revision} now; read it again.")


Id = Annotated[int, Path(ge=1, le=MAX_ID)]
