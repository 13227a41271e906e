# SPDX-License-Identifier: MIT
"""Commands on the vocabulary: vocab lookup, check, build, refresh, overlay check, review."""

import getpass
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts.config import settings
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.describe import describe, named, near, plain
from alerts.facts.vocabulary import FOLDER, build, edits, load_with, overlay, rows_of
from alerts.facts.vocabulary.assemble import Rows
from alerts.facts.vocabulary.check import check as troubles
from alerts.facts.vocabulary.current import current, team_folder
from alerts.pipeline import open_store
from alerts.pipeline import vocabulary as changes
from alerts.store import novel, vocabulary
from alerts.store.engine import Store

vocab_app = typer.Typer(help="The drugs, cancers and bodies that are known by name.", no_args_is_help=True)
overlay_app = typer.Typer(help="People's own names on top of the shipped ones.", no_args_is_help=True)
review_app = typer.Typer(help="Names that look like new drugs and wait for a person.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    vocab_app.add_typer(overlay_app, name="overlay")
    vocab_app.add_typer(review_app, name="review")
    app.add_typer(vocab_app, name="vocab")


@vocab_app.command()
def lookup(name: str, as_json: AsJson = False) -> None:
    """What is known under a name, brand, code or id: synonyms, what is above and below it, sources, classes, targets;
    companies and trials by their names.
    """
    tree, v = concepts(), current()
    found = [*(describe(v, tree, ref) for ref in named(tree, name)), *plain(v, name)]
    if not found:
        raise InputError(
            "unknown_name", f"nothing is known as {name!r}; near: {', '.join(near(tree, name)) or 'nothing'}"
        )
    for told in found:
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


From = Annotated[Path, typer.Option("--from", exists=True, file_okay=False, help="Folder with the sources' files.")]


@vocab_app.command("build")
def build_rows(
    source: From,
    write: Annotated[
        bool, typer.Option("--write", help="Write the files; without it only the differences are shown.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option("--source", help="Only this source (may be repeated).")] = None,
) -> None:
    """Make the shipped drugs.jsonl and indications.jsonl again from the sources, for developers; shows what would change."""
    sources = _sources(source, only)
    old = rows_of()
    new = build.rebuilt(old, sources)
    _differences(old, new)
    if write:
        for path in build.write(new, FOLDER):
            typer.echo(f"written: {path}", err=True)


@vocab_app.command()
def refresh(
    source: From,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Give up what the new files no longer have.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option("--source", help="Only this source (may be repeated).")] = None,
) -> None:
    """Take up fresh downloads of the sources as this installation's own base; refuses to lose what is known (exit 1)."""
    sources = _sources(source, only)
    old = rows_of(team_folder())
    gone = build.lost(old, sources)
    if gone and not accept_loss:
        for loss in gone:
            typer.echo(str(loss))
        raise InputError(
            "would_lose",
            f"{len(gone)} known ids are not in the new files; --accept-loss gives them up. Nothing was changed",
        )
    new = build.rebuilt(old, sources, drop=gone)
    _differences(old, new)
    for path in build.write(new, team_folder() / "base"):
        typer.echo(f"written: {path}; a running service takes it up within seconds", err=True)


def _sources(folder: Path, only: list[str] | None) -> build.Sources:
    sources = build.read_sources(folder, tuple(only or ()))
    for name, records in sources.records.items():
        typer.echo(f"{name}: {len(records):,} records", err=True)
    for note in sources.notes:
        typer.echo(f"note: {note}", err=True)
    return sources


def _differences(old: Rows, new: Rows) -> None:
    told = [change for file in build.KINDS for change in build.changes(old[file], new[file])]
    for change in told:
        typer.echo(str(change))
    counts = Counter(change.what for change in told)
    typer.echo(", ".join(f"{counts[w]} {w}" for w in ("added", "removed", "changed")), err=True)


@review_app.command("list")
def review_list(
    state: Annotated[str, typer.Option(help="open · accepted · refused")] = "open", as_json: AsJson = False
) -> None:
    """Unknown names seen in news of cancer, the most frequent first."""
    with open_store(settings()) as store, store.read() as session:
        rows = [row.model_dump(mode="json") for row in novel.queue(session, state)]
    for row in rows:
        line = f"{row['seen_count']:>5}  {row['name']:28}{row['reason']}"
        typer.echo(json.dumps(row, ensure_ascii=False) if as_json else line)


@review_app.command()
def accept(
    name: str,
    known_as: Annotated[str | None, typer.Option("--as", help="It is one more name of this drug.")] = None,
) -> None:
    """The name is a drug (or, with --as, another name of one): every process reads with it within seconds."""
    with open_store(settings()) as store:
        name = _queued(store, name)
        inn = concepts().resolve("drug", known_as) if known_as else None
        if known_as and (inn is None or inn.kind != "drug"):
            raise InputError("unknown_name", f"no drug is known as {known_as!r}; accept it without --as first")
        _save(store, edits.known_as(current(), inn, name) if inn else edits.new_drug(name, novel=name))


@review_app.command()
def refuse(name: str) -> None:
    """The name is no drug: it is not told as one again."""
    with open_store(settings()) as store:
        _save(store, edits.no_drug(_queued(store, name)))


def _queued(store: Store, name: str) -> str:
    with store.read() as session:
        return novel.named(session, name).name


def _save(store: Store, edit: edits.Edit) -> None:
    saved = changes.save(store, edit, getpass.getuser(), datetime.now(UTC))
    typer.echo(f"{saved.edit_id}: {edit.said}; {saved.again} stored items are read again")


@overlay_app.command("list")
def list_changes(as_json: AsJson = False) -> None:
    """Every change that people made, here or in the console, the newest first."""
    with open_store(settings()) as store, store.read() as session:
        rows = [row.model_dump(mode="json") for row in vocabulary.all_edits(session)]
    for row in rows:
        back = f" (taken back by {row['undone_by']})" if row["undone_at"] else ""
        line = f"{row['id']:>5}  {row['at'][:16]}  {row['author']}: {row['said']}{back}"
        typer.echo(json.dumps(row, ensure_ascii=False) if as_json else line)


@overlay_app.command("apply")
def apply_overlay(file: Path) -> None:
    """Make an overlay file one change, which every process of the installation reads with; `undo` takes it back."""
    with open_store(settings()) as store:
        _save(store, edits.from_yaml(_text(file), file.name))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError("unreadable_file", f"{file}: {exc}") from None


@overlay_app.command("undo")
def undo_change(number: int) -> None:
    """Take a change back, by the number that `list` shows."""
    with open_store(settings()) as store:
        saved = changes.undo(store, number, getpass.getuser(), datetime.now(UTC))
    typer.echo(f"{number} taken back; {saved.again} stored items are read again")


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
