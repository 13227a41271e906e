# SPDX-License-Identifier: MIT
"""Templates: a team's own words for each kind of channel, tried on real stories before they count, every version kept."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from alerts.console import tables, templating
from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, drawn_mail, not_found
from alerts.console.roles import Role, needs
from alerts.delivery.templating import DIGEST_PARTS, PARTS, Fault
from alerts.errors import InputError
from alerts.model import ChannelKind, Message
from alerts.pipeline import templates
from alerts.store import browse
from alerts.store import templates as stored
from alerts.store.browse import Asked
from alerts.store.tables import TemplateVersion

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/templates")
VERSIONS = (
    tables.Column("version", "Version", number=True),
    tables.Column("author", "Author"),
    tables.Column("at", "Saved (UTC)"),
    tables.Column("what", "Layout"),
    tables.Column("change", "Change", sortable=False, only="page"),
)
MAX_PART_CHARS = 60_000
Tried = int | Literal["digest"] | None  # what a preview is of: a story, the last stories as a digest, or our sample


@router.get("")
@needs(Role.VIEWER)
def template_list(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        kept = {kind: list(stored.versions(session, desk.actor.team_id, kind)) for kind in ChannelKind}
    return desk.show("wording/list.html", kept=kept)


@router.get("/{kind}")
@needs(Role.VIEWER)
def edit(desk: CurrentDesk, kind: ChannelKind, story: str = "") -> Response:
    with desk.store.read() as session:
        good = stored.good(session, desk.actor.team_id, kind, 1)
    return _show(desk, kind, dict(good[0][1]) if good else {}, _tried(story))


def _tried(text: str) -> Tried:
    if text == "digest":
        return "digest"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _preview(desk: Desk, kind: ChannelKind, source: dict[str, str], tried: Tried) -> Message:
    """Raises InputError with what is wrong with it."""
    with desk.store.read() as session:
        if isinstance(tried, int) and browse.story(session, tried) is None:
            raise not_found("story")
        story = tried if isinstance(tried, int) else None
        return templates.preview(session, kind, source, story, digest=tried == "digest")


def _show(
    desk: Desk, kind: ChannelKind, source: dict[str, str], tried: Tried, faults: list[Fault] | None = None
) -> Response:
    """The editor with a preview; without a template of the team's own, of Oncowire's layout."""
    with desk.store.read() as session:
        kept = list(stored.versions(session, desk.actor.team_id, kind))
        recent = browse.stories(session, Asked(limit=20)).rows
    versions = _versions(desk, kind, kept)
    if file := tables.export((f"template-{kind.value}-versions", versions, _version_cell)):
        return file
    message: Message | None = None
    try:
        message = _preview(desk, kind, source, tried) if not faults else None
    except InputError as exc:
        faults = [Fault("template", 1, exc.code, exc.message)]
    return desk.show(
        "wording/edit.html", 422 if faults else 200, kind=kind, parts_of=(PARTS[kind], DIGEST_PARTS[kind]), source=source,
        kept=kept, versions=versions, message=message, faults=faults or [], recent=recent, tried=tried,
    )  # fmt: skip


def _versions(desk: Desk, kind: ChannelKind, kept: Sequence[TemplateVersion]) -> tables.Table:
    asked = tables.wanted(desk.request, VERSIONS, "-version", (), "v-", per_page=10)
    return tables.of_rows(f"/templates/{kind.value}", VERSIONS, asked, kept, _version_cell)


def _version_cell(row: TemplateVersion, key: str) -> Any:
    if key == "what":
        return "your own" if row.source else "Oncowire's layout"
    return "" if key == "change" else getattr(row, key)


@router.post("/{kind}")
@needs(Role.EDITOR, "channels:write")
async def save(request: Request, desk: CurrentDesk, kind: ChannelKind) -> Response:
    """Preview, check on the last 50 stories, or save what passes them."""
    form = await request.form()
    source = {
        part: text
        for part in (*PARTS[kind], *DIGEST_PARTS[kind])
        if (text := str(form.get(part, ""))[:MAX_PART_CHARS].replace("\r\n", "\n"))
    }
    tried = _tried(str(form.get("story", "")))
    return await run_in_threadpool(_saved, desk, kind, source, tried, str(form.get("do", "")))


def _saved(desk: Desk, kind: ChannelKind, source: dict[str, str], tried: Tried, do: str) -> Response:
    if do == "preview":
        return _show(desk, kind, source, tried)
    if do == "look" and kind is ChannelKind.EMAIL:
        return _mail(desk, source, tried)
    with desk.store.read() as session:
        faults = templates.check(session, kind, source)
    if faults or do != "save":
        return _show(desk, kind, source, tried, faults)
    with desk.store.write() as session:
        made = templating.save(session, desk, kind, source)
        return desk.go(f"/templates/{kind.value}", f"Version {made.version} is in use from the next message on.")


def _mail(desk: Desk, source: dict[str, str], tried: Tried) -> Response:
    try:
        html = _preview(desk, ChannelKind.EMAIL, source, tried).html or ""
    except InputError as exc:
        return _show(desk, ChannelKind.EMAIL, source, tried, [Fault("template", 1, exc.code, exc.message)])
    return drawn_mail(html)


@router.post("/{kind}/revert")
@needs(Role.EDITOR, "channels:write")
def revert(desk: CurrentDesk, kind: ChannelKind, version: Annotated[int, Form(ge=0)]) -> Response:
    with desk.store.write() as session:
        templating.revert(session, desk, kind, version)
    return desk.go(f"/templates/{kind.value}", "Back in use." if version else "Oncowire's own layout is in use again.")
