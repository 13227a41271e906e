# SPDX-License-Identifier: MIT
"""Commands that read: classify."""

from itertools import count
from typing import Annotated, Any

import typer

from alerts.cli import jsonl
from alerts.facts import reader


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(classify)


def classify(
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON Lines in and out.")] = False,
) -> None:
    """Read items (title, summary) into facts: drugs, cancers, event, regulators, trials, claims."""
    if not as_jsonl:
        raise typer.BadParameter("only --jsonl is supported: one JSON object a line on standard input")
    numbers = count(1)
    read = reader().read

    def one(record: dict[str, Any]) -> dict[str, Any]:
        item = jsonl.news_item(record, next(numbers))
        return {"id": record.get("id", item.id), **read(item).model_dump(mode="json")}

    jsonl.run(one)
