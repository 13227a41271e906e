# SPDX-License-Identifier: MIT
"""What happened in the last hour, for metrics: how sends ended, what was decided, how long news took. Indexed by time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.store.tables import Delivery, DeliveryAttempt, Notice, Story, StoryItem

WINDOW = timedelta(hours=1)


def attempts(session: Session, now: datetime) -> list[tuple[str, str, int]]:
    """(outcome, code, how many) of the attempts begun in the last hour; outcome "open" for those not ended."""
    outcome, code = func.coalesce(DeliveryAttempt.outcome, "open"), func.coalesce(DeliveryAttempt.code, "")
    rows = session.execute(
        select(outcome, code, func.count())
        .where(col(DeliveryAttempt.started_at) > now - WINDOW)
        .group_by(outcome, code)
    )
    return [(str(a), str(b), int(n)) for a, b, n in rows]


def decisions(session: Session, now: datetime) -> list[tuple[str, str, int]]:
    """(decision, reason code, how many) of the items put into stories in the last hour."""
    grouped = (col(StoryItem.decision), col(StoryItem.reason_code))
    rows = session.execute(
        select(*grouped, func.count()).where(col(StoryItem.decided_at) > now - WINDOW).group_by(*grouped)
    )
    return [(str(a), str(b), int(n)) for a, b, n in rows]


def told_after_s(session: Session, since: datetime) -> Sequence[float]:
    """Seconds from the first sight of a story to the acceptance of its instant alert, for those sent since then."""
    rows = session.execute(
        select(Delivery.sent_at, Story.first_seen_at)
        .join(Story, col(Story.id) == col(Delivery.story_id))
        .where(col(Delivery.sent_at) > since, col(Delivery.kind).in_(("story", "update")))
    )
    return [(sent - seen).total_seconds() for sent, seen in rows if sent is not None]


def open_notices(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Notice).where(col(Notice.over_at).is_(None))).one()
