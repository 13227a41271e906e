# SPDX-License-Identifier: MIT
"""One run: news comes in, faults happen, and at the end every channel must have got every item."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from alerts.feeds import ListedFeed
from alerts.pipeline import rulefiles
from alerts.store import feeds
from alerts.store.engine import Store
from alerts.store.migrate import upgrade
from alerts.store.tables import Delivery, DeliveryAttempt, Feed, Item, Story
from tests.chaos import newsroom as news
from tests.chaos import processes
from tests.chaos.faults import Fault, plan
from tests.chaos.receivers import Receivers
from tests.chaos.service import Composed, Embedded, Service

SERVICES: dict[str, type[Service]] = {"sqlite": Embedded, "postgres": Composed}
BACK_LIMIT_S = 90.0  # later than this the service counts as stuck
CUT_EVERY_S = 5.0
QUIET_LIMIT_S = 60.0  # without progress for this long, what is missing counts as lost
OPEN = ("pending", "sending", "retry", "unknown")

Say = Callable[[str], None]


@dataclass
class Result:
    """What a run found. `in_flight`: attempts of which nobody knows how they ended, by code."""

    database: str
    faults: Counter[str] = field(default_factory=Counter)
    back_s: dict[str, list[float]] = field(default_factory=dict)  # fault → seconds until all stages swept again
    broker_back_s: list[float] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    expected: int = 0
    lost: int = 0
    uncalled_for: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    repeats_unexplained: int = 0
    other_message_id: int = 0
    left_to_owner: int = 0
    in_flight: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def faulty(self, back_limit_s: float) -> list[str]:
        """What breaks the promise, in words; empty if it was kept."""
        found = [*self.stuck]
        if self.lost:
            found.append(f"{self.lost} of {self.expected} alerts were lost")
        if self.uncalled_for:
            found.append(f"{self.uncalled_for.total()} messages that nobody should have got: {dict(self.uncalled_for)}")
        if self.repeats_unexplained:
            found.append(f"{self.repeats_unexplained} repeats without a send in flight")
        if self.other_message_id:
            found.append(f"{self.other_message_id} repeats under another Message-ID")
        slow = max(self.broker_back_s, default=0.0)
        if slow > back_limit_s:
            found.append(f"consuming again only {slow:.1f} s after the broker was back")
        return found


def run(database: str, faults: int | Sequence[Fault], deliveries: int, folder: Path, say: Say, seed: int) -> Result:
    """`faults`: how many, or which. `deliveries` is rounded up to whole items (one to each of 30 channels)."""
    dice = random.Random(seed)
    planned = plan(SERVICES[database], faults, dice) if isinstance(faults, int) else faults
    started, result = time.monotonic(), Result(database)
    receivers, newsroom = Receivers(), news.Newsroom()
    service = SERVICES[database](folder, receivers, newsroom)
    try:
        upgrade(service.settings)
        store = Store(service.settings)
        _subscribe(store, service)
        service.start()
        processes.until(lambda: _count(store, Item) >= news.FEEDS, 60)
        items = -(-deliveries // news.CHANNELS)
        newsroom.publish(1)  # what a worker loads on first use is loaded before the first fault
        processes.until(lambda: len(receivers.got) >= news.CHANNELS, 90)
        for number, fault in enumerate(planned, 1):
            newsroom.publish(items * number // len(planned) - newsroom.published)
            time.sleep(dice.uniform(0.2, 1.5))
            _strike(service, fault, result, dice)
            took_s = result.back_s[fault.name][-1]
            say(f"{database} {number}/{len(planned)} {fault.name}: {took_s:.1f} s; {len(receivers.got)} told")
        _drain(store, service, newsroom, say)
        _judge(store, service, newsroom, result)
        store.close()
    finally:
        service.close()
        newsroom.close()
        receivers.close()
    result.seconds = time.monotonic() - started
    return result


def _subscribe(store: Store, service: Service) -> None:
    file = service.folder / "rules.yaml"
    file.write_text(news.rules(service.receivers), encoding="utf-8")
    rulefiles.apply(store, file, "default", service.settings.webhook_hosts)
    now = datetime.now(UTC)
    with store.write() as session:
        for number, host in enumerate(service.newsroom.hosts):
            feeds.add(session, ListedFeed(f"http://{host}/feed", f"Wire {number}", "wire"), now, now)


def _strike(service: Service, fault: Fault, result: Result, dice: random.Random) -> None:
    fault.act(service, dice)
    over, clock = time.time(), time.monotonic()
    back = processes.until(lambda: service.swept_since(over), BACK_LIMIT_S)
    took_s = time.monotonic() - clock
    result.faults[fault.name] += 1
    result.back_s.setdefault(fault.name, []).append(took_s)
    if fault.part == "broker":
        result.broker_back_s.append(took_s)
    if not back:
        result.stuck.append(f"no sweep within {BACK_LIMIT_S:.0f} s after {fault.name}")
        service.kill()
        service.start()


def _drain(store: Store, service: Service, newsroom: news.Newsroom, say: Say) -> None:
    """Nothing is killed any more. Leases and waits are cut short rather than waited for: those of dead workers while
    nothing runs, the others by making them due (a row that is being sent is left alone, and of one that a worker holds
    and has not begun it loses its claim)."""
    say("faults are over; waiting for what is still open")
    processes.until(lambda: _count(store, Item) >= newsroom.published + news.FEEDS, 60)
    service.stop()
    with store.write() as session:
        make_due(session, OPEN)
        session.execute(update(Feed).values(lease_owner="", next_poll_at=datetime.now(UTC)))
    service.start()
    before, quiet_since = -1, time.monotonic()
    cut_at = quiet_since
    while time.monotonic() - quiet_since < QUIET_LIMIT_S:
        with store.write() as session:
            left = _open(session) + newsroom.published + news.FEEDS - _count_in(session, Item)
            if time.monotonic() >= cut_at:
                make_due(session, ("retry", "unknown"))
                cut_at = time.monotonic() + CUT_EVERY_S
        if left == 0:
            return
        if left != before:
            before, quiet_since = left, time.monotonic()
        time.sleep(1.0)


def make_due(session: Session, states: tuple[str, ...]) -> None:
    now = datetime.now(UTC)
    session.execute(update(Delivery).where(col(Delivery.state).in_(states)).values(not_before=now))
    session.execute(update(Item).where(col(Item.stage) != "done", col(Item.due_at) > now).values(due_at=now))
    session.execute(update(Story).where(col(Story.stage) != "done", col(Story.due_at) > now).values(due_at=now))


def _open(session: Session) -> int:
    counted = (
        select(func.count()).select_from(Item).where(col(Item.stage) != "done"),
        select(func.count()).select_from(Story).where(col(Story.stage) != "done"),
        select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(OPEN)),
    )
    return sum(session.exec(statement).one() for statement in counted)


def _count(store: Store, table: type[Item]) -> int:
    with store.read() as session:
        return _count_in(session, table)


def _count_in(session: Session, table: type[Item]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def _judge(store: Store, service: Service, newsroom: news.Newsroom, result: Result) -> None:
    """The receivers' books against what was published; repeats against the attempts that ended unknown."""
    wanted = {(channel, token) for channel in news.channels() for token in newsroom.tokens()}
    got = Counter((each.channel, each.token) for each in service.receivers.got)
    ids: dict[tuple[str, str], set[str]] = {}
    for each in service.receivers.got:
        ids.setdefault((each.channel, each.token), set()).add(each.message_id)
    with store.read() as session:
        unknown = session.exec(select(DeliveryAttempt.code).where(col(DeliveryAttempt.outcome) == "unknown")).all()
        dead = select(func.count()).select_from(Delivery).where(col(Delivery.state) == "dead")
        result.left_to_owner = session.exec(dead).one()
    result.expected, result.lost = len(wanted), len(wanted - got.keys())
    result.uncalled_for = Counter({" ".join(pair): count for pair, count in got.items() if pair not in wanted})
    result.repeats = sum(count - 1 for count in got.values())
    result.in_flight = Counter(str(code) for code in unknown)
    result.repeats_unexplained = max(result.repeats - len(unknown), 0)
    result.other_message_id = sum(len(each) > 1 for each in ids.values())
