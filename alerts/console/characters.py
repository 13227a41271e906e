# SPDX-License-Identifier: MIT
"""Characters that no text may hold: NUL, which PostgreSQL keeps nowhere and nobody means, and halves of characters.

Refused at the gate, whatever the database, so that no field of no form or body has to think of it.
"""

import json
from typing import Any

from fastapi import Request

from alerts.errors import InputError

_ESCAPED = (b"\\u0000", b"\\ud8", b"\\ud9", b"\\uda", b"\\udb", b"\\udc", b"\\udd", b"\\ude", b"\\udf")


async def refuse_odd(request: Request) -> None:
    """Look at path, query and, of forms and JSON, the body. Raises InputError(bad_character)."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise _refused()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded") and b"%00" in await request.body():
        raise _refused()
    if "json" in kind and _odd_json(await request.body()):
        raise _refused()


def _refused() -> InputError:
    return InputError("bad_character", "A text holds a character that cannot be kept (NUL, or half a character).")


def _odd_json(body: bytes) -> bool:
    """Most bodies have no such escape at all; what cannot be read is refused by whoever reads it."""
    folded = body.lower()
    if not any(escape in folded for escape in _ESCAPED):
        return False
    try:
        return _odd(json.loads(body))
    except (ValueError, RecursionError):
        return False


def _odd(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(_odd(key) or _odd(part) for key, part in value.items())
    return isinstance(value, list) and any(map(_odd, value))
