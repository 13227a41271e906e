# SPDX-License-Identifier: MIT
"""SQL of people: users, teams and roles, sessions, log-in links, tokens, failed log-ins, and the audit log.

Whatever a browser or a program shows us to prove who it is (session, link, token) is kept only as its SHA-256.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from alerts.errors import InputError
from alerts.store.insert import insert_new
from alerts.store.tables import (
    ApiToken,
    AuditEntry,
    IdempotencyKey,
    LoginFailure,
    LoginLink,
    Membership,
    Team,
    User,
    UserSession,
)

ROLES = ("viewer", "editor", "admin")
SESSION_DAYS = 7
LINK_HOURS = {"first_admin": 24 * 7, "invite": 24 * 3, "demo": 24}
TOKEN_PREFIX = "owt_"  # noqa: S105 - what a leaked token is recognised by


class Seat(NamedTuple):
    """A team that somebody belongs to, and as what."""

    team_id: int
    slug: str
    name: str
    role: str


class Who(NamedTuple):
    """Somebody who has proved who they are. `scopes` is None for a person in a browser."""

    user_id: int
    email: str
    name: str
    seats: tuple[Seat, ...]
    team_id: int | None
    scopes: frozenset[str] | None = None
    label: str = ""  # of the token
    used_at: datetime | None = None  # when the token was last seen in use

    def used_before(self, then: datetime) -> bool:
        return self.used_at is None or self.used_at < then


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


# ── people and teams ─────────────────────────────────────────────────────────────────────────────


def normal_email(email: str) -> str:
    return email.strip().lower()


def user_by_email(session: Session, email: str) -> User | None:
    return session.exec(select(User).where(col(User.email) == normal_email(email))).first()


def users(session: Session) -> Sequence[User]:
    return session.exec(select(User).order_by(col(User.email))).all()


def people(session: Session, team_id: int) -> list[tuple[User, str]]:
    """Everybody of a team with their role, by address."""
    joined = select(User, Membership.role).join(Membership, col(Membership.user_id) == col(User.id))
    rows = session.exec(joined.where(col(Membership.team_id) == team_id).order_by(col(User.email)))
    return [(user, role) for user, role in rows]


def team_of_slug(session: Session, slug: str) -> Team | None:
    return session.exec(select(Team).where(col(Team.slug) == slug)).first()


def create_team(session: Session, slug: str, name: str, now: datetime) -> int | None:
    """Id of the new team; None if there is one of that slug, also one that somebody makes at this very moment."""
    return next(iter(insert_new(session, Team, [{"slug": slug, "name": name, "created_at": now}])), None)


def any_user(session: Session) -> bool:
    return session.exec(select(User.id).limit(1)).first() is not None


def create_user(session: Session, email: str, name: str, now: datetime, password_hash: str | None = None) -> User:
    """Raises InputError(user_exists)."""
    if user_by_email(session, email) is not None:
        raise InputError("user_exists", f"{normal_email(email)} is a user already")
    user = User(email=normal_email(email), name=name.strip(), password_hash=password_hash, created_at=now)
    session.add(user)
    session.flush()
    return user


def set_role(session: Session, user_id: int, team_id: int, role: str | None) -> None:
    """Role of somebody in a team; None takes them out. Raises InputError(bad_role · last_admin)."""
    if role is not None and role not in ROLES:
        raise InputError("bad_role", f"a role is {', '.join(ROLES)}, not {role!r}")
    _in_turn(session, [team_id])
    found = session.get(Membership, (user_id, team_id), populate_existing=True)
    if found is not None and found.role == "admin" and role != "admin" and _admins(session, team_id) == 1:
        raise InputError("last_admin", "a team keeps at least one admin; make somebody else admin first")
    if role is None:
        if found is not None:
            session.delete(found)
    elif found is None:
        session.add(Membership(user_id=user_id, team_id=team_id, role=role))
    else:
        found.role = role
    session.flush()


def _in_turn(session: Session, team_ids: Sequence[int]) -> None:
    """One change of who is admin in a team at a time: of two admins who take each other out only the first may."""
    teams = select(Team.id).where(col(Team.id).in_(team_ids)).order_by(col(Team.id))
    session.exec(teams.with_for_update(key_share=True)).all()


def _admins(session: Session, team_id: int) -> int:
    counted = (
        select(func.count())
        .select_from(Membership)
        .join(User, col(User.id) == col(Membership.user_id))
        .where(col(Membership.team_id) == team_id, col(Membership.role) == "admin", col(User.active).is_(True))
    )
    return session.exec(counted).one()


def seats(session: Session, user_id: int) -> tuple[Seat, ...]:
    """The teams of somebody, by name."""
    rows = session.exec(
        select(Team, Membership.role)
        .join(Membership, col(Membership.team_id) == col(Team.id))
        .where(col(Membership.user_id) == user_id)
        .order_by(col(Team.name), col(Team.id))
    )
    return tuple(Seat(team.id, team.slug, team.name, role) for team, role in rows if team.id is not None)


def set_password(session: Session, user_id: int, password_hash: str) -> None:
    """Every session of the user ends: whoever knew the old password is out."""
    session.get_one(User, user_id).password_hash = password_hash
    session.execute(delete(UserSession).where(col(UserSession.user_id) == user_id))


def set_active(session: Session, user_id: int, *, active: bool) -> None:
    """Switch an account off or on. Raises InputError(last_admin) if a team would be left without an admin."""
    if not active:
        _in_turn(session, [seat.team_id for seat in seats(session, user_id)])
        for seat in seats(session, user_id):
            if seat.role == "admin" and _admins(session, seat.team_id) == 1:
                raise InputError("last_admin", f"{seat.name} would be left without an admin")
        session.execute(delete(UserSession).where(col(UserSession.user_id) == user_id))
    session.get_one(User, user_id).active = active


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────


def open_session(session: Session, user_id: int, now: datetime, old: str | None = None) -> str:
    """A new session token for the cookie; the old session, if there was one, ends (rotation at log-in)."""
    if old:
        close_session(session, old)
    token = secrets.token_urlsafe(32)
    expires = now + timedelta(days=SESSION_DAYS)
    session.add(UserSession(token_sha256=sha256(token), user_id=user_id, created_at=now, expires_at=expires))
    session.execute(delete(UserSession).where(col(UserSession.expires_at) < now))
    session.flush()
    return token


def close_session(session: Session, token: str) -> None:
    session.execute(delete(UserSession).where(col(UserSession.token_sha256) == sha256(token)))


def look_at_team(session: Session, token: str, team_id: int) -> None:
    """From now on this session looks at that team."""
    session.execute(update(UserSession).where(col(UserSession.token_sha256) == sha256(token)).values(team_id=team_id))


def by_session(session: Session, token: str, now: datetime) -> Who | None:
    """Whose session this is; None if it ended or its user was switched off."""
    row = session.get(UserSession, sha256(token))
    user = session.get(User, row.user_id) if row is not None and row.expires_at > now else None
    if row is None or user is None or not user.active or user.id is None:
        return None
    return Who(user.id, user.email, user.name, seats(session, user.id), row.team_id)


# ── links that let in once ───────────────────────────────────────────────────────────────────────


def make_link(session: Session, purpose: str, user_id: int | None, now: datetime) -> str:
    """Token of a new link; earlier unused links of the same purpose and user end."""
    session.execute(
        delete(LoginLink).where(
            col(LoginLink.purpose) == purpose, col(LoginLink.user_id) == user_id, col(LoginLink.used_at).is_(None)
        )
    )
    token = secrets.token_urlsafe(24)
    expires = now + timedelta(hours=LINK_HOURS[purpose])
    session.add(
        LoginLink(token_sha256=sha256(token), purpose=purpose, user_id=user_id, created_at=now, expires_at=expires)
    )
    session.flush()
    return token


def link(session: Session, token: str, now: datetime) -> LoginLink | None:
    """The link if it is still good: not used, not expired, and no first admin is there for a link that makes one."""
    row = session.get(LoginLink, sha256(token))
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    return None if row.purpose == "first_admin" and any_user(session) else row


def use_link(session: Session, token: str, now: datetime) -> bool:
    """Mark as used; False if somebody was faster."""
    mine = update(LoginLink).where(col(LoginLink.token_sha256) == sha256(token), col(LoginLink.used_at).is_(None))
    return bool(session.execute(mine.values(used_at=now).returning(col(LoginLink.token_sha256))).all())


# ── tokens of the API ────────────────────────────────────────────────────────────────────────────


def make_token(
    session: Session, user_id: int, team_id: int, label: str, scopes: Sequence[str], now: datetime, days: int | None
) -> str:
    """The token, shown once."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            token_sha256=sha256(token),
            user_id=user_id,
            team_id=team_id,
            label=label,
            scopes=list(scopes),
            created_at=now,
            expires_at=now + timedelta(days=days) if days else None,
        )
    )
    session.flush()
    return token


