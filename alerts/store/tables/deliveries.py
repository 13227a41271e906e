# SPDX-License-Identifier: MIT
"""Deliveries with every attempt, what waits for a digest, who must not be written to, and teams' templates."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

_OPEN = "state in ('pending', 'sending', 'retry', 'unknown')"


class Delivery(SQLModel, table=True):
    """The tracked sending of one alert to one channel. The unique key is the one-alert guarantee.

    pending → sending → sent | retry | unknown | dead | suppressed. `not_before` is when it is due; a claim moves it
    forward by the lease, so a dead worker's row comes back by itself. What tells of no single story (a digest, a
    confirmation, a test, a notice) has a `unique_key` of its own instead.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscription_id", "story_id", "revision", "channel_id", "kind"),
        Index("ix_delivery_due", "not_before", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index("ix_delivery_story", "story_id"),
        Index("ix_delivery_sent", "sent_at"),
        # All that the list of deliveries filters and orders by: it never walks through rows, which are as wide as messages.
        Index("ix_delivery_listed", "channel_id", "updated_at", "state", "subscription_id"),
        Index("ix_delivery_state", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id")
    story_id: int | None = Field(default=None, foreign_key="story.id")
    revision: int = 1
    channel_id: int = Field(foreign_key="channel.id")
    kind: str  # story · update · digest · test · confirm · notice
    unique_key: str | None = Field(
        default=None, unique=True
    )  # digest:SUBSCRIPTION:CHANNEL:MOMENT · confirm:CHANNEL:N · …
    why: str = Field(default="", sa_column_kwargs={"server_default": ""})  # why now: instant · priority · first · …
    instead_of: int | None = Field(default=None, foreign_key="delivery.id")  # the delivery this one is the fallback of
    state: str = "pending"
    state_reason: str = ""
    not_before: datetime
    attempts_made: int = 0
    round_start: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}
    )  # attempts before it was retried by hand
    message_id: str
    message: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    message_sha256: str | None = None
    provider_id: str | None = None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None


class DeliveryAttempt(SQLModel, table=True):
    """One try, written before the effect: no outcome means that the process died in it."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index("ix_attempt_started", "started_at"),)

    delivery_id: int = Field(foreign_key="delivery.id", primary_key=True)
    number: int = Field(primary_key=True)
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None
    code: str | None = None
    detail: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class DigestEntry(SQLModel, table=True):
    """A match that waits for the digest of its subscription and channel, due at `due_at`."""

    __tablename__ = "digest_entry"
    __table_args__ = (
        Index(
            "ix_digest_due", "due_at", sqlite_where=text("told_at is null"), postgresql_where=text("told_at is null")
        ),
    )

    subscription_id: int = Field(foreign_key="subscription.id", primary_key=True)
    channel_id: int = Field(foreign_key="channel.id", primary_key=True)
    story_id: int = Field(foreign_key="story.id", primary_key=True)
    revision: int = Field(primary_key=True)
    kind: str
    why: str  # cadence · cap · quiet · snooze; muted · paused · unsubscribed: left out because of that
    held_at: datetime | None = None
    due_at: datetime
    told_at: datetime | None = None
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")


class Suppression(SQLModel, table=True):
    """An address that must not be written to again: hard bounce, complaint, unsubscribe, by hand."""

    __tablename__ = "suppression"

    fingerprint: str = Field(primary_key=True)  # keyed hash of the address
    hint: str
    reason: str
    at: datetime


class Throttle(SQLModel, table=True):
    """What limits sending to one place: the next free moment of a channel, and whether a host answers at all."""

    __tablename__ = "throttle"

    key: str = Field(primary_key=True)  # channel:ID · host:NAME
    free_at: datetime | None = None
    failures: int = 0  # in a row
    open_until: datetime | None = None  # nothing is sent before: the circuit breaker is open


class TemplateVersion(SQLModel, table=True):
    """A team's own template for a channel; the last good one stays in use until a better one is saved."""

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("team_id", "channel_kind", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    team_id: int = Field(foreign_key="team.id")
    channel_kind: str
    version: int
    source: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    good: bool = False
    author: str
    at: datetime
    fault_count: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # messages it failed on while in use
    fault_text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    fault_at: datetime | None = None
