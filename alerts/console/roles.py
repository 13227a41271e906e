# SPDX-License-Identifier: MIT
"""Who may do what: roles in a team, scopes of a token, and what each route asks for. Pure.

Every route says what it needs, by `@needs(Role.EDITOR, "rules:write")` or `@public("why")`; one that says nothing cannot
be added to the application (alerts.console.access.GuardedRoute). ADR 0030.
"""

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeVar

from alerts.store.accounts import Seat, Who

SCOPES = {
    "read": "read everything of the team",
    "rules:write": "make and change rules",
    "channels:write": "make, change and test channels",
    "deliveries:write": "retry and replay deliveries",
    "stories:write": "split and merge stories, say what is not relevant",
    "feeds:write": "add and change feeds",
    "vocabulary:write": "change the vocabulary's overlay and its review queue",
    "admin": "people, tokens, audit",
}


class Role(IntEnum):
    """What somebody is in a team; each may do all that the one before may."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3

    @classmethod
    def of(cls, name: str) -> "Role":
        return cls[name.upper()]


class Need(NamedTuple):
    """What a route asks for. `role` None: anybody may (then `why` says why that is right)."""

    role: Role | None
    scope: str = "read"
    why: str = ""
    form: bool = (
        True  # what changes something comes from a form of ours (CSRF token); False: a signed link is the proof
    )


class Verdict(StrEnum):
    OPEN = "open"  # the route is public
    GRANTED = "granted"
    SIGN_IN = "sign_in"  # nobody has signed in, or the session ended
    NO_TEAM = "no_team"  # signed in, but in no team (or not in the one asked for)
    ROLE = "role"  # the role in the team is too small
    SCOPE = "scope"  # the token was not given this scope


_F = TypeVar("_F", bound=Callable[..., object])
_ATTRIBUTE = "__need__"


def needs(role: Role, scope: str = "read") -> Callable[[_F], _F]:
    """The route is for people with at least this role, and for tokens that also have the scope."""
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope!r}")
    return _mark(Need(role, scope))


def public(why: str, *, form: bool = True) -> Callable[[_F], _F]:
    """The route is for everybody; say why. `form=False` also takes posts that carry no token (one-click of mail programs)."""
    return _mark(Need(None, why=why, form=form))


def _mark(need: Need) -> Callable[[_F], _F]:
    def mark(endpoint: _F) -> _F:
        setattr(endpoint, _ATTRIBUTE, need)
        return endpoint

    return mark


def need_of(endpoint: Callable[..., object]) -> Need | None:
    """What the route asks for; None if it does not say, which means that nobody may."""
    found: Need | None = getattr(endpoint, _ATTRIBUTE, None)
    return found


def seat_of(who: Who) -> Seat | None:
    """The team that is looked at: the chosen one if somebody (still) belongs to it, else the first."""
    chosen = next((seat for seat in who.seats if seat.team_id == who.team_id), None)
    return chosen or (who.seats[0] if who.seats and who.scopes is None else None)


def decide(need: Need, who: Who | None) -> Verdict:
    """May this caller use a route with this need?"""
    if need.role is None:
        return Verdict.OPEN
    if who is None:
        return Verdict.SIGN_IN
    seat = seat_of(who)
    if seat is None:
        return Verdict.NO_TEAM
    if Role.of(seat.role) < need.role:
        return Verdict.ROLE
    if who.scopes is not None and need.scope not in who.scopes:
        return Verdict.SCOPE
    return Verdict.GRANTED
