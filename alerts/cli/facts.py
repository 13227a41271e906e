# SPDX-License-Identifier: MIT
"""Commands that read: classify."""

from collections.abc import Iterator
from itertools import count
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from alerts.cli import jsonl
from alerts.errors import OncowireError
from alerts.facts import reader
from alerts.facts.explain import Explanation, Mark, explain
from alerts.facts.vocabulary.current import current
from alerts.model import NewsItem

_STYLES = {
    "drug": "bold green",
    "indication": "bold magenta",
    "biomarker": "cyan",
    "regulator": "bold blue",
    "trial": "yellow",
    "event": "bold red",
}


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(classify)


def classify(
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON Lines in and out.")] = False,
    explained: Annotated[
        bool, typer.Option("--explain", help="For people: the text with marks, and the reason of every fact.")
    ] = False,
) -> None:
    """Read items (title, summary) into facts: drugs, cancers, event, regulators, trials, claims.

    A `published` that nobody can read is told under `warnings` (code bad_published); the item is read as undated.
    Standard input holds JSON Lines; with --explain alone it may also be plain text, the title in the first line.
    """
    if explained:
        _explain(as_jsonl)
        return
    if not as_jsonl:
        raise typer.BadParameter("give --jsonl (JSON Lines on standard input) or --explain")
    numbers = count(1)
    read = reader().read

    def one(record: dict[str, Any]) -> dict[str, Any]:
        item = jsonl.news_item(record, next(numbers))
        told = {"warnings": noted} if (noted := jsonl.warnings(record, item)) else {}
        return {"id": record.get("id", item.id), **told, **read(item).model_dump(mode="json")}

    jsonl.run(one)


def _explain(as_jsonl: bool) -> None:
    """Exit 1 if any line was faulty; the others are explained all the same."""
    console = Console(highlight=False, soft_wrap=True)
    faults = 0
    for item in _items(jsonl.standard_input().read(), as_jsonl):
        if isinstance(item, OncowireError):
            faults += 1
            typer.echo(f"{item.code}: {item.message}", err=True)
        else:
            _print(console, explain(reader(), current(), item))
    if faults:
        raise typer.Exit(1)


def _items(text: str, as_jsonl: bool) -> Iterator[NewsItem | OncowireError]:
    if not as_jsonl and not text.lstrip().startswith("{"):
        title, _, summary = text.strip().partition("\n")
        yield NewsItem(id="1", title=title, summary=summary.strip())
        return
    for number, line in enumerate(filter(str.strip, text.splitlines()), 1):
        try:
            yield jsonl.news_item(jsonl.record(line), number)
        except OncowireError as exc:
            yield exc


def _print(console: Console, told: Explanation) -> None:
    for field, text in (("title", told.item.title), ("summary", told.item.summary)):
        if text:
            marks = [m for m in told.marks if m.field == field]
            console.print(_coloured(text, marks) if console.is_terminal else Text(_bracketed(text, marks)))
    relevant = "about cancer" if told.facts.relevant else "not about cancer"
    console.print(Text(f"{relevant}; read by {told.facts.extractor_version}"), style="dim")
    for line in told.lines:
        head = Text(f"  {line.kind:11}", style=_STYLES.get(line.kind, "")) + Text(line.value, style="bold")
        console.print(head)
        for why in line.why:
            console.print(Text(f"             {why}"), style="dim")
    console.print()


def _coloured(text: str, marks: list[Mark]) -> Text:
    shown = Text(text)
    for mark in marks:
        shown.stylize(_STYLES[mark.kind] + ("" if mark.primary else " dim") + " underline", mark.start, mark.end)
    return shown


def _bracketed(text: str, marks: list[Mark]) -> str:
    """Plain text: [Cabometyx|drug], [sunitinib|drug mentioned]; of marks in one another the outer one is shown."""
    out, last = [], 0
    for mark in marks:
        if mark.start >= last:
            role = "" if mark.primary else " mentioned"
            out.append(f"{text[last : mark.start]}[{text[mark.start : mark.end]}|{mark.kind}{role}]")
            last = mark.end
    return "".join(out) + text[last:]
