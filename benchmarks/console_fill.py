# SPDX-License-Identifier: MIT
"""What benchmarks/console.py looks at: stories of a year, and a team that has worked with them for that year."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import SQLModel

from alerts.facts import reader
from alerts.facts.vocabulary.current import current
from alerts.feeds import ListedFeed
from alerts.model import NewsItem
from alerts.store import accounts, feeds, ops
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import (
    ApiToken,
    AuditEntry,
    Channel,
    Delivery,
    DeliveryAttempt,
    Feed,
    FeedAttempt,
    Item,
    ItemFacts,
    MatchRow,
    Membership,
    NovelName,
    Story,
    StoryItem,
    Subscription,
    SubscriptionChannel,
    SubscriptionRevision,
    Suppression,
    TemplateVersion,
    User,
)

KINDS, BATCH = 400, 500
SAID = (
    "{body} approves {drug} for {cancer}",
    "{drug} meets its endpoint in a phase 3 trial in {cancer}",
    "{body} rejects {drug} in {cancer}",
    "{drug} granted breakthrough designation by the {body} for {cancer}",
)
RULES, CHANNELS, READERS, DELIVERIES, AUDITED, FEEDS, PEOPLE = 200, 500, 10, 20_000, 20_000, 300, 100
"""Of the team: rules, channels, channels of each rule, deliveries, lines of the audit log, feeds with 50 polls each, people."""


def fill(store: Store, stories: int) -> None:
    """One item a story, spread over a year."""
    now, luck, kinds = datetime.now(UTC), random.Random(7), _kinds()
    with store.write() as session:
        feed = feeds.add(session, ListedFeed("https://wire.example.org/feed", "Wire"), now, now)
    for start in range(1, stories + 1, BATCH):
        numbers = range(start, min(start + BATCH, stories + 1))
        chosen = {n: kinds[luck.randrange(len(kinds))] for n in numbers}
        seen = {n: now - timedelta(days=365 * (1 - n / stories)) for n in numbers}
        with store.write() as session:
            insert_new(session, Item, [_item(n, chosen[n][0], feed, seen[n]) for n in numbers])
            insert_new(session, ItemFacts, [
                {"item_id": n, "revision": 1, "extractor_version": "b", "relevant": True, "facts": chosen[n][1],
                 "read_at": seen[n]}
                for n in numbers
            ])  # fmt: skip
            insert_new(session, Story, [_story(n, chosen[n], seen[n]) for n in numbers])
            insert_new(session, StoryItem, [
                {"story_id": n, "item_id": n, "decision": "new", "reason_code": "no_candidate", "reason_text": "New.",
                 "fields": {}, "decided_at": seen[n]}
                for n in numbers
            ])  # fmt: skip


def _kinds() -> list[tuple[NewsItem, dict[str, Any]]]:
    luck, words = random.Random(3), current()
    drugs = [d.name for d in words.drugs.values() if d.tier == "approved"]
    cancers = [i.name for i in words.indications.values() if i.news]
    made = []
    for n in range(KINDS):
        drug = "cabozantinib" if n % 40 == 0 else luck.choice(drugs)
        said = luck.choice(SAID).format(
            body=luck.choice(("FDA", "European Commission", "NMPA")), drug=drug, cancer=luck.choice(cancers)
        )
        item = NewsItem(
            id="0", title=said, summary=f"{said}. The decision rests on results in {200 + n} adults.", source="Wire"
        )
        made.append((item, reader().read(item).model_dump(mode="json", exclude_defaults=True)))
    return made


def _item(n: int, news: NewsItem, feed: int | None, seen: datetime) -> dict[str, Any]:
    return {
        "id": n, "feed_id": feed, "identity": str(n), "title": news.title, "summary": news.summary,
        "url": f"https://wire.example.org/{n}", "first_seen_at": seen, "updated_at": seen, "due_at": seen, "stage": "done",
    }  # fmt: skip


def _story(n: int, kind: tuple[NewsItem, dict[str, Any]], seen: datetime) -> dict[str, Any]:
    news, facts = kind
    claim = (facts.get("claims") or [{}])[0]
    kept = {k: claim[k] for k in ("drugs", "indications", "event", "regulator") if claim.get(k)}
    return {
        "id": n, "headline": news.title, "lead_item_id": n, "lead_text": news.summary, "facts": kept,
        "event": claim.get("event", "unknown"), "first_seen_at": seen, "last_seen_at": seen, "stage": "done", "due_at": seen,
    }  # fmt: skip


# ── a team ───────────────────────────────────────────────────────────────────────────────────────


def fill_team(store: Store, stories: int) -> str:
    """Rules, channels, readers, deliveries, audit, feeds, people of the default team; returns the session of its admin."""
    now = datetime.now(UTC)
    with store.write() as session:
        team = ops.team_id(session, "default", now)
        user = accounts.create_user(session, "alice@example.org", "Alice", now)
        assert user.id is not None
        accounts.set_role(session, user.id, team, "admin")
        token = accounts.open_session(session, user.id, now)
    for table, rows in _of_team(team, user.id, stories, now):
        for start in range(0, len(rows), BATCH):
            with store.write() as session:
                insert_new(session, table, rows[start : start + BATCH])
    _count_on(store)
    return token


def _count_on(store: Store) -> None:
    """Rows that are made afterwards get the next free id (PostgreSQL counts by itself only what it numbered itself)."""
    if store.is_sqlite:
        return
    with store.write() as session:
        for table in SQLModel.metadata.sorted_tables:
            if "id" in table.columns and table.columns["id"].autoincrement is not False:
                last = f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name})"  # noqa: S608 - our own table names
                session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {last}, false)"))


def _of_team(team: int, user: int, stories: int, now: datetime) -> list[tuple[Any, list[dict[str, Any]]]]:
    luck, words = random.Random(11), current()
    drugs = [d.id for d in words.drugs.values() if d.tier == "approved"]
    span = range(1, RULES + 1)
    ago = {n: now - timedelta(minutes=20 * n) for n in range(max(DELIVERIES, AUDITED) + 1)}
    return [
        (Channel, [_channel(n, team, now) for n in range(1, CHANNELS + 1)]),
        (Subscription, [
            {"id": n, "team_id": team, "name": f"Rule {n:03}", "spec": _spec(f"Rule {n:03}", luck.sample(drugs, 3)),
             "state": "active", "revision": 50 if n == 1 else 1, "created_at": now, "updated_at": ago[n]}
            for n in span
        ]),
        (SubscriptionRevision, [
            {"subscription_id": 1, "revision": r, "author": "alice@example.org", "at": now,
             "spec": _spec("Rule 001", luck.sample(drugs, 3))}
            for r in range(1, 51)
        ]),
        (SubscriptionChannel, [
            {"subscription_id": n, "channel_id": (n * READERS + k) % CHANNELS + 1} for n in span for k in range(READERS)
        ]),
        (Suppression, [
            {"fingerprint": f"{n:064x}", "hint": f"reader{n}@example.org", "reason": "hard bounce (smtp_550)", "at": now}
            for n in range(1, CHANNELS + 1, 10)
        ]),
        (MatchRow, [
            {"subscription_id": n % RULES + 1, "story_id": stories - n % (stories - 1), "story_revision": 1,
             "subscription_revision": 1, "kind": "story", "reasons": [], "matched_at": ago[n]}
            for n in range(DELIVERIES)
        ]),
        (Delivery, [_delivery(n, stories, ago[n]) for n in range(DELIVERIES)]),
        (DeliveryAttempt, [
            {"delivery_id": 1, "number": k, "started_at": now, "finished_at": now, "outcome": "ok"} for k in range(1, 6)
        ]),
        (AuditEntry, [
            {"at": ago[n], "actor": f"person{n % PEOPLE}@example.org", "team_id": team, "subject": f"rule Rule {n % RULES:03}",
             "action": ("rule_changed", "channel_added", "login")[n % 3], "detail": {"revision": n}}
            for n in range(AUDITED)
        ]),
        (Feed, [
            {"id": 1000 + n, "url": f"https://feed{n}.example.org/", "original_url": "", "title": f"Feed {n:03}",
             "host_key": f"feed{n}.example.org", "next_poll_at": now, "created_at": now, "options": {}, "memory": {}}
            for n in range(FEEDS)
        ]),
        (FeedAttempt, [
            {"feed_id": 1000 + n, "at": ago[k], "status": 200, "duration_ms": 100 + k, "wire_bytes": 9000, "new_count": 1}
            for n in range(FEEDS) for k in range(50, 0, -1)
        ]),
        (User, [
            {"id": 1000 + n, "email": f"person{n}@example.org", "name": f"Person {n}", "created_at": now}
            for n in range(PEOPLE)
        ]),
        (Membership, [{"user_id": 1000 + n, "team_id": team, "role": "editor"} for n in range(PEOPLE)]),
        (ApiToken, [
            {"token_sha256": f"{n:064x}", "user_id": user, "team_id": team, "label": f"Token {n}", "scopes": ["read"],
             "created_at": now}
            for n in range(50)
        ]),
        (TemplateVersion, [
            {"team_id": team, "channel_kind": "slack", "version": v, "source": {}, "good": True, "author": "Alice", "at": now}
            for v in range(1, 21)
        ]),
        (NovelName, [
            {"name": f"novelinib{n}", "reason": "INN stem", "first_item_id": stories - n, "seen_count": n, "state": "open",
             "first_seen_at": now}
            for n in range(300)
        ]),
    ]  # fmt: skip


def _spec(name: str, drugs: list[str]) -> dict[str, Any]:
    rule = {"drugs": {"any": drugs, "all": [], "none": []}, "role": "primary"}
    return {"name": name, "rule": rule, "cadence": "instant", "state": "active"}


def _channel(n: int, team: int, now: datetime) -> dict[str, Any]:
    return {
        "id": n, "team_id": team, "kind": "email", "label": f"reader{n}@example.org", "hint": f"reader{n}@example.org",
        "config_encrypted": "", "fingerprint": f"{n:064x}", "created_at": now,
    }  # fmt: skip


def _delivery(n: int, stories: int, at: datetime) -> dict[str, Any]:
    message: dict[str, Any] = {
        "channel": "email",
        "message_id": f"<{n}@x>",
        "subject": f"News {n}",
        "text": "x" * 2000,
        "html": "y" * 8000,
        "payload": None,
        "headers": {},
    }
    return {
        "id": n + 1, "subscription_id": n % RULES + 1, "story_id": stories - n % (stories - 1), "revision": 1,
        "channel_id": n % CHANNELS + 1, "kind": "story", "unique_key": None, "state": "dead" if n % 50 == 0 else "sent",
        "not_before": at, "message_id": f"<{n}@x>", "message": message, "created_at": at, "updated_at": at, "sent_at": at,
    }  # fmt: skip
