# SPDX-License-Identifier: MIT
"""Teams, people, their sessions and tokens, and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field, SQLModel


class Team(SQLModel, table=True):
    __tablename__ = "team"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    created_at: datetime


class User(SQLModel, table=True):
    __tablename__ = "user_account"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    password_hash: str | None = None
    active: bool = True
    created_at: datetime


class Membership(SQLModel, table=True):
    __tablename__ = "membership"

    user_id: int = Field(foreign_key="user_account.id", primary_key=True)
    team_id: int = Field(foreign_key="team.id", primary_key=True)
    role: str  # viewer · editor · admin


class UserSession(SQLModel, table=True):
    """A signed-in browser; the cookie holds the token, the row only its hash."""

    __tablename__ = "user_session"

    token_sha256: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="user_account.id", index=True)
    team_id: int | None = Field(default=None, foreign_key="team.id")  # the team that is looked at; None: the first
    created_at: datetime
    expires_at: datetime


class ApiToken(SQLModel, table=True):
    __tablename__ = "api_token"

    token_sha256: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="user_account.id", index=True)
    team_id: int = Field(foreign_key="team.id")
    label: str
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None


class AuditEntry(SQLModel, table=True):
    """Append-only: who changed what."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class LoginLink(SQLModel, table=True):
    """A link that lets somebody in once: the first admin, an invitation, a forgotten password, the demo."""

    __tablename__ = "login_link"

    token_sha256: str = Field(primary_key=True)
    purpose: str  # first_admin · invite
    user_id: int | None = Field(default=None, foreign_key="user_account.id", index=True)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class LoginFailure(SQLModel, table=True):
    """Failed log-ins since `since`, by account and address: what the throttle looks at."""

    __tablename__ = "login_failure"

    key: str = Field(primary_key=True)  # keyed hash of what is counted
    count: int = 0
    since: datetime


class IdempotencyKey(SQLModel, table=True):
    """The answer to a POST of the API, so that the same request sent again does nothing again."""

    __tablename__ = "idempotency_key"

    token_sha256: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_sha256: str
    status: int
    body: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime
