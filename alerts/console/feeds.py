# SPDX-License-Identifier: MIT
"""Feeds: health at a glance, the last attempts, add with discovery and check, pause, poll soon, OPML out and in."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from alerts.console import feedlist, tables
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk
from alerts.console.roles import Role, needs
from alerts.errors import OncowireError
from alerts.feeds import Checked, ListedFeed
from alerts.model import SourceTier
from alerts.store import browse
from alerts.store.tables import Feed, FeedAttempt

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/feeds")
COLUMNS = (
    tables.Column("title", "Feed"),
    tables.Column("state", "State"),
    tables.Column("tier", "Kind"),
    tables.Column("health", "Last polls", sortable=False),
    tables.Column("new", "Last news"),
    tables.Column("next", "Next poll"),
)
STATES = ("ok", "failing", "blocked", "silent", "moved", "gone", "paused")
Text = Annotated[str, Form(max_length=2000)]


class Tick(NamedTuple):
    """One poll in the sparkline: its place, and how tall the answer's time makes it."""

    x: int
    height: int
    ok: bool
    words: str


def ticks(attempts: Sequence[FeedAttempt]) -> list[Tick]:
    """Bars from left (old) to right: taller is slower; a failed one is drawn full height, so colour is not all it says."""
    slowest = max((a.duration_ms for a in attempts if not a.error_code), default=0) or 1
    return [
        Tick(
            n * 4,
            20 if a.error_code else max(3, round(14 * a.duration_ms / slowest)),
            not a.error_code,
            f"{a.at:%d %b %H:%M}: {a.error_code or f'{a.new_count} new'}, {a.duration_ms} ms",
        )
        for n, a in enumerate(attempts)
    ]


POLLS = (
    tables.Column("at", "At (UTC)"),
    tables.Column("answer", "Answer"),
    tables.Column("new", "New", number=True),
    tables.Column("changed", "Changed", number=True),
    tables.Column("ms", "Time", number=True),
    tables.Column("bytes", "Bytes", number=True),
)
MAX_POLLS = 100  # of one feed: the store keeps 50 to 60
SPARK_POLLS = 50  # in the sparkline


@router.get("")
@needs(Role.VIEWER)
def feed_list(desk: CurrentDesk) -> Response:
    return _show(desk)


def _show(desk: Desk, status: int = 200, fault: str = "", checked: Checked | None = None, url: str = "") -> Response:
    asked = tables.wanted(desk.request, COLUMNS, "title", ["state", "tier"])
    with desk.store.read() as session:
        found = browse.feeds(session, asked.of_store())
        polls = browse.feed_attempts(session, [row.id for row in found.rows])
    table = tables.Table("/feeds", COLUMNS, asked, found.rows, found.total)
    return tables.export(("feeds", table, _cell)) or desk.show(
        "feeds/list.html", status, table=table, states=STATES, tiers=list(SourceTier), fault=fault, checked=checked, url=url,
        sparks={feed: ticks(attempts) for feed, attempts in polls.items()},
    )  # fmt: skip


def _cell(row: Feed, key: str) -> Any:
    if key in {"title", "state", "tier"}:
        return getattr(row, key) or row.url
    return {"health": row.last_error_code, "new": row.last_new_item_at, "next": row.next_poll_at}[key]


@router.get("/{feed_id:int}")
@needs(Role.VIEWER)
def feed_page(desk: CurrentDesk, feed_id: int) -> Response:
    with desk.store.read() as session:
        row = feedlist.one(session, feed_id)
        polls = browse.feed_attempts(session, [feed_id], MAX_POLLS)[feed_id]
    asked = tables.wanted(desk.request, POLLS, "-at")
    table = tables.of_rows(f"/feeds/{feed_id}", POLLS, asked, polls, _poll_cell)
    return tables.export(("polls", table, _poll_cell)) or desk.show(
        "feeds/feed.html", feed=row, table=table, spark_ticks=ticks(polls[-SPARK_POLLS:])
    )


def _poll_cell(row: FeedAttempt, key: str) -> Any:
    if key == "answer":
        return " ".join(str(part) for part in (row.status, row.error_code, row.error_text) if part)
    names = {"at": "at", "new": "new_count", "changed": "updated_count", "ms": "duration_ms", "bytes": "wire_bytes"}
    return getattr(row, names[key])


# ── adding ───────────────────────────────────────────────────────────────────────────────────────


@router.post("/check")
@needs(Role.EDITOR, "feeds:write")
def check_address(desk: CurrentDesk, url: Text) -> Response:
    """What stands at an address: a feed with its entries, or a page and the feeds that it names."""
    found = feedlist.looked_at(desk, url)
    return _show(desk, 200 if found.error_code is None or found.feeds else 422, checked=found, url=found.url)


@router.post("/add")
@needs(Role.EDITOR, "feeds:write")
def add(desk: CurrentDesk, url: Text, title: Text = "", tier: Text = "unknown") -> Response:
    try:
        with desk.store.write() as session:
            feedlist.add_one(session, desk, ListedFeed(url, title[:200], tier))
    except OncowireError as exc:
        return _show(desk, 422, exc.message, url=url)
    return desk.go("/feeds", "The feed is there; its first poll only notes what it holds.")


@router.post("/import")
@needs(Role.EDITOR, "feeds:write")
def import_opml(desk: CurrentDesk, file: Annotated[UploadFile, File()]) -> Response:
    """Every feed of the file whose address may be fetched; the others are told."""
    try:
        listed = feedlist.opened(file.file.read(feedlist.MAX_OPML_BYTES + 1))
    except OncowireError as exc:
        return _show(desk, 422, exc.message)
    with desk.store.write() as session:
        done = feedlist.add(session, desk, listed)
    said = f"{len(done.new)} added, {len(done.known)} known already, {len(done.refused)} refused."
    return desk.go("/feeds", " ".join([said, *done.refused[:5]]))


@router.get("/export.opml")
@needs(Role.VIEWER)
def export_opml(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        made = feedlist.as_opml(session)
    headers = {"Content-Disposition": 'attachment; filename="oncowire-feeds.opml"', "Cache-Control": "no-store"}
    return Response(made, media_type="text/x-opml; charset=utf-8", headers=headers)


@router.post("/{feed_id:int}/set")
@needs(Role.EDITOR, "feeds:write")
def change(desk: CurrentDesk, feed_id: int, do: Text, title: Text = "", tier: Text = "") -> Response:
    """pause · resume · soon (poll now, politeness aside nothing) · name (title and kind)."""
    with desk.store.write() as session:
        row = feedlist.one(session, feed_id)
        if do in {"pause", "resume"}:
            feedlist.switch(session, desk, row, on=do == "resume")
        elif do == "soon":
            feedlist.poll_soon(session, desk, row)
        elif do == "name":
            feedlist.describe(session, desk, row, title, SourceTier(tier if tier in set(SourceTier) else row.tier))
    said = {"pause": "It is not polled any more; its items stay.", "resume": "It is polled again.",
            "soon": "It is polled with the next sweep, unless that was done a moment ago."}  # fmt: skip
    return desk.go(f"/feeds/{feed_id}", said.get(do, "Changed."))
