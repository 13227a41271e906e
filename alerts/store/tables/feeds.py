# SPDX-License-Identifier: MIT
"""Feeds with everything their politeness needs, every attempt to poll them, and the hosts they live on."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel


class Feed(SQLModel, table=True):
    """A source that is polled. Validators (etag, last_modified) change only together with the items of that poll."""

    __tablename__ = "feed"
    __table_args__ = (
        Index("ix_feed_due", "enabled", "next_poll_at"),
        # Who is being asked right now, and who was a moment ago: what politeness towards a host looks at.
        Index(
            "ix_feed_leased",
            "host_key",
            sqlite_where=text("lease_owner <> ''"),
            postgresql_where=text("lease_owner <> ''"),
        ),
        Index("ix_feed_polled", "last_polled_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    url: str = Field(unique=True)
    original_url: str
    title: str = ""
    tier: str = "unknown"
    enabled: bool = True
    state: str = "ok"  # ok · failing · blocked · silent · moved · gone · paused · removed
    state_reason: str = ""
    host_key: str = Field(default="", index=True)
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    first_import: bool = True
    last_status: int | None = None
    last_error_code: str | None = None
    error_count: int = 0
    gone_count: int = 0
    last_polled_at: datetime | None = None  # when the last poll began: written before anything is asked
    last_ok_at: datetime | None = None
    last_new_item_at: datetime | None = None
    next_poll_at: datetime
    interval_s: float | None = None  # override; None: the global interval and what the feed itself asks for
    lease_owner: str = ""  # host:process that polls it right now, until next_poll_at at the latest
    options: dict[str, Any] = Field(default={}, sa_column=Column(JSON, nullable=False, server_default="{}"))
    memory: dict[str, Any] = Field(default={}, sa_column=Column(JSON, nullable=False, server_default="{}"))
    created_at: datetime


class FeedAttempt(SQLModel, table=True):
    """One poll; the last 50 of each feed are kept (and up to ten more until the next tidying)."""

    __tablename__ = "feed_attempt"

    id: int | None = Field(default=None, primary_key=True)
    feed_id: int = Field(foreign_key="feed.id", index=True)
    at: datetime
    status: int | None = None
    duration_ms: int = 0
    wire_bytes: int = 0
    new_count: int = 0
    updated_count: int = 0
    error_code: str | None = None
    error_text: str | None = None


class FeedHost(SQLModel, table=True):
    """A host that must be left alone for a while: 429 counts for all its feeds."""

    __tablename__ = "feed_host"

    host_key: str = Field(primary_key=True)
    not_before: datetime
    reason: str = ""
