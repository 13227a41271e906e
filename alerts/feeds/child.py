# SPDX-License-Identifier: MIT
"""The process that reads documents (started by sandbox.py): a request in, an answer out, until the input ends.

Its memory is bounded by RLIMIT_DATA, so that a document can make this process fail and nothing else.
"""

import json
import resource
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

from alerts.errors import OncowireError, Permanent
from alerts.feeds.discover import feed_links
from alerts.feeds.maintext import main_text
from alerts.feeds.page import parse_page
from alerts.feeds.parse import Selectors, parse

# Of data; what is mapped from files (libraries) comes to it: 15 to 21 MB, by the machine. A document may cost 200 MB in all.
MEMORY_BYTES = 165_000_000
_LENGTH = struct.Struct(">I")


def main() -> None:
    """Serve until standard input ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (head := _frame(source)) is not None:
        body = _frame(source)
        reply, healthy = _reply(json.loads(head), body or b"")
        sink.write(_LENGTH.pack(len(reply)) + reply)
        sink.flush()
        if not healthy:
            return


def _frame(source: BinaryIO) -> bytes | None:
    size = source.read(_LENGTH.size)
    return source.read(_LENGTH.unpack(size)[0]) if len(size) == _LENGTH.size else None


def _reply(request: dict[str, Any], body: bytes) -> tuple[bytes, bool]:
    """(the answer, whether this process can go on): after a lack of memory or a fault nobody thought of it makes room for
    a new one, and says so, or the next document would be given to a process that is ending."""
    try:
        answer = _WORK[request["what"]](body, request)
        return json.dumps({"answer": answer}, ensure_ascii=False).encode(errors="replace"), True
    except OncowireError as exc:
        family = "permanent" if isinstance(exc, Permanent) else "transient"
        return _refusal(family, exc.code, exc.message), True
    except MemoryError:
        why = "reading the document took more memory than a document may cost"
        return _refusal("transient", "document_too_big", why, last=True), False
    except Exception as exc:  # noqa: BLE001 - a document that breaks a parser is a bad document, told with what happened
        why = f"cannot be read: {type(exc).__name__}: {exc}"[:300]
        return _refusal("transient", "feed_malformed", why, last=True), False


def _refusal(family: str, code: str, message: str, *, last: bool = False) -> bytes:
    return json.dumps({"error": {"family": family, "code": code, "message": message}, "last": last}).encode()


def _feed(body: bytes, request: dict[str, Any]) -> Any:
    return parse(body, request["url"], request["content_type"], datetime.fromisoformat(request["now"])).dump()


def _page(body: bytes, request: dict[str, Any]) -> Any:
    selectors = Selectors.model_validate(request["selectors"])
    return parse_page(body, request["url"], selectors, datetime.fromisoformat(request["now"])).dump()


_WORK: dict[str, Callable[[bytes, dict[str, Any]], Any]] = {
    "feed": _feed,
    "page": _page,
    "links": lambda body, request: [link.model_dump() for link in feed_links(body, request["url"])],
    "article": lambda body, request: main_text(body, request["url"]),
}

if __name__ == "__main__":
    main()
