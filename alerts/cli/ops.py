# SPDX-License-Identifier: MIT
"""Commands for those who run it: doctor, notices."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from alerts.config import settings
from alerts.pipeline import doctor as checks
from alerts.pipeline import open_store, watch
from alerts.store import ops

notices_app = typer.Typer(
    help="What ops must know: told once when it starts and once when it is over.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(doctor)
    app.add_typer(notices_app, name="notices")


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check.")] = False) -> None:
    """Check settings, database, broker, mail relay, clock, disk and vocabulary, and say in plain words what to do."""
    found = checks.examine(settings(), datetime.now(UTC))
    screen = Console(highlight=False, soft_wrap=True)
    for check in found:
        if as_json:
            typer.echo(check.model_dump_json())
        else:
            mark = {"good": "[green]good[/]", "warn": "[yellow]look[/]", "bad": "[red]bad [/]"}[check.verdict]
            screen.print(f"{mark}  {check.name}: {check.text}", markup=True)
            if check.advice:
                screen.print(f"      → {check.advice}", markup=False)
    if any(check.verdict == "bad" for check in found):
        sys.exit(1)


@notices_app.command("list")
def notices_list(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a notice.")] = False) -> None:
    """Open notices, oldest first."""
    with open_store(settings()) as store, store.read() as session:
        rows = ops.open_notices(session)
    for row in rows:
        if as_json:
            typer.echo(json.dumps(row.model_dump(), default=str, ensure_ascii=False))
        else:
            typer.echo(f"{row.since:%Y-%m-%d %H:%M} UTC  {row.key}: {row.text}")
    if not rows and not as_json:
        typer.echo("No notices are open.")


@notices_app.command("test")
def notices_test() -> None:
    """Send a test notice to every channel of ONCOWIRE_OPS_CHANNELS; exit code 1 when one did not take it."""
    if not settings().ops_channels:
        typer.echo("ONCOWIRE_OPS_CHANNELS is empty: notices stand in the log and on the status page only", err=True)
        sys.exit(1)
    outcomes = watch.send_test(settings(), datetime.now(UTC))
    for channel, outcome in outcomes:
        typer.echo(f"{channel}: {outcome.kind.value} ({outcome.code})")
    if any(outcome.kind.value != "ok" for _, outcome in outcomes):
        sys.exit(1)