def by_token(session: Session, token: str, now: datetime) -> Who | None:
    """Whose token this is, in its one team and with its scopes; None if it is unknown, expired, or its user is off."""
    row = session.get(ApiToken, sha256(token))
    user = session.get(User, row.user_id) if row is not None else None
    if row is None or user is None or not user.active or user.id is None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    own = tuple(seat for seat in seats(session, user.id) if seat.team_id == row.team_id)
    return Who(user.id, user.email, user.name, own, row.team_id, frozenset(row.scopes), row.label, row.last_used_at)


def touch_token(session: Session, token: str, now: datetime) -> None:
    session.execute(update(ApiToken).where(col(ApiToken.token_sha256) == sha256(token)).values(last_used_at=now))


def tokens(session: Session, team_id: int) -> list[tuple[ApiToken, str]]:
    """Tokens of a team with their owner's address, newest first."""
    joined = select(ApiToken, User.email).join(User, col(User.id) == col(ApiToken.user_id))
    rows = session.exec(joined.where(col(ApiToken.team_id) == team_id).order_by(col(ApiToken.created_at).desc()))
    return [(token, email) for token, email in rows]


def drop_token(session: Session, team_id: int, token_sha256: str) -> str | None:
    """End a token of the team: its name; None if the team has none such."""
    row = session.get(ApiToken, token_sha256)
    if row is None or row.team_id != team_id:
        return None
    session.delete(row)
    return row.label


