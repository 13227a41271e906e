# SPDX-License-Identifier: MIT
"""Templates that teams edit: check, preview on real stories, save what holds on the last 50 of them, use it when sending.

For the console and the command line: `check` (faults with part, line and code; empty if it may be saved), `preview` (the
message of one story or of our sample), `save` (raises InputError(template_faults)), `revert`, `store.templates.versions`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlmodel import Session

from alerts.delivery import render
from alerts.delivery.templating import Failed, Fault, assemble, lint, render_parts
from alerts.delivery.templating.assemble import faults
from alerts.delivery.templating.samples import LINKS, bare, full, known
from alerts.delivery.values import alert_values
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import Alert, AlertKind, ChannelKind, Message
from alerts.pipeline.compose import Telling, alert
from alerts.store import items, stories, templates
from alerts.store.engine import Store
from alerts.store.tables import Story, TemplateVersion

TRIED_STORIES = 50
MAX_FAULTS = 20

log = structlog.get_logger()
Source = Mapping[str, str]


def check(session: Session, channel: ChannelKind, source: Source) -> list[Fault]:
    """All that is wrong: first what can be read in the template, then what shows on samples and the last 50 stories."""
    found = lint(channel, source, known())
    if found:
        return found
    told = [full(), bare(), *(_of_story(session, s) for s in templates.recent_stories(session, TRIED_STORIES))]
    values = [alert_values(one) for one in told]
    try:
        made = render_parts(channel, source, values)
    except Failed as exc:
        return [exc.fault]
    for one, parts in zip(values, made, strict=True):
        new = [parts] if isinstance(parts, Fault) else faults(channel, parts, one)
        found += [f._replace(message=f"{f.message} (in: {one['title'][:80]})") for f in new]
    return list({(f.part, f.line, f.code): f for f in reversed(found)}.values())[:MAX_FAULTS]


def preview(session: Session, channel: ChannelKind, source: Source, story_id: int | None = None) -> Message:
    """The message as it would be sent, of a story or of our sample. Raises InputError with the code of the first fault."""
    told = full() if story_id is None else _of_story(session, session.get_one(Story, story_id))
    if not source:
        return render(channel, told, "<preview@oncowire>")
    return _made(channel, source, told, "<preview@oncowire>")


def save(
    session: Session, team_id: int, channel: ChannelKind, source: Source, author: str, now: datetime
) -> TemplateVersion:
    """Keep it as the version in use. Raises InputError(template_faults) and changes nothing if it does not hold."""
    found = check(session, channel, source)
    if found:
        told = "; ".join(f"{f.part}:{f.line}: {f.code}: {f.message}" for f in found)
        raise InputError("template_faults", told)
    return templates.save(session, team_id, channel, source, author, now)


def revert(
    session: Session, team_id: int, channel: ChannelKind, version: int, author: str, now: datetime
) -> TemplateVersion:
    """An earlier version again, as a new one; 0 is Oncowire's own layout. Raises InputError(unknown_version)."""
    if version == 0:
        return templates.save(session, team_id, channel, {}, author, now)
    for row in templates.versions(session, team_id, channel):
        if row.version == version:
            return templates.save(session, team_id, channel, row.source, author, now)
    raise InputError("unknown_version", f"there is no version {version} of this template")


def message_of(
    store: Store, session: Session, team_id: int, channel: ChannelKind, told: Alert, message_id: str
) -> Message:
    """In the team's own words; where its newest template fails, in the last good one; else in our layout. Never raises for
    what a template does: the fault is noted on the version, where its owner sees it."""
    for version_id, source in templates.good(session, team_id, channel):
        try:
            return _made(channel, source, told, message_id)
        except InputError as exc:
            log.warning(
                "template_failed", version_id=version_id, channel=channel.value, code=exc.code, error=exc.message
            )
            with store.write() as writing:
                templates.note_fault(writing, version_id, f"{exc.code}: {exc.message}", datetime.now(UTC))
    return render(channel, told, message_id)


def _made(channel: ChannelKind, source: Source, told: Alert, message_id: str) -> Message:
    values: dict[str, Any] = alert_values(told)
    try:
        parts = render_parts(channel, source, [values])[0]
    except Failed as exc:
        parts = exc.fault
    if isinstance(parts, Fault):
        raise InputError(parts.code, f"{parts.part}:{parts.line}: {parts.message}")
    return assemble(channel, parts, values, message_id)


def _of_story(session: Session, story: Story) -> Alert:
    """A story as an alert to nobody in particular."""
    assert story.id is not None
    members = items.load(session, stories.members(session, story.id, parts=True))
    lead = next((m for m in members if m.id == story.lead_item_id), members[0])
    earlier = session.get(Story, story.follows_id) if story.follows_id else None
    told = Telling(
        kind=AlertKind.UPDATE if earlier else AlertKind.STORY,
        story_id=story.id,
        revision=story.revision,
        lead=lead.news,
        facts=items.facts_of(session, lead),
        sources=tuple(items.source_line(m.news) for m in members[:8]),
        subscription="Your rule",
        follows_headline=earlier.headline if earlier else None,
        follows_date=(earlier.event_date or earlier.first_seen_at.date()) if earlier else None,
        links=LINKS,
    )
    return alert(told, concepts())
