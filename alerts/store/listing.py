# SPDX-License-Identifier: MIT
"""One page of a list: filter by words, sort by a named column, count. What every table of the console asks of the store."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, or_
from sqlmodel import Session, select

MAX_OFFSET = 1_000_000
MAX_COUNTED = 10_000
"""Rows are counted so far and no further: counting all of a long list takes longer than showing a page of it."""


class Page(NamedTuple):
    """`total`: at most MAX_COUNTED + 1, which says "more than"."""

    rows: list[Any]
    total: int


def page(
    session: Session,
    statement: Any,
    *,
    sorts: Mapping[str, Any],
    sort: str,
    descending: bool,
    offset: int,
    limit: int,
    words: str = "",
    search: Sequence[Any] = (),
    tie: Any = None,
    counted: bool = True,
) -> Page:
    """Rows `offset`… of a select. `sorts`: column of each sort key; `search`: columns in which every word is looked for.

    Not `counted`: the API's pages show no total, so it is left at 0."""
    chosen: Select[Any] = statement
    for word in words.split()[:8]:
        chosen = chosen.where(or_(*[contains(column, word) for column in search]))
    total = _count(session, chosen) if counted else 0
    column = sorts[sort]
    order = [column.desc() if descending else column.asc()]
    if tie is not None:
        order.append(tie.desc() if descending else tie.asc())
    rows = session.execute(chosen.order_by(*order).offset(min(offset, MAX_OFFSET)).limit(limit)).all()
    return Page(list(rows), total)


def _count(session: Session, chosen: Any) -> int:
    bounded = chosen.order_by(None).with_only_columns(literal(1), maintain_column_froms=True).limit(MAX_COUNTED + 1)
    found: int = session.execute(select(func.count()).select_from(bounded.subquery())).scalar_one()
    return found


def contains(column: Any, word: str) -> ColumnElement[bool]:
    escaped = word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    made: ColumnElement[bool] = func.lower(column).like(f"%{escaped}%", escape="\\")
    return made