# ── failed log-ins ───────────────────────────────────────────────────────────────────────────────


def failures(session: Session, keys: Sequence[str], now: datetime, window_s: float) -> dict[str, tuple[int, datetime]]:
    """Count and start of the window of each key; nobody else counts on them until the transaction ends."""
    session.execute(delete(LoginFailure).where(col(LoginFailure.since) < now - timedelta(seconds=window_s)))
    insert_new(session, LoginFailure, [{"key": key, "count": 0, "since": now} for key in sorted(keys)])
    mine = select(LoginFailure).where(col(LoginFailure.key).in_(keys)).order_by(col(LoginFailure.key))
    return {row.key: (row.count, row.since) for row in session.exec(mine.with_for_update())}


def count_failure(session: Session, keys: Sequence[str], more: int = 1) -> None:
    """One more, or one less."""
    count = LoginFailure.__table__.c["count"]  # type: ignore[attr-defined]
    mine = update(LoginFailure).where(col(LoginFailure.key).in_(keys))
    session.execute(mine.values(count=count + more), execution_options={"synchronize_session": False})


def forget_failures(session: Session, keys: Sequence[str]) -> None:
    session.execute(delete(LoginFailure).where(col(LoginFailure.key).in_(keys)))


# ── audit ────────────────────────────────────────────────────────────────────────────────────────


def audit(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    *,
    team_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append who changed what, in the transaction of the change itself."""
    session.add(
        AuditEntry(at=now, actor=actor, team_id=team_id, action=action, subject=subject, detail=dict(detail or {}))
    )


# ── answers of the API ───────────────────────────────────────────────────────────────────────────

ANSWER_DAYS = 2


def answer_of(session: Session, owner_sha256: str, key: str) -> IdempotencyKey | None:
    """The answer that was given under this key."""
    return session.get(IdempotencyKey, (owner_sha256, key))


def claim_key(session: Session, owner_sha256: str, key: str, request_sha256: str, now: datetime) -> bool:
    """Whether the key is new; if somebody uses it at this very moment, once it is known what became of that.

    Keys older than two days are forgotten first.
    """
    session.execute(delete(IdempotencyKey).where(col(IdempotencyKey.at) < now - timedelta(days=ANSWER_DAYS)))
    row = {
        "token_sha256": owner_sha256,
        "key": key,
        "request_sha256": request_sha256,
        "status": 0,
        "body": "",
        "at": now,
    }
    return bool(insert_new(session, IdempotencyKey, [row]))


def keep_answer(session: Session, owner_sha256: str, key: str, status: int, body: str) -> None:
    """Remember the answer of a claimed key, in the transaction of its claim."""
    mine = update(IdempotencyKey).where(
        col(IdempotencyKey.token_sha256) == owner_sha256, col(IdempotencyKey.key) == key
    )
    session.execute(mine.values(status=status, body=body))
