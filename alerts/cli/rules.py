# SPDX-License-Identifier: MIT
"""Commands on rule files: check, test, apply."""

from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts.cli import jsonl
from alerts.config import settings
from alerts.errors import InputError
from alerts.facts import concepts, reader
from alerts.pipeline import open_store, rulefiles
from alerts.store.engine import Store
from alerts.subscriptions import SubscriptionSpec, match, parse

rules_app = typer.Typer(help="Rule files: check them, try them, apply them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(rules_app, name="rules")


@rules_app.command()
def check(files: list[Path]) -> None:
    """Print every fault of the files as FILE:LINE: code: message; exit 1 if there is any."""
    lines = [line for file in files for line in _faults(file)]
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)


def _faults(file: Path) -> list[str]:
    parsed = parse(_read(file), concepts(), settings().webhook_hosts)
    return [f"{file}:{fault.line}: {fault.code}: {fault.message}" for fault in parsed.faults]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError("unreadable_file", f"{file}: {exc}") from None


@rules_app.command("test")
def try_rules(
    file: Path,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON Lines in and out.")] = False,
) -> None:
    """Try a rule file on items: does any of its rules match, why, and which conditions failed."""
    if not as_jsonl:
        raise typer.BadParameter("only --jsonl is supported: one JSON object a line on standard input")
    parsed = parse(_read(file), concepts(), settings().webhook_hosts)
    if parsed.faults:
        raise InputError("faulty_rules", "; ".join(_faults(file)))
    numbers = count(1)
    jsonl.run(lambda record: _tried(record, next(numbers), parsed.specs))


def _tried(record: dict[str, Any], number: int, specs: list[SubscriptionSpec]) -> dict[str, Any]:
    item = jsonl.news_item(record, number)
    facts = reader().read(item)
    tried = [(spec.name, match(spec.rule, item, facts, concepts())) for spec in specs]
    name, best = next(((n, m) for n, m in tried if m.match), min(tried, key=lambda t: len(t[1].failed)))
    return {
        "id": record.get("id", item.id),
        "match": best.match,
        "subscription": name,
        "reasons": [r.model_dump(mode="json") for r in best.reasons],
        "failed": list(best.failed),
    }


@rules_app.command()
def apply(
    files: list[Path],
    team: Annotated[str, typer.Option(help="Team that owns the subscriptions.")] = "default",
) -> None:
    """Put the subscriptions of the files into the store: made, changed or left as they are."""
    lines = [line for file in files for line in _faults(file)]
    for line in lines:
        typer.echo(line, err=True)
    if lines:
        raise typer.Exit(1)
    with open_store(settings()) as store:
        for file in files:
            for name, outcome in _applied(store, file, team):
                typer.echo(f"{outcome}: {name}")


def _applied(store: Store, file: Path, team: str) -> list[tuple[str, str]]:
    opt_in = settings().double_opt_in
    return rulefiles.apply(store, file, team, settings().webhook_hosts, opt_in=opt_in)
