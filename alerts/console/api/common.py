# SPDX-License-Identifier: MIT
"""What every part of the API shares: documented errors, cursor paging, idempotency keys, entity tags."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
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
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")]
Words = Annotated[str, Query(max_length=200, description="Words that must all be there.")]


def asked(cursor: str | None, limit: int, q: str = "", **filters: str) -> Asked:
    """Raises InputError(bad_cursor)."""
    before = _number(cursor) if cursor else None
    return Asked(q=q, limit=limit + 1, filters=filters, before_id=before, counted=False)


def _number(cursor: str) -> int:
    return _in_range(_opened(cursor))


def _in_range(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= MAX_ID):
        raise InputError("bad_cursor", "This cursor was not made by this API.")
    return int(text)


def pair(cursor: str) -> tuple[int, int]:
    """Of a list that is ordered by two numbers. Raises InputError(bad_cursor)."""
    first, _, second = _opened(cursor).partition(",")
    return _in_range(first), _in_range(second)


def _opened(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("utf-8")
    except (ValueError, binascii.Error, UnicodeError):
        raise InputError("bad_cursor", "This cursor was not made by this API.") from None


def page_of(rows: Sequence[Any], limit: int, show: Callable[[Any], T], key: Callable[[Any], object]) -> dict[str, Any]:
    """`items`, and `next`: the cursor of the following page, null on the last one. `rows`: one more than the limit."""
    kept = rows[:limit]
    last = key(kept[-1]) if len(rows) > limit and kept else None
    following = base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=") if last is not None else None
    return {"items": [show(row) for row in kept], "next": following}


def part_of(
    rows: Iterable[Any], cursor: str | None, limit: int, show: Callable[[Any], T], key: Callable[[Any], str]
) -> dict[str, Any]:
    """A page of a list that is short enough to be held whole; `key` is what it is ordered by, and unique."""
    after = _opened(cursor) if cursor else ""
    return page_of([r for r in sorted(rows, key=key) if key(r) > after][: limit + 1], limit, show, key)


def after(rows: Iterable[Any], cursor: str | None) -> list[Any]:
    """Rows of a list that is held whole, the newest first, from the cursor on. Raises InputError(bad_cursor)."""
    before = _number(cursor) if cursor else MAX_ID + 1
    return sorted((row for row in rows if row.id < before), key=lambda row: -row.id)


def newest_first(number: int) -> str:
    """A key by which `part_of` gives the highest number first."""
    return f"{MAX_ID - number:010}"


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
    owner, asked_for = _owner(desk), _asked_for(desk, request_body)
    with desk.store.write() as session:
        if not accounts.claim_key(session, owner, key, asked_for, desk.now):
            return _kept(desk, session, key, asked_for) or _retry()
        body = make(session).model_dump_json()
        # Answers may hold what is shown once (a token, a link): they are kept sealed.
        accounts.keep_answer(session, owner, key, status, desk.store.secrets.seal({"body": body}))
        return _json(body, status)


def _retry() -> Response:
    raise InputError("in_progress", "The same request is being answered at this moment: send it again.")


def replayed(desk: Desk, key: str | None, request_body: Any) -> Response | None:
    """The answer that was given already: for a POST that works something out before it writes. Raises InputError(key_reused)."""
    if key is None:
        return None
    with desk.store.read() as session:
        return _kept(desk, session, key, _asked_for(desk, request_body))


def _owner(desk: Desk) -> str:
    return accounts.sha256(desk.request.headers.get("authorization", "") or f"user {desk.actor.user_id}")


def _asked_for(desk: Desk, request_body: Any) -> str:
    return hashlib.sha256(f"{desk.request.method} {desk.request.url.path} {request_body}".encode()).hexdigest()


def _kept(desk: Desk, session: Session, key: str, asked_for: str) -> Response | None:
    kept = accounts.answer_of(session, _owner(desk), key)
    if kept is None:
        return None
    if kept.request_sha256 != asked_for:
        raise InputError("key_reused", "This Idempotency-Key was used for another request.")
    return _json(desk.store.secrets.open(kept.body)["body"], kept.status, {"Idempotency-Replayed": "true"})


def etagged(made: Response) -> Response:
    """The answer of a POST about a rule, with the tag of the revision that it shows."""
    made.headers["ETag"] = etag(json.loads(bytes(made.body))["revision"])
    return made


def _json(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


# ── entity tags ──────────────────────────────────────────────────────────────────────────────────

IfMatch = Annotated[str | None, Header(max_length=100, description="ETag of the revision that you have seen.")]
IfNoneMatch = Annotated[str | None, Header(max_length=100)]


def etag(revision: int) -> str:
    return f'"r{revision}"'


def meets(given: str | None, revision: int) -> bool:
    """Whether a list of tags has the one of this revision, or is `*`.

    A proxy that compresses answers makes tags weak (`W/"r1"`): ours name a revision and no bytes, so that is the same tag.
    """
    tags = {tag.strip().removeprefix("W/") for tag in (given or "").split(",")}
    return bool(tags & {etag(revision), "*"})


class NotModified(Exception):
    """The caller has this revision already."""

    def __init__(self, revision: int) -> None:
        super().__init__(str(revision))
        self.etag = etag(revision)


def require_match(given: str | None, revision: int) -> None:
    """Raises InputError(precondition_required · precondition_failed)."""
    if given is None:
        raise InputError("precondition_required", "Send If-Match with the ETag of the revision that you have seen.")
    if not meets(given, revision):
        raise InputError("precondition_failed", f"It is at revision {revision} now; read it again.")


# ── files ────────────────────────────────────────────────────────────────────────────────────────


Schema = dict[str, Any]


def file_body(kind: str, schema: Schema, example: str) -> dict[str, Any]:
    """The description of a body that is a file, for `openapi_extra`. `schema`: of what it says."""
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema, "example": example}}}}


def file_answer(kind: str, schema: Schema, description: str, example: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {kind: {"schema": schema, "example": example}}}}


async def _bytes(request: Request) -> bytes:
    return await request.body()


FileBytes = Annotated[bytes, Depends(_bytes)]


def _text(body: FileBytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeError:
        raise InputError("bad_encoding", "The file is not UTF-8.") from None


FileText = Annotated[str, Depends(_text)]
Id = Annotated[int, Path(ge=1, le=MAX_ID)]
