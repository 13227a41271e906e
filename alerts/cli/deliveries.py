# SPDX-License-Identifier: MIT
"""Commands that show what is in the store: items, deliveries."""

import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from sqlmodel import Session

from alerts.config import settings
from alerts.pipeline import open_store
from alerts.store import dump

AsJsonl = Annotated[bool, typer.Option("--jsonl", help="JSON Lines on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (items, deliveries):
        app.command()(command)


def items(as_jsonl: AsJsonl = False) -> None:
    """Every stored item with its facts."""
    dump_rows(dump.items, as_jsonl)


def deliveries(as_jsonl: AsJsonl = False) -> None:
    """Every delivery with its attempts."""
    dump_rows(dump.deliveries, as_jsonl)


def dump_rows(rows: Callable[[Session], Iterator[dict[str, Any]]], as_jsonl: bool) -> None:
    """One JSON object a line, as the contract has it."""
    if not as_jsonl:
        raise typer.BadParameter("only --jsonl is supported: one JSON object a line on standard output")
    with open_store(settings()) as store, store.read() as session:
        for row in rows(session):
            typer.echo(json.dumps(row, default=_text, ensure_ascii=False))


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
