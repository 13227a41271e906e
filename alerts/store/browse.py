# SPDX-License-Identifier: MIT
"""Lists of the console and the API: stories, deliveries, channels, feeds, audit. Filter, order, and one page of it.

Each has a `select` that both use: tables page by offset, the API by cursor (id, newest first).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, case, cast, func, or_, tuple_
from sqlmodel import Session, col, select

from alerts.model import StoryFacts
from alerts.store.listing import Page, contains, page
from alerts.store.tables import (
    AuditEntry,
    Channel,
    Delivery,
    DeliveryAttempt,
    DigestEntry,
    Feed,
    FeedAttempt,
    Item,
    MatchRow,
    Story,
    StoryFeedback,
    StoryItem,
    Subscription,
    SubscriptionChannel,
    Suppression,
)
from alerts.store.words import with_words

IDS_AT_ONCE = 500


class Asked(NamedTuple):
    """What a list is asked for. `before_id` is the API's cursor: only what is older."""

    q: str = ""
    sort: str = "id"
    descending: bool = True
    offset: int = 0
    limit: int = 50
    filters: Mapping[str, str] = {}
    before_id: int | None = None
    counted: bool = True

    def wants(self, key: str) -> str:
        return self.filters.get(key, "")


def _page(
    session: Session, statement: Any, asked: Asked, sorts: Mapping[str, Any], search: Sequence[Any], tie: Any
) -> Page:
    if asked.before_id is not None:
        statement = statement.where(tie < asked.before_id)
    return page(
        session, statement, sorts={**sorts, "id": tie}, sort=asked.sort, descending=asked.descending,
        offset=asked.offset, limit=asked.limit, words=asked.q, search=search, tie=tie, counted=asked.counted,
    )  # fmt: skip


# ── stories ──────────────────────────────────────────────────────────────────────────────────────


class StoryLine(NamedTuple):
    """A line of the list of stories. `outlets`: by name, that of the lead first, each once; `sources` counts items."""

    story: Story
    outlets: tuple[str, ...]
    sources: int

    @property
    def facts(self) -> StoryFacts:
        return StoryFacts.model_validate(self.story.facts)


def stories(session: Session, asked: Asked) -> Page:
    """Facets: `event`; `concept` is an id that stands in the facts as it is. Words are looked for in headline and text.

    Stories that live on in another are left out.
    """
    statement: Any = with_words(session, select(Story), col(Story.id), asked.q)
    alone: Any = col(Story.merged_into_id).is_(None)
    if asked.sort == "id":  # by the primary key, newest first: no index is to be preferred to it
        alone = func.coalesce(Story.merged_into_id, 0) == 0
    statement = statement.where(alone)
    if event := asked.wants("event"):
        statement = statement.where(col(Story.event) == event)
    if concept := asked.wants("concept"):
        statement = statement.where(cast(Story.facts, Text).contains(f'"{concept}"', autoescape=True))
    if regulator := asked.wants("regulator"):
        statement = statement.where(cast(Story.facts, Text).contains(f'"{regulator}"', autoescape=True))
    sorts = {
        "seen": col(Story.last_seen_at),
        "first": col(Story.first_seen_at),
        "event": col(Story.event),
        "headline": func.lower(Story.headline),
    }
    found = _page(session, statement, asked._replace(q=""), sorts, [], col(Story.id))
    shown = [row[0] for row in found.rows]
    told = _outlets(session, [s.id or 0 for s in shown])
    return Page([StoryLine(s, *told.get(s.id or 0, ((), 0))) for s in shown], found.total)


def _outlets(session: Session, story_ids: Sequence[int]) -> dict[int, tuple[tuple[str, ...], int]]:
    """Who reported each of these stories, the lead first, then in the order of coming; and how many items."""
    led = func.max(case((col(Item.id) == col(Story.lead_item_id), 1), else_=0)).label("led")
    came = func.min(col(Item.id)).label("came")
    named = (
        select(col(StoryItem.story_id), col(Feed.title), func.count())
        .join(Item, col(Item.id) == col(StoryItem.item_id))
        .join(Feed, col(Feed.id) == col(Item.feed_id))
        .join(Story, col(Story.id) == col(StoryItem.story_id))
        .where(col(StoryItem.story_id).in_(story_ids))
        .group_by(col(StoryItem.story_id), col(Feed.title))
        .order_by(col(StoryItem.story_id), led.desc(), came)
    )
    found: dict[int, tuple[tuple[str, ...], int]] = {}
    for story_id, outlet, items in session.execute(named):
        names, count = found.get(story_id, ((), 0))
        found[story_id] = ((*names, outlet), count + items)
    return found


class Member(NamedTuple):
    """An item of a story, with the decision that put it there."""

    item: Item
    link: StoryItem
    outlet: str


