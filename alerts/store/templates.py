# SPDX-License-Identifier: MIT
"""SQL of teams' templates: versions that are only ever added, the good ones, and what went wrong with one in use."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.model import ChannelKind
from alerts.store.tables import Story, TemplateVersion


def versions(session: Session, team_id: int, channel: ChannelKind | None = None) -> Sequence[TemplateVersion]:
    """Newest first."""
    mine = select(TemplateVersion).where(col(TemplateVersion.team_id) == team_id)
    if channel is not None:
        mine = mine.where(col(TemplateVersion.channel_kind) == channel.value)
    return session.exec(mine.order_by(col(TemplateVersion.channel_kind), col(TemplateVersion.version).desc())).all()


def good(session: Session, team_id: int, channel: ChannelKind, limit: int = 2) -> list[tuple[int, Mapping[str, str]]]:
    """(id, parts) of the newest good versions; none after one that says: our own layout (no parts)."""
    mine = select(TemplateVersion).where(
        col(TemplateVersion.team_id) == team_id,
        col(TemplateVersion.channel_kind) == channel.value,
        col(TemplateVersion.good).is_(True),
    )
    found: list[tuple[int, Mapping[str, str]]] = []
    for row in session.exec(mine.order_by(col(TemplateVersion.version).desc()).limit(limit)):
        if not row.source:
            break
        found.append((row.id or 0, row.source))
    return found


def save(
    session: Session, team_id: int, channel: ChannelKind, source: Mapping[str, str], author: str, now: datetime
) -> TemplateVersion:
    """A new version that is good: it was tried before."""
    newest = select(func.max(col(TemplateVersion.version))).where(
        col(TemplateVersion.team_id) == team_id, col(TemplateVersion.channel_kind) == channel.value
    )
    row = TemplateVersion(
        team_id=team_id,
        channel_kind=channel.value,
        version=(session.exec(newest).one() or 0) + 1,
        source=dict(source),
        good=True,
        author=author,
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def note_fault(session: Session, version_id: int, text: str, now: datetime) -> None:
    """A message that this version could not make; it was told in another way."""
    row = session.get_one(TemplateVersion, version_id)
    row.fault_count, row.fault_text, row.fault_at = row.fault_count + 1, text[:500], now


def recent_stories(session: Session, limit: int) -> Sequence[Story]:
    """Newest first."""
    return session.exec(select(Story).order_by(col(Story.id).desc()).limit(limit)).all()
