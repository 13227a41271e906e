# SPDX-License-Identifier: MIT
"""What is over goes, and what is still needed stays, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.config import Settings
from alerts.pipeline import retention as daily
from alerts.store import dump, retention
from alerts.store.retention import Policy
from alerts.store.tables import AuditEntry, Delivery, DeliveryAttempt, Heartbeat, Item, Story, UserSession
from alerts.stories.keys import EXACT_SPAN
from alerts.stories.rules import STEP_SPAN
from tests.conftest import NOW
from tests.pipeline.newsdesk import Desk

POLICY = Policy(news=1200, offtopic=400, payloads=90, attempts=365, audit=1095)
APPROVED = "The FDA approved {} for adults with advanced melanoma."


@pytest.fixture
def desk(store_settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(store_settings, tmp_path / "rules.yaml")
    yield made
    made.pipeline.close()


def approval(desk: Desk, drug: str, days: float = 0) -> None:
    desk.report(drug, f"FDA approves {drug} for melanoma", APPROVED.format(drug), days=days)
    desk.work()


def sent(desk: Desk, payload: str = "Dear Alice") -> None:
    """Everything that is due has gone out, with one attempt each."""
    with desk.store.write() as session:
        for row in session.exec(select(Delivery).where(col(Delivery.state) == "pending")):
            row.state, row.updated_at, row.sent_at = "sent", desk.now, desk.now
            row.message, row.message_sha256, row.attempts_made = {"text": payload}, "hash", 1
            session.add(DeliveryAttempt(delivery_id=row.id or 0, number=1, started_at=desk.now, outcome="ok"))


def prune(desk: Desk, days: float) -> dict[str, int]:
    """What went, without what did not."""
    found = retention.prune(desk.store, POLICY, NOW + timedelta(days=days))
    return {name: count for name, count in found.items() if count}


def left(desk: Desk, table: Any) -> list[Any]:
    with desk.store.read() as session:
        return list(session.exec(select(table)))


def test_the_text_of_sent_messages_goes_first_and_its_hash_stays(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    sent(desk)
    assert prune(desk, 89) == {}
    assert prune(desk, 91) == {"payloads": 1}
    assert prune(desk, 91) == {}
    (row,) = left(desk, Delivery)
    assert (row.message, row.message_sha256, row.state) == (None, "hash", "sent")


def test_old_news_goes_with_its_story_and_what_was_told_of_it(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    sent(desk)
    approval(desk, "nivolumab", days=1000)
    sent(desk)
    gone = prune(desk, 1201)
    assert {name: gone[name] for name in ("stories", "items", "attempts")} == {"stories": 1, "items": 1, "attempts": 1}
    assert [story.headline for story in left(desk, Story)] == ["FDA approves nivolumab for melanoma"]
    with desk.store.read() as session:
        assert [item["guid"] for item in dump.items(session)] == ["nivolumab"]
        assert [d["state"] for d in dump.deliveries(session)] == ["sent"]


def test_what_is_not_delivered_yet_keeps_its_story_however_old(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    assert prune(desk, 5000) == {"audit": 1}  # of the rule file, whose channel it noted
    assert len(left(desk, Delivery)) == 1


def test_a_story_that_a_younger_one_follows_stays(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    approval(desk, "nivolumab", days=600)
    sent(desk)
    with desk.store.write() as session:
        earlier, later = session.exec(select(Story).order_by(col(Story.id))).all()
        later.follows_id = earlier.id
    assert "stories" not in prune(desk, 1300)
    assert prune(desk, 2000)["stories"] == 2


def test_off_topic_items_go_earlier_and_undated_ones_leave_a_stub(desk: Desk) -> None:
    desk.report("canteen", "The clinic opens a canteen", "Soup is served.")
    desk.report("undated", "The clinic paints a wall", "It is green now.")
    with desk.store.write() as session:
        session.exec(select(Item).where(col(Item.guid) == "undated")).one().published_at = None
    desk.work()
    assert prune(desk, 401) == {"items": 1, "undated_items": 1}
    assert [(item.guid, item.summary) for item in left(desk, Item)] == [("undated", "")]


def test_a_dry_run_counts_and_changes_nothing(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    sent(desk)
    counted = retention.count(desk.store, POLICY, NOW + timedelta(days=1201))
    assert (counted["payloads"], counted["attempts"], counted["stories"]) == (1, 1, 1)
    assert len(left(desk, Story)) == 1


def test_audit_entries_and_ended_sessions_go(desk: Desk) -> None:
    with desk.store.write() as session:
        session.add(AuditEntry(at=NOW, actor="alice", action="x", subject="y", detail={}))
    assert prune(desk, 1094) == {}
    assert prune(desk, 1096) == {"audit": 1}
    assert left(desk, UserSession) == []


def test_more_than_a_batch_goes_in_several_and_nothing_when_time_is_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    with desk.store.write() as session:
        session.add_all(AuditEntry(at=NOW, actor="alice", action="x", subject="y", detail={}) for _ in range(5))
    later = NOW + timedelta(days=2000)
    there = len(left(desk, AuditEntry))
    assert there > 2 * retention.BATCH
    assert retention.prune(desk.store, POLICY, later, more=lambda: False)["audit"] == 0
    assert retention.prune(desk.store, POLICY, later)["audit"] == there


def test_it_happens_once_a_day_by_itself(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    sent(desk)
    desk.now = NOW + timedelta(days=100)
    desk.pipeline.housekeeping()
    assert left(desk, Delivery)[0].message is None
    assert daily.once_a_day(desk.store, desk.pipeline.settings, desk.now + timedelta(hours=23)) is None
    assert daily.once_a_day(desk.store, desk.pipeline.settings, desk.now + timedelta(hours=25)) is not None
    assert {beat.stage for beat in left(desk, Heartbeat)} >= {"prune", "housekeeping"}


def test_news_is_kept_at_least_as_long_as_grouping_looks_back(settings: Settings) -> None:
    floor = timedelta(days=Settings.model_fields["keep_news_days"].metadata[0].ge)
    assert floor > STEP_SPAN
    assert floor > EXACT_SPAN
    assert timedelta(days=settings.keep_news_days) >= floor
