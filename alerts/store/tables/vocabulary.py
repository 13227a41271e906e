# SPDX-License-Identifier: MIT
"""Changes that people made to the vocabulary."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field, SQLModel


class VocabularyEdit(SQLModel, table=True):
    """One change (alerts.facts.vocabulary.edits), in force until somebody takes it back; never deleted."""

    __tablename__ = "vocabulary_edit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    author: str
    said: str = Field(sa_column=Column(Text, nullable=False))
    piece: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))  # an overlay
    concept: str  # id of the entry that it is about; empty: several
    makes: bool  # the entry is there because of this change
    novel_name: str | None = None  # the name of the review queue that it decided
    undone_at: datetime | None = None
    undone_by: str | None = None
