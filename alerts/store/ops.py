# SPDX-License-Identifier: MIT
"""Installation id, heartbeats of stages, notices to ops."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from alerts.store.insert import insert_new
from alerts.store.tables import Heartbeat, Installation, Notice, Team

DEFAULT_TEAM = "default"


def installation_id(session: Session) -> str:
    """Random id of this installation, made on first use: part of every Message-ID."""
    insert_new(session, Installation, [{"key": "id", "value": secrets.token_hex(8)}])
    return session.exec(select(Installation.value).where(col(Installation.key) == "id")).one()


def team_id(session: Session, slug: str, now: datetime) -> int:
    """Id of a team; the team is made if it is new."""
    insert_new(session, Team, [{"slug": slug, "name": slug.replace("-", " ").capitalize(), "created_at": now}])
    found = session.exec(select(Team.id).where(col(Team.slug) == slug)).one()
    assert found is not None
    return found


def heartbeat(session: Session, stage: str, now: datetime) -> None:
    """A sweep of this stage has been completed."""
    row = session.get(Heartbeat, stage)
    if row is None:
        insert_new(session, Heartbeat, [{"stage": stage, "at": now}])
    else:
        row.at = now


def raise_notice(session: Session, key: str, text: str, now: datetime) -> None:
    """Open a notice once; raising it again while it is open changes nothing."""
    row = session.get(Notice, key)
    if row is None:
        insert_new(session, Notice, [{"key": key, "text": text, "since": now}])
    elif row.over_at is not None:
        row.text, row.since, row.told_at, row.over_at, row.over_told_at = text, now, None, None, None


def end_notice(session: Session, key: str, now: datetime) -> None:
    row = session.get(Notice, key)
    if row is not None and row.over_at is None:
        row.over_at = now


def open_notices(session: Session) -> Sequence[Notice]:
    return session.exec(select(Notice).where(col(Notice.over_at).is_(None)).order_by(col(Notice.since))).all()