class StoryView(NamedTuple):
    story: Story
    facts: StoryFacts
    members: list[Member]
    before: Story | None
    after: Sequence[Story]


def story(session: Session, story_id: int) -> StoryView | None:
    """A story with its items (lead first), the one it follows and those that follow it."""
    row = session.get(Story, story_id)
    if row is None:
        return None
    joined = (
        select(Item, StoryItem, Feed.title)
        .join(StoryItem, col(StoryItem.item_id) == col(Item.id))
        .join(Feed, col(Feed.id) == col(Item.feed_id))
        .where(col(StoryItem.story_id) == story_id)
        .order_by((col(Item.id) == row.lead_item_id).desc(), col(Item.first_seen_at), col(Item.id))
    )
    members = [Member(*found) for found in session.exec(joined)]
    after = session.exec(
        select(Story).where(col(Story.follows_id) == story_id).order_by(col(Story.first_seen_at))
    ).all()
    before = session.get(Story, row.follows_id) if row.follows_id else None
    return StoryView(row, StoryFacts.model_validate(row.facts), members, before, after)


def told(session: Session, story_id: int, team_id: int) -> Sequence[tuple[MatchRow, Subscription]]:
    """Which rules of the team the story met."""
    joined = select(MatchRow, Subscription).join(Subscription, col(Subscription.id) == col(MatchRow.subscription_id))
    return session.exec(joined.where(col(MatchRow.story_id) == story_id, col(Subscription.team_id) == team_id)).all()


def timeline(session: Session, row: Story, limit: int = 20) -> list[Story]:
    """The chain of updates that the story is part of, oldest first."""
    chain, at = [row], row
    while at.follows_id is not None and len(chain) < limit:
        at = session.get_one(Story, at.follows_id)
        chain.insert(0, at)
    after = select(Story).where(col(Story.follows_id) == row.id).order_by(col(Story.first_seen_at)).limit(limit)
    return [*chain, *session.exec(after)]


def feedback(session: Session, story_id: int, team_id: int) -> Sequence[StoryFeedback]:
    """What the team said of a story."""
    mine = col(StoryFeedback.story_id) == story_id, col(StoryFeedback.team_id) == team_id
    return session.exec(select(StoryFeedback).where(*mine).order_by(col(StoryFeedback.at).desc())).all()


def add_feedback(session: Session, story_id: int, team_id: int, note: str, author: str, now: datetime) -> StoryFeedback:
    """Somebody says that a story should not have been told."""
    row = StoryFeedback(story_id=story_id, team_id=team_id, verdict="not_relevant", note=note, author=author, at=now)
    session.add(row)
    session.flush()
    return row


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────


class DeliveryLine(NamedTuple):
    delivery: Delivery
    subscription: str
    channel: Channel

    @property
    def subject(self) -> str:
        return str((self.delivery.message or {}).get("subject", ""))


def deliveries(session: Session, team_id: int, asked: Asked) -> Page:
    """Of a team; filters: `state`, `kind`, `channel`, `story`, `subscription`. Words: of rule and channel.

    Found by their ids and only then loaded: a row is as wide as its message.
    """
    statement: Any = (
        select(Delivery.id)
        .join(Channel, col(Channel.id) == col(Delivery.channel_id))
        .where(col(Channel.team_id) == team_id, *_delivery_facets(asked), *_delivery_words(team_id, asked.q))
    )
    rule = select(func.lower(Subscription.name)).where(col(Subscription.id) == col(Delivery.subscription_id))
    sorts = {
        "updated": col(Delivery.updated_at),
        "state": col(Delivery.state),
        "subscription": func.coalesce(rule.scalar_subquery(), ""),
        "channel": func.lower(Channel.label),
        "attempts": col(Delivery.attempts_made),
    }
    found = _page(session, statement, asked._replace(q=""), sorts, [], col(Delivery.id))
    ids = [number for (number,) in found.rows]
    loaded = {line.delivery.id: line for line in _delivery_lines(session, ids)}
    return Page([loaded[number] for number in ids if number in loaded], found.total)


def _delivery_facets(asked: Asked) -> list[Any]:
    columns = {"channel": Delivery.channel_id, "story": Delivery.story_id, "subscription": Delivery.subscription_id}
    words = {"state": Delivery.state, "kind": Delivery.kind}
    numbers = [col(column) == int(asked.wants(key)) for key, column in columns.items() if asked.wants(key).isdigit()]
    return [*numbers, *(col(column) == asked.wants(key) for key, column in words.items() if asked.wants(key))]


