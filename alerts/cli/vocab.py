# SPDX-License-Identifier: MIT
"""Commands on the vocabulary: vocab lookup, check, overlay check."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.describe import describe, named, near
from alerts.facts.vocabulary import load_with, overlay
from alerts.facts.vocabulary.check import check as troubles
from alerts.facts.vocabulary.current import current, team_folder

vocab_app = typer.Typer(help="The drugs, cancers and bodies that are known by name.", no_args_is_help=True)
overlay_app = typer.Typer(help="A team's own names, as YAML on top of the shipped ones.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    vocab_app.add_typer(overlay_app, name="overlay")
    app.add_typer(vocab_app, name="vocab")


@vocab_app.command()
def lookup(name: str, as_json: AsJson = False) -> None:
    """What is known under a name, brand, code or id: synonyms, what is above and below it, sources, classes, targets."""
    tree = concepts()
    found = named(tree, name)
    if not found:
        raise InputError(
            "unknown_name", f"nothing is known as {name!r}; near: {', '.join(near(tree, name)) or 'nothing'}"
        )
    for ref in found:
        told = describe(current(), tree, ref)
        typer.echo(json.dumps(told, ensure_ascii=False) if as_json else _in_words(told))


def _in_words(told: dict[str, Any]) -> str:
    lines = [f"{told['name']}  ({told['kind']} {told['id']})"]
    for field, value in told.items():
        if field in {"kind", "id", "name", "children_count"} or value in (None, [], ""):
            continue
        shown = value if isinstance(value, list) else [value]
        words = [f"{v['name']} ({v.get('needs') or v['id']})" if isinstance(v, dict) else str(v) for v in shown]
        more = told["children_count"] - len(shown) if field == "children" else 0
        lines.append(f"  {field + ':':14}{', '.join(words)}{f' and {more} more' if more > 0 else ''}")
    return "\n".join(lines)


@vocab_app.command()
def check() -> None:
    """Names that mean two things, entries that lead nowhere, approved drugs without a class; exit 1 if there is any."""
    _tell(map(str, troubles(current())))


@overlay_app.command("check")
def check_overlay(files: list[Path]) -> None:
    """Print every fault of overlay files as FILE:LINE: code: message, as if they lay in the team's folder; exit 1 if any."""
    faults = [str(fault) for file in files for fault in overlay.read(file)[1]]
    if not faults:
        known = set(map(str, troubles(current())))
        for file in files:
            new = [t for t in troubles(load_with([file], team_folder())) if str(t) not in known]
            faults += [
                f"{file}:{overlay.line_of(file, t.subject, t.message)}: {t.code}: {t.subject}: {t.message}" for t in new
            ]
    _tell(faults)


def _tell(faults: Any) -> None:
    lines = list(faults)
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
