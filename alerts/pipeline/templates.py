# SPDX-License-Identifier: MIT
"""Templates that teams edit: check, preview on real stories, save what holds on the last 50 of them, use it when sending.

A version holds the parts of alerts, those of digests (`digest_…`), or both; what it leaves out is Oncowire's own layout.

For the console and the command line: `check` (faults with part, line and code; empty if it may be saved), `preview` (the
message of one story or of our sample), `save` (raises InputError(template_faults)), `revert`, `store.templates.versions`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlmodel import Session

from alerts.delivery import render, render_digest
from alerts.delivery.templating import DIGEST, Failed, Fault, lint, parts_of, render_parts
from alerts.delivery.templating.assemble import attempts, fitting, lost_links
from alerts.delivery.templating.samples import LINKS, bare, full, gathered, known, known_of_digest
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import Alert, AlertKind, ChannelKind, Digest, Message
from alerts.pipeline.compose import Telling, alert
from alerts.store import items, stories, templates
from alerts.store.engine import Store
from alerts.store.tables import Story, TemplateVersion

TRIED_STORIES = 50
MAX_FAULTS = 20
PREVIEW_ID = "<preview@oncowire>"

log = structlog.get_logger()
Source = Mapping[str, str]


def check(session: Session, channel: ChannelKind, source: Source) -> list[Fault]:
    """What is wrong, at most 20 faults: first what can be read in it, then what shows on samples and the last 50 stories."""
    alerts, digests = parts_of(source, digest=False), parts_of(source, digest=True)
    found = lint(channel, alerts, known()) if alerts or not digests else []
    found += [_of_digest(f) for f in lint(channel, digests, known_of_digest())] if digests else []
    if found:
        return found[:MAX_FAULTS]
    real = [_of_story(session, story) for story in templates.recent_stories(session, TRIED_STORIES)]
    found = _tried(channel, alerts, [full(), bare(), *real]) if alerts else []
    if digests:
        found += [_of_digest(f) for f in _tried(channel, digests, [gathered(), *([gathered(real)] if real else [])])]
    return found[:MAX_FAULTS]


def _of_digest(fault: Fault) -> Fault:
    return fault._replace(part=f"{DIGEST}{fault.part}" if fault.part else "")


def _tried(channel: ChannelKind, parts: Source, told: Sequence[Alert | Digest]) -> list[Fault]:
    """What is wrong with the messages that these parts make, each kind of fault once."""
    tries = [attempts(one) for one in told]
    try:
        made = iter(render_parts(channel, parts, [values for one in tries for values in one]))
    except Failed as exc:
        return [exc.fault]
    found: dict[tuple[str, int, str], Fault] = {}
    for values in tries:
        for fault in _wrong(channel, [next(made) for _ in values], values):
            told_in = f"{fault.message} (in: {values[0]['title'][:80]})"
            found.setdefault((fault.part, fault.line, fault.code), fault._replace(message=told_in))
    return list(found.values())


def _wrong(
    channel: ChannelKind, made: Sequence[Mapping[str, str] | Fault], values: list[dict[str, Any]]
) -> list[Fault]:
    broken = [parts for parts in made if isinstance(parts, Fault)]
    if broken:
        return broken[:1]
    try:
        return lost_links(channel, fitting(channel, made, values, PREVIEW_ID), values[0])
    except InputError as exc:
        return [Fault("", 1, exc.code, exc.message)]


def preview(
    session: Session, channel: ChannelKind, source: Source, story_id: int | None = None, *, digest: bool = False
) -> Message:
    """The message as it would be sent, of a story or of our sample, or a digest of the last 50 stories (of samples if there
    are none yet). Raises InputError with the code of the first fault.
    """
    parts = parts_of(source, digest=digest)
    found = lint(channel, parts, known_of_digest() if digest else known()) if parts else []
    if found:
        raise InputError(found[0].code, f"{found[0].part}:{found[0].line}: {found[0].message}")
    if digest:
        real = [_of_story(session, story) for story in templates.recent_stories(session, TRIED_STORIES)]
        gather = gathered(real)
        return _made(channel, parts, gather, PREVIEW_ID) if parts else render_digest(channel, gather, PREVIEW_ID)
    told = full() if story_id is None else _of_story(session, session.get_one(Story, story_id))
    return _made(channel, parts, told, PREVIEW_ID) if parts else render(channel, told, PREVIEW_ID)


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
    store: Store, session: Session, team_id: int, channel: ChannelKind, told: Alert | Digest, message_id: str
) -> Message:
    """In the team's own words; where its newest template fails, in the last good one; else in our layout. Never raises for
    what a template does: the fault is noted on the version, where its owner sees it."""
    for version_id, source in templates.good(session, team_id, channel):
        parts = parts_of(source, digest=isinstance(told, Digest))
        if not parts:
            break  # this version leaves it to Oncowire
        try:
            return _made(channel, parts, told, message_id)
        except InputError as exc:
            log.warning(
                "template_failed", version_id=version_id, channel=channel.value, code=exc.code, error=exc.message
            )
            with store.write() as writing:
                templates.note_fault(writing, version_id, f"{exc.code}: {exc.message}", datetime.now(UTC))
    return render_digest(channel, told, message_id) if isinstance(told, Digest) else render(channel, told, message_id)


def _made(channel: ChannelKind, parts: Source, told: Alert | Digest, message_id: str) -> Message:
    """Raises InputError with what is wrong."""
    values = attempts(told)
    try:
        return fitting(channel, render_parts(channel, parts, values), values, message_id)
    except Failed as exc:
        raise InputError(exc.fault.code, f"{exc.fault.part}:{exc.fault.line}: {exc.fault.message}") from None


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
