# SPDX-License-Identifier: MIT
"""Commands on people: make an account, a link to log in, list, switch off."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from alerts.config import settings
from alerts.errors import InputError
from alerts.pipeline import open_store
from alerts.store import accounts, ops

users_app = typer.Typer(help="People of the console: accounts and log-in links.", no_args_is_help=True)
WHO = "command line"


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(users_app, name="user")


@users_app.command()
def create(
    email: str,
    name: Annotated[str, typer.Option(help="Shown in histories and lists; default: the part before the @.")] = "",
    team: Annotated[str, typer.Option(help="Team; made if it is new.")] = ops.DEFAULT_TEAM,
    role: Annotated[str, typer.Option(help="viewer, editor or admin")] = "admin",
) -> None:
    """Make an account (or put an existing one into a team) and print a link with which its owner sets a password."""
    if "@" not in email:
        raise InputError("bad_email", f"{email!r} is no mail address")
    now = datetime.now(UTC)
    with open_store(settings()) as store, store.write() as session:
        user = accounts.user_by_email(session, email) or accounts.create_user(
            session, email, name or email.partition("@")[0], now
        )
        assert user.id is not None
        team_id = ops.team_id(session, team, now)
        accounts.set_role(session, user.id, team_id, role)
        detail = {"role": role, "team": team}
        accounts.audit(session, WHO, "user_created", f"user {user.email}", now, team_id=team_id, detail=detail)
        token = accounts.make_link(session, "invite", user.id, now)
    typer.echo(f"{user.email}: {role} of {team}. Set a password at {settings().public_url}/welcome/{token}")


@users_app.command()
def link(email: str) -> None:
    """Print a new link with which somebody sets a new password (three days, works once)."""
    now = datetime.now(UTC)
    with open_store(settings()) as store, store.write() as session:
        user = accounts.user_by_email(session, email)
        if user is None:
            raise InputError("unknown_user", f"{email} has no account; oncowire user create {email}")
        token = accounts.make_link(session, "invite", user.id, now)
        accounts.audit(session, WHO, "link_made", f"user {user.email}", now)
    typer.echo(f"{settings().public_url}/welcome/{token}")


@users_app.command("list")
def list_users() -> None:
    """Every account with its teams and roles."""
    with open_store(settings()) as store, store.read() as session:
        for user in accounts.users(session):
            seats = ", ".join(f"{s.role} of {s.slug}" for s in accounts.seats(session, user.id or 0)) or "in no team"
            typer.echo(f"{user.email}: {seats}{'' if user.active else ' (switched off)'}")


@users_app.command()
def disable(email: str, on: Annotated[bool, typer.Option("--on", help="Switch on again.")] = False) -> None:
    """Switch an account off: its sessions and tokens end at once."""
    now = datetime.now(UTC)
    with open_store(settings()) as store, store.write() as session:
        user = accounts.user_by_email(session, email)
        if user is None or user.id is None:
            raise InputError("unknown_user", f"{email} has no account")
        accounts.set_active(session, user.id, active=on)
        accounts.audit(session, WHO, "user_enabled" if on else "user_disabled", f"user {user.email}", now)
    typer.echo(f"{user.email}: {'on' if on else 'off'}")
