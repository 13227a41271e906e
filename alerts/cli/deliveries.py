# SPDX-License-Identifier: MIT
"""Commands that show what is in the store (items, deliveries), and those that send again."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlmodel import Session

from alerts.cli import channels
from alerts.config import settings
from alerts.errors import InputError
from alerts.pipeline import open_store
from alerts.store import deliveries as rows
from alerts.store import dump

AsJsonl = Annotated[bool, typer.Option("--jsonl", help="JSON Lines on standard output.")]
Ids = Annotated[list[int], typer.Argument(help="Numbers of deliveries (oncowire deliveries list).")]
deliveries_app = typer.Typer(help="Deliveries: what was sent, what was not, and sending it again.")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(items)
    app.add_typer(deliveries_app, name="deliveries")
    channels.register(app)


def items(as_jsonl: AsJsonl = False) -> None:
    """Every stored item with its facts."""
    dump_rows(dump.items, as_jsonl)


@deliveries_app.callback(invoke_without_command=True)
def deliveries(context: typer.Context, as_jsonl: AsJsonl = False) -> None:
    """Every delivery with its attempts (--jsonl), or one of the commands."""
    if context.invoked_subcommand is None:
        dump_rows(dump.deliveries, as_jsonl)


@deliveries_app.command("list")
def show_list(
    state: Annotated[str, typer.Option(help="Only these: pending, retry, unknown, sent, dead, suppressed.")] = "",
    newest: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
) -> None:
    """The newest deliveries, a line each."""
    with open_store(settings()) as store, store.read() as session:
        for row in dump.deliveries(session, newest=newest, state=state or None):
            name = row["subscription"] or row["kind"]
            last = row["attempts"][-1]["at"].strftime("%Y-%m-%d %H:%M") if row["attempts"] else "never tried"
            typer.echo(
                f"{row['id']:>6} {row['state']:<10} {row['reason']:<20} {last:<16} {row['channel']:<6} {row['to']}: {name}"
            )


@deliveries_app.command()
def show(delivery: Annotated[int, typer.Argument(help="Number of the delivery.")]) -> None:
    """One delivery as JSON: every attempt, and the payload as it is stored."""
    with open_store(settings()) as store, store.read() as session:
        found = next(dump.deliveries(session, only=delivery), None)
        if found is None:
            raise InputError("unknown_delivery", f"there is no delivery {delivery}")
        found["payload"] = rows.payload(session, delivery)
    typer.echo(json.dumps(found, default=_text, ensure_ascii=False, indent=2))


@deliveries_app.command()
def retry(ids: Ids) -> None:
    """Try again what ended without being sent, with the full count of attempts."""
    _reopen(ids, "retried_by_hand", {"dead", "suppressed"})


@deliveries_app.command()
def replay(ids: Ids) -> None:
    """Send the stored payload again byte for byte, whatever became of it: same text, same links, same Message-ID.

    A mailbox that kept the first copy may therefore drop this one; that is what makes a replay safe.
    """
    _reopen(ids, "replayed_by_hand", {"dead", "suppressed", "sent"}, payload=True)


def _reopen(ids: list[int], reason: str, states: set[str], *, payload: bool = False) -> None:
    now, refused = datetime.now(UTC), []
    with open_store(settings()) as store, store.write() as session:
        for number in ids:
            if rows.reopen(session, number, reason, states, now, payload=payload):
                typer.echo(f"delivery {number}: due now")
            else:
                refused.append(number)
    for number in refused:
        typer.echo(f"delivery {number}: not there, still under way, or nothing stored to send", err=True)
    if refused:
        raise typer.Exit(1)


def dump_rows(source: Callable[[Session], Iterator[dict[str, Any]]], as_jsonl: bool) -> None:
    """One JSON object a line, as the contract has it."""
    if not as_jsonl:
        raise typer.BadParameter("only --jsonl is supported: one JSON object a line on standard output")
    with open_store(settings()) as store, store.read() as session:
        for row in source(session):
            typer.echo(json.dumps(row, default=_text, ensure_ascii=False))


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
