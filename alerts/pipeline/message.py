# SPDX-License-Identifier: MIT
"""From the rows of a delivery to the message that is stored and sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from alerts.config import Settings
from alerts.delivery.digest import Waiting, digest
from alerts.delivery.mail import dated
from alerts.errors import Permanent
from alerts.facts import concepts
from alerts.model import Alert, AlertKind, ChannelKind, Digest, MatchReason, Message
from alerts.pipeline import links, placing, templates
from alerts.pipeline.compose import Telling, alert
from alerts.pipeline.roundups import news_of
from alerts.rhythm import Cadence, last_slot
from alerts.store import deliveries, digests, items, stories, subscribers, subscriptions
from alerts.store.deliveries import DueDelivery
from alerts.store.engine import Store
from alerts.store.tables import DigestEntry, MatchRow, Story, Subscription
from alerts.stories import RANK

MAX_SOURCES = 8


def rendered(store: Store, settings: Settings, due: DueDelivery, now: datetime) -> Message:
    """Raises OncowireError if it cannot be made. Mail gets its date here, so that a repeat is the same byte for byte."""
    with store.read() as session:
        if due.kind == AlertKind.DIGEST:
            made = _in_words_of_the_team(store, session, due, _digest(store, session, settings, due))
        else:
            told = _alert(store, session, settings, due)
            made = _threaded(session, due, _in_words_of_the_team(store, session, due, told))
    return dated(made, settings.mail_from, now) if due.channel_kind is ChannelKind.EMAIL else made


def _in_words_of_the_team(store: Store, session: Session, due: DueDelivery, told: Alert | Digest) -> Message:
    team = session.get_one(Subscription, due.subscription_id).team_id
    return templates.message_of(store, session, team, due.channel_kind, told, due.message_id)


def _alert(store: Store, session: Session, settings: Settings, due: DueDelivery) -> Alert:
    if due.story_id is None or due.subscription_id is None:
        raise Permanent("nothing_to_tell", f"a delivery of kind {due.kind} has no message", scope="message")
    own = links.of_reader(store, settings.public_url, links.Reader(due.channel_id, due.subscription_id), due.story_id)
    repeat = bool(due.unknowns) and due.channel_kind is not ChannelKind.EMAIL
    told = telling(session, due.subscription_id, due.story_id, due.revision, AlertKind(due.kind))
    told = told.model_copy(update={"links": own, "possible_repeat": repeat})
    return alert(told, concepts())


def as_told(session: Session, channel_id: int, story_id: int) -> Alert | None:
    """A story as a channel was last told of it; None if it never was."""
    told = subscribers.told_of(session, channel_id, story_id)
    return alert(telling(session, *told), concepts()) if told else None


def telling(session: Session, subscription_id: int, story_id: int, revision: int, kind: AlertKind) -> Telling:
    """All that an alert tells of one story, from rows."""
    story = session.get_one(Story, story_id)
    members = items.load(session, stories.members(session, story_id, parts=True))
    lead = next(m for m in members if m.id == story.lead_item_id)
    match = select(MatchRow).where(col(MatchRow.subscription_id) == subscription_id, col(MatchRow.story_id) == story_id)
    reasons = session.exec(match.order_by(col(MatchRow.id).desc())).first()
    earlier, step = _earlier(session, story) if kind is AlertKind.UPDATE else (None, "")
    ordered = sorted(members, key=lambda m: (m.id != lead.id, RANK[m.news.tier], m.id))
    return Telling(
        kind=kind,
        story_id=story_id,
        revision=revision,
        lead=lead.news,
        facts=news_of(session, lead, story_id),
        sources=tuple(items.source_line(m.news) for m in ordered[:MAX_SOURCES]),
        subscription=session.get_one(Subscription, subscription_id).name,
        reasons=tuple(MatchReason.model_validate(r) for r in reasons.reasons) if reasons else (),
        follows_headline=earlier.headline if earlier else None,
        follows_date=(earlier.event_date or earlier.first_seen_at.date()) if earlier else None,
        follows_step=step,
    )


def _earlier(session: Session, story: Story) -> tuple[Story | None, str]:
    """What an update is an update of, and what became of it; a story whose publisher corrected it follows itself."""
    if story.revision > 1:
        return story, "corrected by its publisher"
    return (session.get(Story, story.follows_id), story.follows_step) if story.follows_id else (None, "")


def _threaded(session: Session, due: DueDelivery, message: Message) -> Message:
    """An update goes under the message that told the story before it: References in mail, a thread for Slack's bot."""
    story = session.get_one(Story, due.story_id) if due.kind == AlertKind.UPDATE else None
    earlier = _earlier(session, story)[0] if story else None
    if earlier is None or earlier.id is None or due.subscription_id is None:
        return message
    first = deliveries.told_in(session, due.subscription_id, due.channel_id, earlier.id)
    if first is None:
        return message
    stored = Message.model_validate(first.message) if first.message else None
    if due.channel_kind is ChannelKind.EMAIL:  # RFC 5322 §3.6.4: the parent's references, then the parent
        above = stored.headers.get("References", "") if stored else ""
        headers = {"In-Reply-To": first.message_id, "References": f"{above} {first.message_id}".strip()}
        return message.model_copy(update={"headers": {**message.headers, **headers}})
    if "bot_token" in due.config and first.provider_id:
        # Slack threads are one level deep: an update of an update belongs under what its thread began with.
        began = (stored.payload or {}).get("thread_ts") if stored else None
        thread = {"thread_ts": began or first.provider_id.rpartition(":")[2], "reply_broadcast": True}
        return message.model_copy(update={"payload": {**(message.payload or {}), **thread}})
    return message


def _digest(store: Store, session: Session, settings: Settings, due: DueDelivery) -> Digest:
    """Raises Permanent(nothing_to_tell) if nothing is left of it."""
    entries = digests.entries_of(session, due.id)
    reader = subscriptions.reader(session, due.subscription_id or 0, entries[0].channel_id) if entries else None
    if reader is None or due.subscription_id is None:
        raise Permanent("nothing_to_tell", "the digest is empty", scope="message")
    rhythm = placing.wishes(reader).rhythm
    waiting = [_waiting(store, session, settings, entry) for entry in entries]
    return digest(
        waiting,
        subscription=reader.subscription.name,
        window=_window(entries, rhythm.cadence),
        zone=rhythm.zone,
        by="cancer" if reader.subscription.spec.get("digest_by") == "cancer" else "drug",
        links=links.of_reader(store, settings.public_url, links.Reader(due.channel_id, due.subscription_id)),
    )


def _waiting(store: Store, session: Session, settings: Settings, entry: DigestEntry) -> Waiting:
    told = telling(session, entry.subscription_id, entry.story_id, entry.revision, AlertKind(entry.kind))
    mine = links.Reader(entry.channel_id, entry.subscription_id)
    told = told.model_copy(update={"links": links.of_reader(store, settings.public_url, mine, entry.story_id)})
    return Waiting(alert(told, concepts()), session.get_one(Story, entry.story_id).first_seen_at, entry.why)


def _window(entries: Sequence[DigestEntry], cadence: Cadence) -> tuple[datetime, datetime]:
    """From the digest before (or since the first of these was held) to the moment this one was due."""
    end = max(e.due_at for e in entries)
    held = min(e.held_at or e.due_at for e in entries)
    if cadence.kind == "instant":
        return held, end
    return min(held, last_slot(cadence, end - timedelta(seconds=1))), end
