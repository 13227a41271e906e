# SPDX-License-Identifier: MIT
"""Claiming due rows: one conditional UPDATE … RETURNING that moves the due time forward by the lease.

A worker that dies leaves nothing to clean up: its rows are due again when the lease ends. PostgreSQL skips rows that
another worker holds (FOR UPDATE SKIP LOCKED); on SQLite the write transaction is exclusive (BEGIN IMMEDIATE).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, select, update
from sqlmodel import Session, SQLModel


def claim_due(
    session: Session,
    table: type[SQLModel],
    due: str,
    where: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
    lease_s: float,
    limit: int,
    values: dict[str, Any] | None = None,
) -> list[int]:
    """Ids of up to `limit` rows that were due, oldest first; each is ours for `lease_s` seconds."""
    columns = _table(table).c
    wanted = (
        select(columns.id)
        .where(columns[due] <= now, *where)
        .order_by(columns[due], columns.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = {due: now + timedelta(seconds=lease_s), **(values or {})}
    statement = (
        update(_table(table)).where(columns.id.in_(wanted.scalar_subquery())).values(leased).returning(columns.id)
    )
    return sorted(session.execute(statement).scalars())


def backlog(
    session: Session, table: type[SQLModel], due: str, where: Sequence[ColumnElement[bool]], now: datetime
) -> tuple[int, float]:
    """(rows that are due, age in seconds of the oldest of them): what metrics and notices are made of."""
    columns = _table(table).c
    overdue = case((columns[due] <= now, columns[due]))
    count, oldest = session.execute(select(func.count(overdue), func.min(overdue)).where(*where)).one()
    return count, (now - oldest).total_seconds() if oldest else 0.0


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table