def _delivery_words(team_id: int, q: str) -> Iterator[Any]:
    """Each word in the name of the rule, or in name or address of the channel: looked for there, not in every delivery."""
    for word in q.split()[:8]:
        mine = select(Channel.id).where(
            col(Channel.team_id) == team_id, or_(contains(Channel.label, word), contains(Channel.hint, word))
        )
        named = select(Subscription.id).where(col(Subscription.team_id) == team_id, contains(Subscription.name, word))
        yield or_(col(Delivery.channel_id).in_(mine), col(Delivery.subscription_id).in_(named))


def _delivery_lines(session: Session, ids: Sequence[int]) -> Iterator[DeliveryLine]:
    statement = (
        select(Delivery, func.coalesce(Subscription.name, ""), Channel)
        .join(Channel, col(Channel.id) == col(Delivery.channel_id))
        .outerjoin(Subscription, col(Subscription.id) == col(Delivery.subscription_id))
    )
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = statement.where(col(Delivery.id).in_(ids[start : start + IDS_AT_ONCE]))
        yield from (DeliveryLine(*row) for row in session.exec(some))


class DeliveryView(NamedTuple):
    line: DeliveryLine
    attempts: Sequence[DeliveryAttempt]


def delivery(session: Session, team_id: int, delivery_id: int) -> DeliveryView | None:
    """A delivery of the team with every attempt."""
    row = session.get(Delivery, delivery_id)
    channel = session.get(Channel, row.channel_id) if row is not None else None
    if row is None or channel is None or channel.team_id != team_id:
        return None
    owner = session.get(Subscription, row.subscription_id) if row.subscription_id else None
    tried = select(DeliveryAttempt).where(col(DeliveryAttempt.delivery_id) == delivery_id)
    return DeliveryView(
        DeliveryLine(row, owner.name if owner else "", channel),
        session.exec(tried.order_by(col(DeliveryAttempt.number))).all(),
    )


def held(session: Session, team_id: int) -> int:
    """Alerts of the team that wait for a digest."""
    counted = (
        select(func.count())
        .select_from(DigestEntry)
        .join(Channel, col(Channel.id) == col(DigestEntry.channel_id))
        .where(col(Channel.team_id) == team_id, col(DigestEntry.told_at).is_(None))
    )
    return session.exec(counted).one()


# ── rules, channels, feeds, audit ───────────────────────────────────────────────────────────────────────


def subscriptions(session: Session, team_id: int, asked: Asked) -> Page:
    """Filter: `state`."""
    statement: Any = select(Subscription).where(col(Subscription.team_id) == team_id)
    if state := asked.wants("state"):
        statement = statement.where(col(Subscription.state) == state)
    found = _page(session, statement, asked, {}, [Subscription.name], col(Subscription.id))
    return Page([row[0] for row in found.rows], found.total)


def channel(session: Session, team_id: int, channel_id: int) -> Channel | None:
    """A channel of the team, None if the team has none such."""
    row = session.get(Channel, channel_id)
    return row if row is not None and row.team_id == team_id else None


def channels(session: Session, team_id: int, asked: Asked) -> Page:
    """Filters: `state`, `kind`."""
    statement: Any = select(Channel).where(col(Channel.team_id) == team_id)
    for key in ("state", "kind"):
        if value := asked.wants(key):
            statement = statement.where(getattr(Channel, key) == value)
    sorts = {"label": func.lower(Channel.label), "kind": col(Channel.kind), "state": col(Channel.state),
             "error": col(Channel.last_error_at)}  # fmt: skip
    found = _page(session, statement, asked, sorts, [Channel.label, Channel.hint], col(Channel.id))
    return Page([row[0] for row in found.rows], found.total)


def feeds(session: Session, asked: Asked) -> Page:
    """Filters: `state`, `tier`. In the order `trouble` those come first that are neither well nor switched off."""
    statement: Any = select(Feed)
    for key in ("state", "tier"):
        if value := asked.wants(key):
            statement = statement.where(getattr(Feed, key) == value)
    trouble = case((col(Feed.state).in_(["ok", "paused"]), 1), else_=0)
    sorts = {"title": func.lower(Feed.title), "state": col(Feed.state), "tier": col(Feed.tier), "trouble": trouble,
             "ok": col(Feed.last_ok_at), "new": col(Feed.last_new_item_at), "next": col(Feed.next_poll_at)}  # fmt: skip
    found = _page(session, statement, asked, sorts, [Feed.title, Feed.url], col(Feed.id))
    return Page([row[0] for row in found.rows], found.total)


def feed(session: Session, feed_id: int) -> Feed | None:
    return session.get(Feed, feed_id)


