# SPDX-License-Identifier: MIT
"""Installation id, heartbeats of stages, notices to ops."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, update
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


def claim_turn(session: Session, what: str, now: datetime, every_s: float) -> bool:
    """Is it our turn to do what is done once every `every_s` seconds by whoever comes first? Conditional update."""
    insert_new(session, Heartbeat, [{"stage": what, "at": now - timedelta(days=1)}])
    turn = (
        update(Heartbeat)
        .where(col(Heartbeat.stage) == what, col(Heartbeat.at) <= now - timedelta(seconds=every_s))
        .values(at=now)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", session.execute(turn)).rowcount == 1


def signs(session: Session, names: Sequence[str]) -> dict[str, datetime]:
    """Last sign of life of each named process that ever gave one."""
    rows = session.exec(select(Heartbeat).where(col(Heartbeat.stage).in_(names)))
    return {row.stage: row.at for row in rows}


def raise_notice(session: Session, key: str, text: str, now: datetime, tell_after: datetime | None = None) -> None:
    """Open a notice once; raising it again while it is open changes nothing."""
    row = session.get(Notice, key)
    if row is None:
        insert_new(session, Notice, [{"key": key, "text": text, "since": now, "tell_after": tell_after}])
    elif row.over_at is not None or row.over_told_at is not None:
        row.text, row.since, row.tell_after = text, now, tell_after
        row.told_at = row.over_at = row.over_told_at = None


def end_notice(session: Session, key: str, now: datetime) -> None:
    """Close a notice; one that nobody was told of is forgotten."""
    row = session.get(Notice, key)
    if row is None or row.over_at is not None:
        return
    if row.told_at is None:
        session.delete(row)
    else:
        row.over_at, row.tell_after = now, None


def settle_notice(session: Session, key: str, now: datetime) -> None:
    """Close a notice that is a piece of news and no trouble: told even if late, its end told to nobody."""
    row = session.get(Notice, key)
    if row is not None and row.over_at is None:
        row.over_told_at = now
        row.over_at = now if row.told_at is not None else None  # else `told` closes it


def open_notices(session: Session) -> Sequence[Notice]:
    return session.exec(select(Notice).where(col(Notice.over_at).is_(None)).order_by(col(Notice.since))).all()


def notices(session: Session, keys: Sequence[str]) -> Sequence[Notice]:
    return session.exec(select(Notice).where(col(Notice.key).in_(keys)).order_by(col(Notice.since))).all()


def claim_untold(session: Session, now: datetime, lease_s: float) -> list[str]:
    """Keys of notices whose beginning or end is to be told now; ours for `lease_s` seconds."""
    beginning = col(Notice.told_at).is_(None) & col(Notice.over_at).is_(None)
    end = col(Notice.told_at).is_not(None) & col(Notice.over_at).is_not(None) & col(Notice.over_told_at).is_(None)
    due = col(Notice.tell_after).is_(None) | (col(Notice.tell_after) <= now)
    leased = (
        update(Notice)
        .where(beginning | end, due)
        .values(tell_after=now + timedelta(seconds=lease_s))
        .returning(col(Notice.key))
        .execution_options(synchronize_session=False)
    )
    return list(session.execute(leased).scalars())


def told(session: Session, keys: Sequence[str], now: datetime) -> None:
    """These were told: their beginning, or their end if they are over."""
    for row in notices(session, keys):
        if row.told_at is None:
            row.told_at = now
            row.over_at = now if row.over_told_at is not None else row.over_at  # it was settled meanwhile
        else:
            row.over_told_at = now
