# SPDX-License-Identifier: MIT
"""Commands on the templates that teams edit: list, show, check, preview, save, revert."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from alerts.config import settings
from alerts.errors import InputError
from alerts.model import ChannelKind
from alerts.pipeline import open_store
from alerts.pipeline import templates as pipeline
from alerts.store import ops, templates

templates_app = typer.Typer(
    help="Message templates of a team: YAML files with the parts of a message.", no_args_is_help=True
)
Team = Annotated[str, typer.Option(help="Team that owns the template.")]
Author = Annotated[str, typer.Option(help="Who changes it, for the history.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(templates_app, name="templates")


@templates_app.command("list")
def list_(team: Team = "default") -> None:
    """Every version, newest first, with what went wrong while it was in use."""
    with open_store(settings()) as store, store.write() as session:
        for row in templates.versions(session, ops.team_id(session, team, datetime.now(UTC))):
            faults = f"  failed on {row.fault_count}: {row.fault_text}" if row.fault_count else ""
            what = "own" if row.source else "Oncowire's layout"
            typer.echo(f"{row.channel_kind:6} {row.version:4} {row.at:%Y-%m-%d %H:%M} {row.author}  {what}{faults}")


@templates_app.command()
def show(channel: ChannelKind, version: int = 0, team: Team = "default") -> None:
    """A version as YAML, the newest without a number."""
    with open_store(settings()) as store, store.write() as session:
        rows = templates.versions(session, ops.team_id(session, team, datetime.now(UTC)), channel)
        row = next((r for r in rows if version in {0, r.version}), None)
        if row is None:
            raise InputError("unknown_version", "there is no such version of this template")
        typer.echo(yaml.safe_dump(dict(row.source), allow_unicode=True, sort_keys=False, default_style="|"), nl=False)


@templates_app.command()
def check(channel: ChannelKind, file: Path) -> None:
    """Print every fault as FILE:PART:LINE: code: message; exit 1 if there is any. Tried on samples and the last 50 stories."""
    source = _read(file)
    with open_store(settings()) as store, store.read() as session:
        found = pipeline.check(session, channel, source)
    for fault in found:
        typer.echo(f"{file}:{fault.part}:{fault.line}: {fault.code}: {fault.message}")
    if found:
        raise typer.Exit(1)


@templates_app.command()
def preview(channel: ChannelKind, file: Path, story: int | None = None, digest: bool = False) -> None:
    """The message as JSON, of a stored story or of a sample; --digest: a digest of the last 50 stories."""
    with open_store(settings()) as store, store.read() as session:
        made = pipeline.preview(session, channel, _read(file), story, digest=digest)
    typer.echo(json.dumps(made.model_dump(mode="json"), ensure_ascii=False, indent=2))


@templates_app.command()
def save(channel: ChannelKind, file: Path, team: Team = "default", author: Author = "command line") -> None:
    """Check it, then use it from now on. The version before stays and is used where this one fails."""
    now = datetime.now(UTC)
    with open_store(settings()) as store, store.write() as session:
        row = pipeline.save(session, ops.team_id(session, team, now), channel, _read(file), author, now)
        typer.echo(f"saved: {channel.value} {row.version}")


@templates_app.command()
def revert(channel: ChannelKind, version: int, team: Team = "default", author: Author = "command line") -> None:
    """Use an earlier version again, or 0: Oncowire's own layout."""
    now = datetime.now(UTC)
    with open_store(settings()) as store, store.write() as session:
        row = pipeline.revert(session, ops.team_id(session, team, now), channel, version, author, now)
        typer.echo(f"saved: {channel.value} {row.version}")


def _read(file: Path) -> dict[str, str]:
    """Raises InputError(bad_template_file)."""
    try:
        given: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise InputError("bad_template_file", f"{file}: {exc}") from None
    if not isinstance(given, dict) or not all(isinstance(v, str) for pair in given.items() for v in pair):
        raise InputError("bad_template_file", f"{file}: parts with their text are wanted (docs/templates.md)")
    return given
