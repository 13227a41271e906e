# SPDX-License-Identifier: MIT
"""Two workers hold the same delivery because the first was slower than its lease: what is sent stays sent."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from alerts.config import Settings
from alerts.model import DeliveryState, DeliveryStep
from alerts.pipeline import deliver
from alerts.store import deliveries
from alerts.store.deliveries import DueDelivery
from alerts.store.tables import Delivery
from tests.pipeline.newsdesk import Desk


@pytest.fixture
def desk(store_settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(store_settings, tmp_path / "rules.yaml")
    made.report("1", "FDA approves pembrolizumab for melanoma", "The FDA approved pembrolizumab for melanoma.")
    made.work()
    yield made
    made.pipeline.close()


def seen(desk: Desk) -> DueDelivery:
    with desk.store.read() as session:
        return deliveries.load(desk.store, session, session.exec(select(Delivery.id)).one() or 0)


def sent_by_the_other(desk: Desk) -> None:
    with desk.store.write() as session:
        row = session.exec(select(Delivery)).one()
        row.state, row.attempts_made = "sent", 1


def state(desk: Desk) -> tuple[str, int]:
    with desk.store.read() as session:
        row = session.exec(select(Delivery)).one()
        return row.state, row.attempts_made


def test_who_wanted_to_wait_puts_nothing_back(desk: Desk) -> None:
    stale = seen(desk)
    sent_by_the_other(desk)
    later = DeliveryStep(state=stale.state, not_before=desk.now + timedelta(minutes=1), reason="circuit_open")
    deliver._set_down(desk.store, stale, later, desk.now)
    assert state(desk) == ("sent", 1)


def test_who_took_it_for_dead_puts_nothing_back(desk: Desk) -> None:
    stale = seen(desk)._replace(state=DeliveryState.SENDING, attempts_made=1)
    sent_by_the_other(desk)
    deliver._died_while_sending(desk.store, stale, desk.now, 0.5)
    assert state(desk) == ("sent", 1)
