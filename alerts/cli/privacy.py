# SPDX-License-Identifier: MIT
"""Commands on what is kept: remove what is old, show or erase what is known about an address, change the keys."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from alerts.config import settings
from alerts.errors import InputError
from alerts.pipeline import open_store
from alerts.pipeline.retention import policy
from alerts.store import accounts, privacy, retention

WHO = "command line"
subscriber_app = typer.Typer(help="What is known about one mail address (GDPR).", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(prune)
    app.add_typer(subscriber_app, name="subscriber")


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
) -> None:
    """Remove what is older than the settings keep_…_days say. Runs by itself once a day."""
    now = datetime.now(UTC)
    with open_store(settings()) as store:
        counted = (retention.count if dry_run else retention.prune)(store, policy(settings()), now)
    for name, count in counted.items():
        typer.echo(f"{name}: {count}")


@subscriber_app.command("export")
def export(address: str) -> None:
    """Everything that is tied to the address, as JSON on standard output."""
    with open_store(settings()) as store, store.read() as session:
        found = privacy.export(store, session, _address(address))
    typer.echo(json.dumps(found, default=_text, ensure_ascii=False, indent=2))


@subscriber_app.command("erase")
def erase(
    address: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase the address for good; only a keyed hash stays, so that it is never written to again."""
    if not yes:
        typer.confirm(f"Erase everything about {address}? This cannot be undone", abort=True)
    now = datetime.now(UTC)
    with open_store(settings()) as store, store.write() as session:
        done = privacy.erase(store, session, _address(address), now)
        subject = f"address {privacy.fingerprint(store, address)[:12]}"
        accounts.audit(session, WHO, "address_erased", subject, now, detail=dict(done))
    typer.echo(", ".join(f"{name}: {count}" for name, count in done.items()))


def _address(text: str) -> str:
    if "@" not in text:
        raise InputError("bad_email", f"{text!r} is no mail address")
    return accounts.normal_email(text)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
