# SPDX-License-Identifier: MIT
"""Commands on channels and on addresses that must not be written to."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlmodel import Session

from alerts.config import settings
from alerts.delivery.notes import Note
from alerts.errors import InputError
from alerts.model import AlertKind, ChannelKind
from alerts.pipeline import consent, endpoints, open_store
from alerts.store import channels, subscriptions
from alerts.store.engine import Store
from alerts.store.tables import Channel

channels_app = typer.Typer(help="Channels: what works, what died, switch on again, send a test.", no_args_is_help=True)
suppressions_app = typer.Typer(help="Addresses that are never written to.", no_args_is_help=True)
Wanted = Annotated[str, typer.Argument(help="Number or name of the channel (oncowire channels list).")]
Address = Annotated[str, typer.Argument(help="A mail address.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(channels_app, name="channels")
    app.add_typer(suppressions_app, name="suppressions")


@channels_app.command("list")
def list_channels() -> None:
    """Every channel with its state and its last error."""
    with open_store(settings()) as store, store.read() as session:
        for c in channels.every(session):
            typer.echo(f"{c.id:>5} {c.kind:<6} {c.state:<10} {c.last_error_code or '-':<22} {c.label}")


@channels_app.command()
def enable(channel: Wanted) -> None:
    """Use a channel again that was switched off; whoever was told that it died is told."""
    with open_store(settings()) as store, store.write() as session:
        found = _one(session, channel)
        if not channels.works(session, found) and found.state == "suppressed":
            raise InputError("suppressed", f"{found.label} is on the suppression list: oncowire suppressions remove")
        endpoints.revive(session, found, datetime.now(UTC))
        typer.echo(f"in use: {found.label}")


@channels_app.command()
def disable(channel: Wanted) -> None:
    """Send nothing there; its alerts go out by its fallback, if it has one."""
    with open_store(settings()) as store, store.write() as session:
        found = _one(session, channel)
        found.state = "disabled"
        typer.echo(f"switched off: {found.label}")


@channels_app.command()
def test(channel: Wanted) -> None:
    """Send a test message; also to a channel that is switched off, which an answer switches on again."""
    now = datetime.now(UTC)
    words = Note(subject="Test from Oncowire", paragraphs=("This channel works. No news came with this message.",))
    with open_store(settings()) as store, store.write() as session:
        found = _one(session, channel)
        key = f"test:{found.id}:{now.isoformat()}"
        made = endpoints.send_note(session, found, AlertKind.TEST, words, key, now)
        typer.echo(f"delivery {made}: due now")


@channels_app.command()
def confirm(channel: Wanted) -> None:
    """Ask an address again for its consent (three times at most, an hour apart)."""
    with open_store(settings()) as store, store.write() as session:
        asked = consent.ask(store, session, settings(), _one(session, channel), datetime.now(UTC))
    typer.echo(asked.value)
    if asked in {consent.Asked.TOO_SOON, consent.Asked.TOO_OFTEN}:
        raise typer.Exit(1)


def _one(session: Session, wanted: str) -> Channel:
    found = channels.find(session, wanted)
    if len(found) != 1:
        what = "no channel" if not found else f"{len(found)} channels"
        raise InputError("unknown_channel", f"{what} named {wanted!r}; the number is in oncowire channels list")
    return found[0]


# ── suppression list ─────────────────────────────────────────────────────────────────────────────


@suppressions_app.command("list")
def list_suppressions() -> None:
    """Every address that is never written to, and why."""
    with open_store(settings()) as store, store.read() as session:
        for row in channels.suppressions(session):
            typer.echo(f"{row.at:%Y-%m-%d %H:%M} {row.hint}: {row.reason}")


@suppressions_app.command()
def add(address: Address, reason: Annotated[str, typer.Option(help="Why, for the list.")] = "by hand") -> None:
    """Never write to this address again, in no team."""
    with open_store(settings()) as store, store.write() as session:
        new = channels.suppress(session, _fingerprint(store, address), address, reason, datetime.now(UTC))
    typer.echo(f"{'suppressed' if new else 'suppressed already'}: {address}")


@suppressions_app.command()
def remove(address: Address) -> None:
    """Write to this address again."""
    with open_store(settings()) as store, store.write() as session:
        fingerprint = _fingerprint(store, address)
        if not channels.release(session, fingerprint):
            raise InputError("not_suppressed", f"{address} is not on the list")
        for channel in channels.of_fingerprint(session, fingerprint):
            if channel.state == "suppressed":
                endpoints.revive(session, channel, datetime.now(UTC))
    typer.echo(f"in use again: {address}")


def _fingerprint(store: Store, address: str) -> str:
    if "@" not in address:
        raise InputError("bad_email", f"{address!r} is no mail address")
    return subscriptions.channel_fingerprint(store, ChannelKind.EMAIL, {"address": address.strip()})
