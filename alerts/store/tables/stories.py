# SPDX-License-Identifier: MIT
"""Stories, the items in them with the decision that put them there, and the keys by which they are found."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text, false, text
from sqlmodel import Field, SQLModel


class Story(SQLModel, table=True):
    """Items about one event. `stage` says whether subscriptions still have to be matched: match · done."""

    __tablename__ = "story"
    __table_args__ = (
        Index(
            "ix_story_due",
            "stage",
            "due_at",
            sqlite_where=text("stage <> 'done'"),
            postgresql_where=text("stage <> 'done'"),
        ),
        Index("ix_story_listed", "merged_into_id", "last_seen_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    headline: str = Field(sa_column=Column(Text, nullable=False))
    lead_item_id: int = Field(foreign_key="item.id")
    lead_tier: str = "unknown"
    lead_text: str = Field(default="", sa_column=Column(Text, nullable=False))
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))  # StoryFacts: canonical, for grouping
    event: str = Field(default="unknown", index=True)
    event_date: date | None = None
    revision: int = 1
    follows_id: int | None = Field(default=None, foreign_key="story.id", index=True)
    follows_step: str = Field(default="", sa_column_kwargs={"server_default": ""})  # "full approval", "corrected", …
    merged_into_id: int | None = Field(default=None, foreign_key="story.id")  # it lives on in that story
    review: bool = Field(default=False, sa_column_kwargs={"server_default": false()})  # a person should look
    first_seen_at: datetime = Field(index=True)
    last_seen_at: datetime
    silent_reason: str | None = None
    stage: str = "match"
    due_at: datetime
    attempts: int = 0
    error_code: str | None = None


class StoryItem(SQLModel, table=True):
    """An item's place in a story, and why: the decision is a row, in words.

    `part`: a round-up that tells this story among others; it is a source of the story, never what a rule is tried on.
    """

    __tablename__ = "story_item"
    __table_args__ = (Index("ix_story_item_decided", "decided_at"),)

    story_id: int = Field(foreign_key="story.id", primary_key=True)
    item_id: int = Field(foreign_key="item.id", primary_key=True, index=True)
    decision: str  # new · same · update
    reason_code: str
    reason_text: str = Field(sa_column=Column(Text, nullable=False))
    fields: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    score: float | None = None
    by_hand: bool = False
    part: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    item_revision: int = Field(default=1, sa_column_kwargs={"server_default": "1"})  # the item as it was decided on
    decided_at: datetime


class StoryKey(SQLModel, table=True):
    """Look-up keys of a story (alerts.stories.keys), hashed to 64 bits: a key only proposes, so a collision costs nothing.

    `day`: ordinal of the day on which the news was told. The primary key is the look-up: one key, the latest days first.
    """

    __tablename__ = "story_key"
    __table_args__ = (Index("ix_story_key_story", "story_id"), {"sqlite_with_rowid": False})

    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    story_id: int = Field(foreign_key="story.id", primary_key=True)


class StoryOverride(SQLModel, table=True):
    """A split or merge by hand: outranks the rules and survives re-runs and re-reading."""

    __tablename__ = "story_override"

    id: int | None = Field(default=None, primary_key=True)
    kind: str  # split · merge
    item_id: int = Field(foreign_key="item.id", index=True)
    story_id: int = Field(foreign_key="story.id")
    author: str
    at: datetime
