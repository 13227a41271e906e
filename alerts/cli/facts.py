# SPDX-License-Identifier: MIT
"""Commands that read: classify, vocab lookup."""

import json
from itertools import count
from typing import Annotated, Any

import typer

from alerts.cli import jsonl
from alerts.errors import InputError
from alerts.facts import concepts, reader

vocab_app = typer.Typer(help="Look into the vocabulary.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(classify)
    app.add_typer(vocab_app, name="vocab")


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


@vocab_app.command()
def lookup(name: str) -> None:
    """What the vocabulary knows under a name: concept, and everything above it."""
    tree = concepts()
    found = [
        ref
        for kind in ("drug", "indication", "biomarker", "regulator", "class", "target")
        if (ref := tree.resolve(kind, name))
    ]
    if not found:
        near = [s.name for kind in ("drug", "indication") for s in tree.suggest(kind, name)]
        raise InputError("unknown_name", f"nothing is known as {name!r}; near: {', '.join(near) or 'nothing'}")
    for ref in found:
        above = sorted(tree.ancestors(ref.id) - {ref.id})
        typer.echo(json.dumps({**ref.model_dump(), "above": above}, ensure_ascii=False))
