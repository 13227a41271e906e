# SPDX-License-Identifier: MIT
"""SQL of the rule editor: subscriptions of a team with their numbers, one with its channels, its history."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from alerts.store.listing import Page, page
from alerts.store.subscriptions import CHUNK, Route
from alerts.store.tables import (
    Channel,
    Delivery,
    Feed,
    MatchRow,
    Subscription,
    SubscriptionChannel,
    SubscriptionRevision,
)

RECENT_DAYS = 28


class Listed(NamedTuple):
    """A line of the list of rules."""

    subscription: Subscription
    matches: int  # in the last 28 days
    last_match_at: datetime | None

    @property
    def per_week(self) -> float:
        return self.matches * 7 / RECENT_DAYS


def listed(
    session: Session, team_id: int, now: datetime, *, q: str, state: str, sort: str, descending: bool,
    offset: int, limit: int,
) -> Page:  # fmt: skip
    """The team's subscriptions; `sort`: name · state · matches · updated."""
    since = now - timedelta(days=RECENT_DAYS)
    counted = (
        select(
            MatchRow.subscription_id.label("sid"),  # type: ignore[attr-defined]
            func.count().label("matches"),
            func.max(MatchRow.matched_at).label("last"),
        )
        .where(col(MatchRow.matched_at) >= since)
        .group_by(col(MatchRow.subscription_id))
        .subquery()
    )
    matches = func.coalesce(counted.c.matches, 0)
    statement = (
        select(Subscription, matches, counted.c.last)
        .outerjoin(counted, counted.c.sid == Subscription.id)
        .where(col(Subscription.team_id) == team_id)
    )
    if state:
        statement = statement.where(col(Subscription.state) == state)
    sorts = {
        "name": func.lower(Subscription.name),
        "state": col(Subscription.state),
        "matches": matches,
        "updated": col(Subscription.updated_at),
    }
    found = page(
        session, statement, sorts=sorts, sort=sort, descending=descending, offset=offset, limit=limit, words=q,
        search=[Subscription.name], tie=col(Subscription.id),
    )  # fmt: skip
    return Page([Listed(*row) for row in found.rows], found.total)


def one(session: Session, team_id: int, subscription_id: int, *, lock: bool = False) -> Subscription | None:
    """A subscription of the team, None if the team has none such. `lock`: as it is when nobody else changes it any more."""
    row = session.get(Subscription, subscription_id, with_for_update=lock or None, populate_existing=lock)
    return row if row is not None and row.team_id == team_id else None


def by_name(session: Session, team_id: int, name: str) -> Subscription | None:
    return session.exec(
        select(Subscription).where(col(Subscription.team_id) == team_id, col(Subscription.name) == name)
    ).first()


def all_of(session: Session, team_id: int, states: Sequence[str] = ()) -> Sequence[Subscription]:
    statement = select(Subscription).where(col(Subscription.team_id) == team_id).order_by(col(Subscription.name))
    return session.exec(statement.where(col(Subscription.state).in_(states)) if states else statement).all()


def any_of(session: Session, team_id: int) -> bool:
    """Has the team a rule at all?"""
    return (
        session.exec(select(Subscription.id).where(col(Subscription.team_id) == team_id).limit(1)).first() is not None
    )


def channels(session: Session, team_id: int) -> Sequence[Channel]:
    """The team's channels by label."""
    return session.exec(select(Channel).where(col(Channel.team_id) == team_id).order_by(col(Channel.label))).all()


def channels_of(session: Session, subscription_id: int) -> Sequence[Channel]:
    joined = select(Channel).join(SubscriptionChannel, col(SubscriptionChannel.channel_id) == col(Channel.id))
    return session.exec(
        joined.where(col(SubscriptionChannel.subscription_id) == subscription_id).order_by(col(Channel.id))
    ).all()


class Link(NamedTuple):
    """A channel of a rule by its name, with the rhythm of its own that it has there."""

    subscription_id: int
    channel_id: int
    label: str
    cadence: str | None
    quiet: str | None
    cap_per_day: int | None


def links(session: Session, subscription_ids: Sequence[int]) -> dict[int, list[Link]]:
    """Of however many rules, in the order in which the channels were made."""
    of = SubscriptionChannel
    statement = (
        select(of.subscription_id, of.channel_id, Channel.label, of.cadence, of.quiet, of.cap_per_day)  # type: ignore[call-overload]
        .join(Channel, col(Channel.id) == col(of.channel_id))
        .order_by(col(of.subscription_id), col(of.channel_id))
    )
    found: dict[int, list[Link]] = {number: [] for number in subscription_ids}
    for start in range(0, len(subscription_ids), CHUNK):
        some = col(of.subscription_id).in_(subscription_ids[start : start + CHUNK])
        for row in session.execute(statement.where(some)):
            found[row[0]].append(Link(*row))
    return found


def routes(session: Session, subscription_id: int | None, channel_ids: Sequence[int]) -> list[Route]:
    """These channels, each with the rhythm of its own that it has in that subscription."""
    mine = select(SubscriptionChannel).where(col(SubscriptionChannel.subscription_id) == subscription_id)
    had = {r.channel_id: Route(r.channel_id, r.cadence, r.quiet, r.cap_per_day) for r in session.exec(mine)}
    return [had.get(channel, Route(channel)) for channel in dict.fromkeys(channel_ids)]


def history(session: Session, subscription_id: int) -> Sequence[SubscriptionRevision]:
    """Newest first."""
    statement = select(SubscriptionRevision).where(col(SubscriptionRevision.subscription_id) == subscription_id)
    return session.exec(statement.order_by(col(SubscriptionRevision.revision).desc())).all()


def last_deliveries(session: Session, subscription_id: int, limit: int = 5) -> Sequence[tuple[Delivery, Channel]]:
    statement = select(Delivery, Channel).join(Channel, col(Channel.id) == col(Delivery.channel_id))
    return session.exec(
        statement.where(col(Delivery.subscription_id) == subscription_id).order_by(col(Delivery.id).desc()).limit(limit)
    ).all()


def feed_titles(session: Session, words: str, limit: int) -> list[str]:
    """Names of sources that hold the words."""
    statement = select(Feed.title).where(func.lower(Feed.title).like(f"%{words.lower()}%"), col(Feed.title) != "")
    return list(dict.fromkeys(session.exec(statement.order_by(col(Feed.title)).limit(limit * 3))))[:limit]


def rename(session: Session, row: Subscription, name: str) -> None:
    row.name = name
    session.flush()
