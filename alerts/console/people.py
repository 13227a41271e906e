# SPDX-License-Identifier: MIT
"""What pages and API do to people and tokens of a team."""

import re
from typing import NamedTuple

from sqlmodel import Session

from alerts.console.desk import Desk, not_found
from alerts.console.roles import SCOPES
from alerts.errors import InputError
from alerts.store import accounts
from alerts.store.accounts import Seat
from alerts.store.tables import User


class Invited(NamedTuple):
    user: User
    link: str  # address with which the person sets a password, shown once; empty if the account had one already


def invite(session: Session, desk: Desk, email: str, name: str, role: str) -> Invited:
    """Into the team that is looked at; an account is made if there is none. Raises InputError(bad_email · bad_role · …)."""
    address = accounts.normal_email(email)
    if "@" not in address or not 3 <= len(address) <= 254 or any(c.isspace() for c in address):
        raise InputError("bad_email", f"{email[:80]!r} is no mail address.")
    user = accounts.user_by_email(session, address)
    new = user is None
    if user is None:
        user = accounts.create_user(session, address, name or address.partition("@")[0], desk.now)
    assert user.id is not None
    accounts.set_role(session, user.id, desk.actor.team_id, role)
    desk.audit(session, "user_added", f"user {address}", role=role)
    if not new and user.password_hash:
        return Invited(user, "")
    return Invited(user, _welcome(session, desk, user.id))


def _welcome(session: Session, desk: Desk, user_id: int) -> str:
    token = accounts.make_link(session, "invite", user_id, desk.now)
    return f"{desk.settings.public_url}/welcome/{token}"


def _mine(session: Session, desk: Desk, user_id: int) -> tuple[User, tuple[Seat, ...]]:
    """Somebody of the team that is looked at, with all teams that they are in. Raises InputError(not_found)."""
    user, seats = session.get(User, user_id), accounts.seats(session, user_id)
    if user is None or not any(seat.team_id == desk.actor.team_id for seat in seats):
        raise not_found("person in your team")
    return user, seats


def change_role(session: Session, desk: Desk, user_id: int, role: str | None) -> User:
    """Of somebody in the team; None takes them out of it."""
    user, _ = _mine(session, desk, user_id)
    accounts.set_role(session, user_id, desk.actor.team_id, role)
    desk.audit(session, "role_changed" if role else "user_removed", f"user {user.email}", role=role or "")
    return user


def new_link(session: Session, desk: Desk, user_id: int) -> str:
    """Address with which somebody of the team sets a new password. Only where the account is in no other team: else an
    admin here could take over somebody else's admin."""
    user, seats = _mine(session, desk, user_id)
    if len(seats) > 1:
        raise InputError("other_teams", "This person is in other teams too: whoever runs the service makes the link.")
    desk.audit(session, "link_made", f"user {user.email}")
    return _welcome(session, desk, user_id)


def make_token(session: Session, desk: Desk, label: str, scopes: list[str], days: int | None) -> str:
    """The token, shown once; it can never do more than the role of whoever made it."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise InputError("bad_scope", f"A token needs scopes of {', '.join(SCOPES)}.")
    if desk.actor.who.scopes is not None and not set(scopes) <= desk.actor.who.scopes:
        raise InputError("bad_scope", "A token can make only tokens that may do no more than itself.")
    label = " ".join(label.split())
    if not label:
        raise InputError("missing_label", "Give the token a name, so that you know it again.")
    token = accounts.make_token(
        session, desk.actor.user_id, desk.actor.team_id, label[:100], sorted(set(scopes)), desk.now, days
    )
    desk.audit(session, "token_made", f"token {label[:100]}", scopes=sorted(set(scopes)))
    return token


def drop_token(session: Session, desk: Desk, token_sha256: str) -> None:
    label = accounts.drop_token(session, desk.actor.team_id, token_sha256)
    if label is None:
        raise not_found("token")
    desk.audit(session, "token_ended", f"token {label}")


def make_team(session: Session, desk: Desk, name: str) -> Seat:
    """A new team; whoever makes it is its first admin. Raises InputError(missing_name · team_exists)."""
    name = " ".join(name.split())[:60]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise InputError("missing_name", "Give the team a name.")
    team = accounts.create_team(session, slug, name, desk.now)
    if team is None:
        raise InputError("team_exists", "There is a team of that name already.")
    accounts.set_role(session, desk.actor.user_id, team, "admin")
    accounts.audit(session, desk.actor.name, "team_made", f"team {slug}", desk.now, team_id=team)
    return Seat(team, slug, name, "admin")
