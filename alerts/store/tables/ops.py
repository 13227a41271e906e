# SPDX-License-Identifier: MIT
"""What operations need: this installation's own values, signs of life, and notices that are told once."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel


class Installation(SQLModel, table=True):
    """Key and value of this installation (its id is part of every Message-ID)."""

    __tablename__ = "installation"

    key: str = Field(primary_key=True)
    value: str


class Heartbeat(SQLModel, table=True):
    """When a stage last finished a sweep."""

    __tablename__ = "heartbeat"

    stage: str = Field(primary_key=True)
    at: datetime


class Notice(SQLModel, table=True):
    """Something ops must know, told once when it starts and once when it is over."""

    __tablename__ = "notice"

    key: str = Field(primary_key=True)  # feed:12:down · channel:3:dead · stage:read:stuck
    text: str = Field(sa_column=Column(Text, nullable=False))
    since: datetime
    tell_after: datetime | None = None  # due time of the telling; None: at once. A claim moves it forward by the lease
    told_at: datetime | None = None
    over_at: datetime | None = None
    over_told_at: datetime | None = None
