# SPDX-License-Identifier: MIT
"""JSON Lines in and out, as every `--jsonl` command speaks it (contract): one object a line, order kept."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import TextIOWrapper
from typing import Any, TextIO

from alerts.errors import InputError, OncowireError
from alerts.model import NewsItem

_SHOWN_CHARS = 60  # of a value that could not be read
MAX_LINE_CHARS = 2_000_000  # a 1 MB article still passes; more is an error line, not a memory problem


def run(
    work: Callable[[dict[str, Any]], dict[str, Any]], source: TextIO | None = None, sink: TextIO | None = None
) -> None:
    """Apply `work` to each input object and print its answer; a bad line gives an error line and the rest goes on."""
    sink = sink or sys.stdout
    for record in _answers(work, source or standard_input()):
        sink.write(json.dumps(record, ensure_ascii=False) + "\n")
        sink.flush()


def standard_input() -> TextIO:
    """Standard input; a byte that is no UTF-8 is shown as a character that is not known and costs nothing else."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin


def _answers(work: Callable[[dict[str, Any]], dict[str, Any]], source: TextIO) -> Iterator[dict[str, Any]]:
    for line in source:
        if not line.strip():
            continue
        try:
            yield work(record(line))
        except OncowireError as exc:
            yield {**_id_of(line), "error": {"code": exc.code, "message": exc.message}}


def record(line: str) -> dict[str, Any]:
    if len(line) > MAX_LINE_CHARS:
        raise InputError("line_too_long", f"the line has more than {MAX_LINE_CHARS:,} characters")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise InputError("bad_json", f"not a JSON object: {exc}") from None
    if not isinstance(value, dict):
        raise InputError("bad_json", f"a line must be a JSON object, not {type(value).__name__}")
    return value


def _id_of(line: str) -> dict[str, Any]:
    """The id of a faulty line where it can be read, so that its owner finds it."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return {"id": value["id"]} if isinstance(value, dict) and isinstance(value.get("id"), str | int) else {}


def news_item(record: dict[str, Any], number: int = 0) -> NewsItem:
    """An item of the contract's input form. Raises InputError(bad_item) on a wrong type or a missing title."""
    for key in ("title", "summary", "link", "published"):
        if record.get(key) is not None and not isinstance(record[key], str):
            raise InputError("bad_item", f"{key} must be text, not {type(record[key]).__name__}")
    if record.get("title") is None:
        raise InputError("bad_item", "title is missing")
    published = record.get("published")
    return NewsItem(
        id=str(record.get("id", number)),
        title=record["title"],
        summary=record.get("summary") or "",
        link=record.get("link") or "",
        published=moment(published) if published else None,
        source=_outlet(record),
    )


def warnings(record: dict[str, Any], item: NewsItem) -> list[dict[str, str]]:
    """What of a good line could not be used, with a code as an error has: an odd date costs the date, not the item."""
    if not record.get("published") or item.published is not None:
        return []
    shown = record["published"][:_SHOWN_CHARS]
    message = f"published is no ISO 8601 or RFC 5322 date, so the item is read as undated: {shown!r}"
    return [{"code": "bad_published", "message": message}]


def _outlet(record: dict[str, Any]) -> str:
    """The outlet's name; collections put other things under `source`, which must not cost the item."""
    return next((v for k in ("source", "outlet") if isinstance(v := record.get(k), str)), "")


def moment(text: str) -> datetime | None:
    """ISO 8601 or RFC 5322 text → UTC; None if neither (a publisher's odd date is no reason to lose an item)."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            value = parse(text.strip())
        except (ValueError, TypeError, IndexError):
            continue
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            return None
    return None