def feed_attempts(session: Session, feed_ids: Sequence[int], each: int = 40) -> dict[int, list[FeedAttempt]]:
    """The last attempts of each feed, oldest first: what the sparkline is drawn from."""
    found: dict[int, list[FeedAttempt]] = {feed: [] for feed in feed_ids}
    ranked = (
        select(FeedAttempt.id.label("aid"), func.row_number()  # type: ignore[union-attr]
               .over(partition_by=col(FeedAttempt.feed_id), order_by=col(FeedAttempt.id).desc()).label("n"))
        .where(col(FeedAttempt.feed_id).in_(feed_ids))
        .subquery()
    )  # fmt: skip
    statement = select(FeedAttempt).join(ranked, ranked.c.aid == FeedAttempt.id).where(ranked.c.n <= each)
    for attempt in session.exec(statement.order_by(col(FeedAttempt.id))):
        found[attempt.feed_id].append(attempt)
    return found


def audit(session: Session, team_id: int, asked: Asked, *, all_teams: bool = False) -> Page:
    """The team's own entries and those that belong to no team."""
    statement: Any = select(AuditEntry)
    if not all_teams:
        statement = statement.where((col(AuditEntry.team_id) == team_id) | col(AuditEntry.team_id).is_(None))
    if action := asked.wants("action"):
        statement = statement.where(col(AuditEntry.action) == action)
    if since := asked.wants("since"):
        statement = statement.where(col(AuditEntry.at) >= datetime.fromisoformat(since))
    sorts = {"at": col(AuditEntry.at), "actor": col(AuditEntry.actor), "action": col(AuditEntry.action)}
    search = [AuditEntry.actor, AuditEntry.action, AuditEntry.subject]
    found = _page(session, statement, asked, sorts, search, col(AuditEntry.id))
    return Page([row[0] for row in found.rows], found.total)


# ── readers ──────────────────────────────────────────────────────────────────────────────────────


CONSENTS = (
    "confirmed", "added by the team", "not confirmed yet", "paused", "unsubscribed", "switched off",
    "must not be written to",
)  # fmt: skip


class Reading(NamedTuple):
    """A channel of a rule. `consent`: what its reader has said, one of CONSENTS."""

    subscription: Subscription
    link: SubscriptionChannel
    channel: Channel
    consent: str


def readers(session: Session, team_id: int, asked: Asked, after: tuple[int, int] | None = None) -> Page:
    """Every channel of every rule of the team. Filter: `consent`. `after`: (rule, channel) of the API's cursor."""
    said = case(
        (col(Channel.state) == "unverified", "not confirmed yet"),
        (col(Channel.state) == "suppressed", "must not be written to"),
        (col(Channel.state) == "disabled", "switched off"),
        (col(SubscriptionChannel.left_at).is_not(None), "unsubscribed"),
        (col(SubscriptionChannel.paused).is_(True), "paused"),
        (col(Channel.verified_at).is_not(None), "confirmed"),
        else_="added by the team",
    )
    statement: Any = (
        select(Subscription, SubscriptionChannel, Channel, said)
        .join(SubscriptionChannel, col(SubscriptionChannel.subscription_id) == col(Subscription.id))
        .join(Channel, col(Channel.id) == col(SubscriptionChannel.channel_id))
        .where(col(Subscription.team_id) == team_id)
    )
    if consent := asked.wants("consent"):
        statement = statement.where(said == consent)
    rule, to = col(SubscriptionChannel.subscription_id), col(SubscriptionChannel.channel_id)
    if after is not None:
        statement = statement.where(tuple_(rule, to) > tuple_(*after))
    sorts = {"rule": func.lower(Subscription.name), "to": func.lower(Channel.label), "consent": said, "id": rule}
    found = page(
        session, statement, sorts=sorts, sort=asked.sort, descending=asked.descending, offset=asked.offset,
        limit=asked.limit, words=asked.q, search=[Subscription.name, Channel.label, Channel.hint], tie=to,
        counted=asked.counted,
    )  # fmt: skip
    return Page([Reading(*row) for row in found.rows], found.total)


def suppressed(session: Session, team_id: int) -> list[tuple[Suppression, Channel]]:
    """Addresses of the team that must not be written to."""
    joined = select(Suppression, Channel).join(Channel, col(Channel.fingerprint) == col(Suppression.fingerprint))
    rows = session.exec(joined.where(col(Channel.team_id) == team_id).order_by(col(Suppression.at).desc()))
    return [(row, channel) for row, channel in rows]


# ── what was set aside ───────────────────────────────────────────────────────────────────────────


def audit_actions(session: Session, team_id: int) -> Sequence[str]:
    """Every kind of change that was ever noted in the team."""
    mine = (col(AuditEntry.team_id) == team_id) | col(AuditEntry.team_id).is_(None)
    return session.exec(select(AuditEntry.action).where(mine).distinct().order_by(AuditEntry.action)).all()


def dead_items(session: Session, limit: int = 20) -> Sequence[Item]:
    """Items that no stage could handle, the newest of them, newest first."""
    failed = select(Item).where(col(Item.error_code).is_not(None)).order_by(col(Item.id).desc())
    return session.exec(failed.limit(limit)).all()
