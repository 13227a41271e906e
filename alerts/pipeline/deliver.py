# SPDX-License-Identifier: MIT
"""One delivery: render once, write *sending*, send, write how it ended. Killed anywhere, nothing is lost."""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from alerts.config import Settings
from alerts.delivery import Sender, endpoint_is_dead, next_step, render
from alerts.errors import OncowireError
from alerts.facts import concepts
from alerts.model import (
    AlertKind,
    ChannelKind,
    DeliveryState,
    DeliveryStep,
    MatchReason,
    Message,
    Outcome,
    OutcomeKind,
    SourceLine,
)
from alerts.pipeline.compose import Telling, alert
from alerts.store import deliveries, items, ops, stories
from alerts.store.deliveries import DueDelivery
from alerts.store.engine import Store
from alerts.store.tables import Channel, MatchRow, Story, Subscription
from alerts.stories import RANK

log = structlog.get_logger()
Clock = Callable[[], datetime]


def one(store: Store, sender: Sender, settings: Settings, delivery_id: int, clock: Clock, luck: float) -> None:
    """Raises OncowireError when the row itself cannot be worked on (its secret, its template)."""
    with store.read() as session:
        due = deliveries.load(store, session, delivery_id)
    if due.state is DeliveryState.SENDING:
        return _died_while_sending(store, due, clock(), luck)
    if due.channel_state in {"disabled", "suppressed"}:
        step = DeliveryStep(state=DeliveryState.SUPPRESSED, reason=f"channel_{due.channel_state}")
        with store.write() as session:
            return deliveries.settle(session, due.id, step, clock())
    message = due.message or _rendered(store, settings, due)
    with store.write() as session:
        mine = deliveries.begin(session, due, message, clock())
    if not mine:
        return None
    outcome = sender.send(due.channel_kind, due.config, message)
    return _record(store, due, outcome, clock(), luck)


def _record(store: Store, due: DueDelivery, outcome: Outcome, now: datetime, luck: float) -> None:
    step = next_step(outcome, due.attempts_made + 1, due.channel_kind, now, luck)
    with store.write() as session:
        deliveries.end(session, due.id, due.attempts_made + 1, outcome, step, now)
        _note_endpoint(session, due, outcome, now)
    log.info("delivered", delivery_id=due.id, state=step.state.value, code=outcome.code, attempt=due.attempts_made + 1)


def _note_endpoint(session: Session, due: DueDelivery, outcome: Outcome, now: datetime) -> None:
    """A dead endpoint, confirmed, is switched off and ops are told once."""
    channel = session.get_one(Channel, due.channel_id)
    if outcome.kind is OutcomeKind.OK:
        channel.failures = 0
        return
    channel.last_error_code, channel.last_error_at = outcome.code, now
    if endpoint_is_dead(outcome, channel.failures):
        channel.state = "disabled"
        ops.raise_notice(
            session,
            f"channel:{channel.id}:dead",
            f"{channel.label} refuses messages ({outcome.code}): switched off",
            now,
        )
    if outcome.kind is OutcomeKind.PERMANENT_ENDPOINT:
        channel.failures += 1


def _died_while_sending(store: Store, due: DueDelivery, now: datetime, luck: float) -> None:
    """The lease of a row in *sending* ran out: its worker died there, and nobody knows whether the message went out."""
    outcome = Outcome(kind=OutcomeKind.UNKNOWN, code="worker_died", detail="the worker ended while it was sending")
    step = next_step(outcome, due.attempts_made, due.channel_kind, now, luck)
    with store.write() as session:
        deliveries.end(session, due.id, due.attempts_made, outcome, step, now)


def set_aside(store: Store, delivery_id: int, exc: OncowireError, now: datetime) -> None:
    """This row cannot be sent as it is: it ends with its reason and can be retried by hand."""
    with store.write() as session:
        deliveries.settle(session, delivery_id, DeliveryStep(state=DeliveryState.DEAD, reason=exc.code), now)
    log.error("delivery_set_aside", delivery_id=delivery_id, code=exc.code, error=exc.message)


def _rendered(store: Store, settings: Settings, due: DueDelivery) -> Message:
    with store.read() as session:
        told = telling(session, settings, due)
    return render(due.channel_kind, alert(told, concepts()), due.message_id)


def telling(session: Session, settings: Settings, due: DueDelivery) -> Telling:
    """All that this alert tells, from rows."""
    story = session.get_one(Story, due.story_id)
    members = items.load(session, stories.members(session, due.story_id, parts=True))
    lead = next(m for m in members if m.id == story.lead_item_id)
    subscription = session.get_one(Subscription, due.subscription_id)
    same = select(MatchRow).where(
        col(MatchRow.subscription_id) == due.subscription_id, col(MatchRow.story_id) == due.story_id
    )
    reasons = session.exec(same.order_by(col(MatchRow.id).desc())).first()
    earlier = session.get(Story, story.follows_id) if story.follows_id and due.kind == AlertKind.UPDATE else None
    ordered = sorted(members, key=lambda m: (m.id != lead.id, RANK[m.news.tier], m.id))
    return Telling(
        kind=AlertKind(due.kind),
        story_id=due.story_id,
        revision=due.revision,
        lead=lead.news,
        facts=items.facts_of(session, lead),
        sources=tuple(_source(m) for m in ordered[:8]),
        subscription=subscription.name,
        reasons=tuple(MatchReason.model_validate(r) for r in reasons.reasons) if reasons else (),
        follows_headline=earlier.headline if earlier else None,
        follows_date=(earlier.event_date or earlier.first_seen_at.date()) if earlier else None,
        links={"story": f"{settings.public_url}/#story-{due.story_id}"},
        possible_repeat=due.state is DeliveryState.UNKNOWN and due.channel_kind is not ChannelKind.EMAIL,
    )


def _source(member: items.StoredItem) -> SourceLine:
    news = member.news
    return SourceLine(
        outlet=news.source or "source", title=news.title, url=news.link, tier=news.tier, published=news.published
    )
