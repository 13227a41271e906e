# SPDX-License-Identifier: MIT
"""Items, what was read in them, and names that no vocabulary knows yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Item(SQLModel, table=True):
    """One stored article. `stage` says which stage looks at it next: read · group · done; held: a person decides."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("feed_id", "identity"),
        # Only open work is indexed: the sweep stays flat however much history there is.
        Index(
            "ix_item_due",
            "stage",
            "due_at",
            sqlite_where=text("stage <> 'done'"),
            postgresql_where=text("stage <> 'done'"),
        ),
        Index("ix_item_feed_url", "feed_id", "url"),
    )

    id: int | None = Field(default=None, primary_key=True)
    feed_id: int = Field(foreign_key="feed.id", index=True)
    identity: str  # what makes it the same item in its feed (alerts.feeds.identity)
    guid: str = ""
    url: str = ""
    title: str = Field(sa_column=Column(Text, nullable=False))
    summary: str = Field(default="", sa_column=Column(Text, nullable=False))
    published_raw: str = ""
    published_at: datetime | None = None
    first_seen_at: datetime
    updated_at: datetime
    revision: int = 1
    content_hash: str = ""
    silent_reason: str | None = None  # first_import · too_old · flood: stored, grouped, but nobody is told
    stage: str = "read"
    due_at: datetime
    attempts: int = 0  # of the stage it is in; a stage that keeps failing ends as done with an error
    error_code: str | None = None
    error_text: str | None = None


class ItemFacts(SQLModel, table=True):
    """What the reader found in one revision of an item."""

    __tablename__ = "item_facts"

    item_id: int = Field(foreign_key="item.id", primary_key=True)
    revision: int = Field(primary_key=True)
    extractor_version: str
    relevant: bool = Field(index=True)
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    read_at: datetime


class NovelName(SQLModel, table=True):
    """Review queue: a name that looks like a drug by its stem or code; a person accepts or refuses it."""

    __tablename__ = "novel_name"

    name: str = Field(primary_key=True)
    reason: str  # the stem or pattern that showed it
    first_item_id: int = Field(foreign_key="item.id")
    seen_count: int = 1
    state: str = "open"  # open · accepted · refused
    first_seen_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
