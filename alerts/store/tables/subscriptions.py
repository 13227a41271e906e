# SPDX-License-Identifier: MIT
"""Subscriptions with their history, channels, and the matches that became alerts."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, false
from sqlmodel import Field, SQLModel


class Subscription(SQLModel, table=True):
    """Team + rule + channels + cadence. `spec` is SubscriptionSpec as data, without channel secrets."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("team_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    name: str
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = Field(default="active", index=True)  # draft · active · paused
    revision: int = 1
    origin: str = "console"  # console · yaml:<file>
    muted_until: datetime | None = None  # what comes before is never told
    snoozed_until: datetime | None = None  # what comes before is told then, in a digest
    created_at: datetime
    updated_at: datetime = Field(index=True)


class SubscriptionRevision(SQLModel, table=True):
    """History of a subscription: who changed what, for diff and undo."""

    __tablename__ = "subscription_revision"

    subscription_id: int = Field(foreign_key="subscription.id", primary_key=True)
    revision: int = Field(primary_key=True)
    author: str
    at: datetime
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    routes: list[Any] | None = Field(
        default=None, sa_column=Column(JSON, nullable=True)
    )  # Route as it is; None: not kept


class Channel(SQLModel, table=True):
    """One destination. The address or webhook is encrypted; `hint` is what may be shown."""

    __tablename__ = "channel"
    __table_args__ = (UniqueConstraint("team_id", "fingerprint"),)

    id: int | None = Field(default=None, primary_key=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    kind: str  # email · slack · teams
    label: str
    hint: str
    config_encrypted: str = Field(sa_column=Column(Text, nullable=False))
    fingerprint: str  # keyed hash of the config, so that one destination is one row
    state: str = "active"  # active · unverified · disabled · suppressed
    verified_at: datetime | None = None
    failures: int = 0  # permanent failures of the endpoint in a row,
    failed_at: datetime | None = None  # and when the last of them was
    last_error_code: str | None = None
    last_error_at: datetime | None = None
    died_at: datetime | None = None  # when it was switched off because it refuses messages
    confirm_count: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # confirmation mails so far
    confirm_sent_at: datetime | None = None
    fallback_channel_id: int | None = Field(default=None, foreign_key="channel.id")
    created_at: datetime


class SubscriptionChannel(SQLModel, table=True):
    """One reader of one subscription. `cadence`, `quiet`, `cap_per_day`: as the rule file says for this channel;
    the rest is the reader's own wish, which stands above them and outlives the next `rules apply`."""

    __tablename__ = "subscription_channel"

    subscription_id: int = Field(foreign_key="subscription.id", primary_key=True)
    channel_id: int = Field(foreign_key="channel.id", primary_key=True, index=True)
    cadence: str | None = None
    quiet: str | None = None
    cap_per_day: int | None = None
    own_cadence: str | None = None
    own_quiet: str | None = None
    paused: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    left_at: datetime | None = None
    muted_until: datetime | None = None
    snoozed_until: datetime | None = None


class MatchRow(SQLModel, table=True):
    """A rule met a story: one alert. Unique, so that a story is matched once per revision however often it is tried."""

    __tablename__ = "match"
    __table_args__ = (
        UniqueConstraint("subscription_id", "story_id", "story_revision"),
        Index("ix_match_story", "story_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id")
    story_id: int = Field(foreign_key="story.id")
    story_revision: int
    subscription_revision: int
    kind: str  # story · update
    reasons: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    matched_at: datetime


class StoryFeedback(SQLModel, table=True):
    """Somebody says that a story should not have met a rule, or was not worth telling."""

    __tablename__ = "story_feedback"

    id: int | None = Field(default=None, primary_key=True)
    story_id: int = Field(foreign_key="story.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id")
    verdict: str  # not_relevant
    note: str = ""
    author: str
    at: datetime
