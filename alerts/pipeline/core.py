# SPDX-License-Identifier: MIT
"""The stages at work: claim due rows, call the pure stage, save. Each public method is one sweep of a queue."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import structlog
from sqlmodel import Session

from alerts.config import Settings
from alerts.delivery import Sender
from alerts.errors import OncowireError
from alerts.facts import reader
from alerts.model import Facts
from alerts.pipeline import consent, deliver, digesting, grouping, matching, retention
from alerts.pipeline.polling import Poller
from alerts.pipeline.rulecache import RuleCache
from alerts.pipeline.watch import Watch
from alerts.store import deliveries, items, stories, vocabulary
from alerts.store.engine import Store

READ_BATCH = 100
GROUP_BATCH = 50
MATCH_BATCH = 50
DELIVER_BATCH = 20

log = structlog.get_logger()


class Done(NamedTuple):
    """What a sweep did: rows handled, whether the next stage has work now, whether more of the same is waiting."""

    handled: int
    produced: bool
    more: bool


class Pipeline:
    """All stages over one store. One per process, made after fork; safe to share between threads."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] | None = None) -> None:
        self.settings = settings
        self.store = Store(settings)
        vocabulary.follow(self.store)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._luck = random.Random()  # noqa: S311 - jitter, not secrets
        self.poller = Poller(self.store, settings, self._clock)
        self._rules = RuleCache()

    @cached_property
    def _sender(self) -> Sender:
        return Sender(self.settings)

    # ── poll ─────────────────────────────────────────────────────────────────────────────────────

    def poll_due(self, *, patient: bool = False, only: int | None = None) -> Done:
        """Poll what is due. `patient`: until nothing is due any more, busy hosts waited for (for the foreground).
        `only`: this feed."""
        polled, changed = self.poller.sweep(patient=patient, only=only)
        return Done(polled, produced=changed > 0, more=False)

    # ── read → group → match ─────────────────────────────────────────────────────────────────────

    def process_due(self) -> Done:
        """Read, group and match what is due, so that news is on its way within one sweep."""
        read, grouped = self._read(), self._group()
        matched, made = self._match()
        return Done(
            read + grouped + matched,
            produced=made > 0,
            more=read == READ_BATCH or grouped == GROUP_BATCH or matched == MATCH_BATCH,
        )

    def _read(self) -> int:
        with self.store.write() as session:
            ids = items.claim_unread(session, self._clock(), READ_BATCH)
        if not ids:
            return 0
        with self.store.read() as session:
            loaded = items.load(session, ids)
        found: dict[items.StoredItem, Facts] = {}
        failed: dict[int, str] = {}
        for item in loaded:
            try:
                found[item] = reader().read(item.news)
            except Exception as exc:  # noqa: BLE001 - one strange text must not hold up the others; it is kept with its error
                failed[item.id] = f"{type(exc).__name__}: {exc}"
        now = self._clock()
        with self.store.write() as session:
            items.save_facts(session, found, now)
            for item_id, why in failed.items():
                items.fail(session, item_id, "read_failed", why, now)
                log.error("read_failed", trace=f"i{item_id}", error=why)
        for item, facts in found.items():
            log.info("read", trace=f"i{item.id}", relevant=facts.relevant, event_type=facts.event.type.value)
        return len(ids)

    def _group(self) -> int:
        with self.store.write() as session:
            stories.lock_grouping(session)
            now = self._clock()
            loaded = items.load(session, items.claim_ungrouped(session, now, GROUP_BATCH))
            for item in loaded:
                self._place(session, item, now)
        return len(loaded)

    def _place(self, session: Session, item: items.StoredItem, now: datetime) -> None:
        """One item that cannot be grouped holds up no other: it is tried again and at last set aside with its error."""
        try:
            with session.begin_nested():
                facts = items.facts_of(session, item)
                if _tells_something(facts):
                    grouping.place(session, item, facts, now)
                items.finish(session, [item.id], now)
        except Exception as exc:
            items.fail(session, item.id, "group_failed", f"{type(exc).__name__}: {exc}", now)
            log.exception("group_failed", item_id=item.id)

    def _match(self) -> tuple[int, int]:
        """(stories looked at, deliveries made)"""
        with self.store.write() as session:
            ids = stories.claim_unmatched(session, self._clock(), MATCH_BATCH)
        if ids:
            with self.store.read() as session:
                self._rules.refresh(session)
        made = 0
        for story_id in ids:
            with self.store.write() as session:
                made += matching.match_story(session, story_id, self._rules, self._clock())
        return len(ids), made

    # ── deliver ──────────────────────────────────────────────────────────────────────────────────

    def deliver_due(self) -> Done:
        """Questions of consent, due digests, then what is due; each is written as *sending* before its socket opens."""
        consent.ask_all(self.store, self.settings, self._clock())
        digesting.assemble(self.store, self._clock())
        budget = deliver.Budget(self.settings.send_limit_s)
        claimed_at = self._clock()
        with self.store.write() as session:
            ids = deliveries.claim(session, claimed_at, DELIVER_BATCH)
        for done, delivery_id in enumerate(ids):
            if not budget.covers_a_send():
                deliver.give_back(self.store, ids[done:], claimed_at)
                return Done(done, produced=False, more=True)
            try:
                claim = deliver.Claim(delivery_id, claimed_at)
                deliver.one(self.store, self._sender, self.settings, claim, self._clock, self._luck.random())
            except OncowireError as exc:
                deliver.set_aside(self.store, delivery_id, exc, self._clock())
        return Done(len(ids), produced=False, more=len(ids) == DELIVER_BATCH)

    @cached_property
    def _watch(self) -> Watch:
        return Watch(self.store, self.settings, "housekeeping")

    def housekeeping(self) -> None:
        """Once a minute: a sign of life, and a look at whether ops must know something. Once a day what is over goes."""
        self._watch.turn(self._clock())
        retention.once_a_day(self.store, self.settings, self._clock())

    def close(self) -> None:
        self.poller.close()
        if "_sender" in self.__dict__:
            self._sender.close()
        self.store.close()


def _tells_something(facts: Facts) -> bool:
    """Off-topic items end here; anything that names a drug or a cancer as its subject goes on."""
    return facts.relevant or any(c.drugs or c.indications for c in facts.claims)
