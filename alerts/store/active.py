# SPDX-License-Identifier: MIT
"""SQL of rules as matching needs them: which changed, how many there are."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from alerts.store.tables import Subscription


class StoredRule(NamedTuple):
    """`rule` is None where the subscription is not active."""

    subscription_id: int
    revision: int
    updated_at: datetime
    rule: Mapping[str, Any] | None


class Census(NamedTuple):
    """Changes with every change of an active subscription that `changed` may have missed."""

    count: int
    revisions: int


def changed(session: Session, since: datetime | None) -> Iterator[StoredRule]:
    """Subscriptions changed at or after `since`, oldest first; all active ones without it."""
    rows = select(
        Subscription.id, Subscription.revision, Subscription.updated_at, Subscription.state, Subscription.spec
    )
    asked = col(Subscription.updated_at) >= since if since is not None else col(Subscription.state) == "active"
    for number, revision, at, state, spec in session.execute(rows.where(asked).order_by(col(Subscription.updated_at))):
        yield StoredRule(number, revision, at, spec["rule"] if state == "active" else None)


def census(session: Session) -> Census:
    counted = select(func.count(), func.coalesce(func.sum(Subscription.revision), 0))
    return Census(*session.execute(counted.where(col(Subscription.state) == "active")).one())
