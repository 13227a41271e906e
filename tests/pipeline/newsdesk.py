# SPDX-License-Identifier: MIT
"""A desk that puts items into a real store as a poll would, and lets the stages work on them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from alerts.config import Settings
from alerts.feeds import ListedFeed
from alerts.model import Facts
from alerts.pipeline import Pipeline, rulefiles
from alerts.store import dump, feeds, items
from alerts.store.tables import Item, StoryItem
from tests.conftest import NOW

RULE = """
- name: Alice follows every drug in every cancer
  rule: {indications: {any: [cancer]}}
  channels: [{email: alice@example.org}]
"""


class Desk:
    """`days` count from the tests' NOW; feeds are named by their tier and made when first used."""

    def __init__(self, settings: Settings, rules: Path | None = None, rule: str = RULE) -> None:
        self.now = NOW
        self.pipeline = Pipeline(settings, lambda: self.now)
        self.store = self.pipeline.store
        if rules is not None:
            rules.write_text(rule, encoding="utf-8")
            rulefiles.apply(self.store, rules, "default", frozenset())

    def report(
        self,
        guid: str,
        title: str,
        summary: str = "",
        *,
        tier: str = "trade",
        days: float = 0,
        told: datetime | None = None,
    ) -> None:
        """The feed of this tier shows the item `days` after NOW; an item that is there already is edited."""
        self.now = NOW + timedelta(days=days)
        url = f"https://{tier}.example.org/feed"
        with self.store.write() as session:
            feeds.add(session, ListedFeed(url, tier.title(), tier), self.now, self.now)
            feed_id = feeds.by_url(session, url).id
            assert feed_id is not None
            item = session.exec(select(Item).where(col(Item.guid) == guid)).first()
            if item is not None:
                item.title, item.summary, item.revision, item.stage = title, summary, item.revision + 1, "read"
                return
            session.add(
                Item(
                    feed_id=feed_id,
                    identity=guid,
                    guid=guid,
                    url=f"https://{tier}.example.org/{guid}",
                    title=title,
                    summary=summary,
                    published_at=told or self.now,
                    first_seen_at=self.now,
                    updated_at=self.now,
                    due_at=self.now,
                )
            )

    def understand(self, guid: str, facts: Facts) -> None:
        """The reader found these facts in the item: it waits for its story."""
        with self.store.write() as session:
            item = session.exec(select(Item).where(col(Item.guid) == guid)).one()
            assert item.id is not None
            (row,) = items.load(session, [item.id])
            items.save_facts(session, {row: facts}, self.now)

    def work(self) -> None:
        """All stages up to the deliveries that are to be sent."""
        while self.pipeline.process_due().handled:
            pass

    def stories(self) -> list[dict[str, Any]]:
        """As `oncowire stories --jsonl`, with guids for the items."""
        with self.store.read() as session:
            guids = {str(item.id): item.guid for item in session.exec(select(Item))}
            return [{**s, "items": [guids[i] for i in s["items"]]} for s in dump.stories(session)]

    def groups(self) -> list[list[str]]:
        return sorted(sorted(s["items"]) for s in self.stories())

    def why(self, guid: str) -> list[str]:
        """The reasons of the item's places, its own story first."""
        with self.store.read() as session:
            joined = select(StoryItem).join(Item, col(Item.id) == col(StoryItem.item_id)).where(col(Item.guid) == guid)
            return [
                row.reason_text for row in session.exec(joined.order_by(col(StoryItem.part), col(StoryItem.story_id)))
            ]

    def alerts(self) -> list[tuple[str, str]]:
        """(kind, headline) of what Alice is to be told, in order."""
        with self.store.read() as session:
            headlines = {s["id"]: s["headline"] for s in dump.stories(session)}
            return [(d["kind"], headlines[d["story"]]) for d in dump.deliveries(session)]
