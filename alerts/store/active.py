# SPDX-License-Identifier: MIT
"""SQL of rules as matching needs them: which changed, how many there are."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from alerts.store.tables import Subscription

COLUMNS: list[Any] = [
    col(Subscription.id),
    col(Subscription.revision),
    col(Subscription.updated_at),
    col(Subscription.state),
    col(Subscription.spec),
]


class StoredRule(NamedTuple):
    """`rule` is None where the subscription is not active."""

    subscription_id: int
    revision: int
    updated_at: datetime
    rule: Mapping[str, Any] | None


class Census(NamedTuple):
    """Changes with every change of an active subscription that `changed` may have missed."""

    rules: int
    revisions: int


def changed(session: Session, since: datetime | None) -> Iterator[StoredRule]:
    """Subscriptions changed at or after `since`, oldest first; all active ones without it."""
    rows = select(*COLUMNS)
    asked = col(Subscription.updated_at) >= since if since is not None else col(Subscription.state) == "active"
    for number, revision, at, state, spec in session.execute(rows.where(asked).order_by(col(Subscription.updated_at))):
        yield StoredRule(number, revision, at, spec["rule"] if state == "active" else None)


def census(session: Session) -> Census:
    counted = select(func.count(), func.coalesce(func.sum(col(Subscription.revision)), 0))
    number, revisions = session.execute(counted.where(col(Subscription.state) == "active")).one()
    return Census(number, revisions)
