# SPDX-License-Identifier: MIT
"""Tables: every one sorts, filters, pages and exports CSV. The page says its columns; the address says what is wanted.

`?q=…&sort=-at&page=2&format=csv` — `sort` with a minus is descending. Pages give the store (store/browse.py) what to
select; the template draws it with the macro `table` of console/parts.html. A table that answers a posted form (`kept`) asks
by buttons that post the form again.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from alerts.store.browse import Asked
from alerts.store.listing import MAX_COUNTED

Cell = Callable[[Any, str], Any]
PER_PAGE = 50
MAX_CSV_ROWS = 50_000
_FORMULA = re.compile(r"^[\s]*[=+\-@\t\r|%]")


class Column(NamedTuple):
    """`key` is the sort key and the CSV heading; not `sortable` where the store cannot order by it; a `number` stands right.

    `only`: a column of buttons is on the page only; what the page shows elsewhere may be a column of the file only.
    """

    key: str
    label: str
    sortable: bool = True
    number: bool = False
    only: Literal["page", "file"] | None = None


class Wanted(NamedTuple):
    """What the address asks for, cleaned."""

    q: str
    sort: str
    descending: bool
    page: int
    csv: bool
    filters: Mapping[str, str]
    prefix: str = ""  # of the names in the address, where a page has more than one table
    per_page: int = PER_PAGE

    @property
    def offset(self) -> int:
        return 0 if self.csv else (self.page - 1) * self.per_page

    @property
    def limit(self) -> int:
        return MAX_CSV_ROWS if self.csv else self.per_page

    def of_store(self) -> Asked:
        """The same, as the store's lists are asked."""
        return Asked(self.q, self.sort, self.descending, self.offset, self.limit, self.filters)


def wanted(
    request: Request,
    columns: Sequence[Column],
    default_sort: str,
    filters: Sequence[str] = (),
    prefix: str = "",
    *,
    per_page: int = PER_PAGE,
    form: Mapping[str, str] | None = None,
) -> Wanted:
    """Read the address; whatever makes no sense falls back to the default, for it came from a link.

    `form`: of a table that answers a posted form, what stands in its fields: asked where the address asks for nothing.
    """
    asked = request.query_params or form or {}
    given = {key.removeprefix(prefix): text for key, text in asked.items() if key.startswith(prefix)}
    sort = given.get("sort", default_sort)
    if sort.lstrip("-") not in {c.key for c in columns if c.sortable}:
        sort = default_sort
    page = given.get("page", "1")
    return Wanted(
        q=given.get("q", "").strip()[:200],
        sort=sort.lstrip("-"),
        descending=sort.startswith("-"),
        page=min(max(int(page), 1), 100_000) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        csv=given.get("format") == "csv" and (request.method == "GET" or form is not None),
        filters={f: given.get(f, "")[:100] for f in filters},
        prefix=prefix,
        per_page=per_page,
    )


class Table:
    """A page of rows with the links around it, for the macro `table`.

    `kept`: what the form that the table answers was given; posted again with everything that the table is asked.
    """

    def __init__(
        self,
        path: str,
        columns: Sequence[Column],
        asked: Wanted,
        rows: Sequence[Any],
        total: int,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        self.path, self.columns, self.asked, self.rows, self.total, self.kept = path, columns, asked, rows, total, kept

    @property
    def id(self) -> str:
        """Of its place in the page."""
        return self.name("list")

    @property
    def on_page(self) -> Sequence[Column]:
        return [c for c in self.columns if c.only != "file"]

    @property
    def in_file(self) -> Sequence[Column]:
        return [c for c in self.columns if c.only != "page"]

    @property
    def home(self) -> str:
        """The list as it is at first; where a page has several, the link leads back to this one."""
        if self.kept is not None:
            return f"{self.path}?{self.name('page')}=1"
        return f"{self.path}#{self.id}" if self.asked.prefix else self.path

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.asked.per_page))

    @property
    def counted(self) -> bool:
        """Is `total` all there is?"""
        return self.total <= MAX_COUNTED

    @property
    def tally(self) -> str:
        return tally(self.total)

    @property
    def has_next(self) -> bool:
        return self.asked.page < self.pages or (not self.counted and len(self.rows) == self.asked.per_page)

    @property
    def first(self) -> int:
        return self.asked.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.asked.offset + len(self.rows)

    @property
    def filtered(self) -> bool:
        return bool(self.asked.q or any(self.asked.filters.values()))

    def link(self, **changes: Any) -> str:
        """The same list with something changed: `link(page=2)`."""
        sort = ("-" if self.asked.descending else "") + self.asked.sort
        values = {"q": self.asked.q, **self.asked.filters, "sort": sort, "page": self.asked.page} | changes
        query = urlencode({self.name(k): v for k, v in values.items() if v not in ("", None)})
        return f"{self.path}?{query}" + (f"#{self.id}" if self.asked.prefix else "")

    def name(self, key: str) -> str:
        """What `key` is called in the address."""
        return self.asked.prefix + key

    def sort_link(self, column: Column) -> str:
        down = self.asked.sort == column.key and not self.asked.descending
        return self.link(sort=("-" if down else "") + column.key, page=1)

    def sorted_by(self, column: Column) -> str:
        """Value of aria-sort."""
        if self.asked.sort != column.key:
            return "none"
        return "descending" if self.asked.descending else "ascending"


def of_rows(
    path: str,
    columns: Sequence[Column],
    asked: Wanted,
    rows: Sequence[Any],
    cell: Cell,
    kept: Mapping[str, str] | None = None,
) -> Table:
    """A table of a short list that is in memory already: filtered, ordered and cut here by what its cells say.

    Without a sort key it stays in the order that it came in; empty cells come last either way.
    """
    keys = [column.key for column in columns]
    words = asked.q.lower().split()
    fitting = [
        row
        for row in rows
        if all(word in " ".join(str(cell(row, key)) for key in keys).lower() for word in words)
        and all(str(cell(row, key)) == value for key, value in asked.filters.items() if value)
    ]
    ordered = _ordered(fitting, asked, cell) if asked.sort else fitting
    return Table(path, columns, asked, ordered[asked.offset : asked.offset + asked.limit], len(ordered), kept)


def _ordered(rows: Sequence[Any], asked: Wanted, cell: Cell) -> list[Any]:
    def order(row: Any) -> Any:
        value = cell(row, asked.sort)
        return value.lower() if isinstance(value, str) else value

    known = [row for row in rows if cell(row, asked.sort) not in (None, "")]
    unknown = [row for row in rows if cell(row, asked.sort) in (None, "")]
    return [*sorted(known, key=order, reverse=asked.descending), *unknown]


def export(*listed: tuple[str, Table, Cell]) -> Response | None:
    """The CSV file of the one of a page's tables that the address asks it of; None where it asks for the page."""
    for name, table, cell in listed:
        if table.asked.csv:
            return _file(name, table, cell)
    return None


def tally(total: int) -> str:
    """A count as the store gives it, in words."""
    return f"{total:,}" if total <= MAX_COUNTED else f"more than {MAX_COUNTED:,}"


def _file(name: str, table: Table, cell: Cell) -> Response:
    """All rows as a CSV file that no spreadsheet program takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    keys = [column.key for column in table.in_file]
    writer.writerow(keys)
    for row in table.rows:
        writer.writerow([safe_cell(cell(row, key)) for key in keys])
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M")
    headers = {
        "Content-Disposition": f'attachment; filename="oncowire-{name}-{stamp}.csv"',
        "Cache-Control": "no-store",
    }
    # The byte order mark tells spreadsheet programs that this is UTF-8.
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def safe_cell(value: Any) -> str:
    """Text of a cell; what a spreadsheet could take for a formula gets an apostrophe in front (OWASP: CSV injection)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value).replace("\x00", "")
    return "'" + text if _FORMULA.match(text) else text
