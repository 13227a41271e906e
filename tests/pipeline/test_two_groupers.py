# SPDX-License-Identifier: MIT
"""Two real processes meet the reports of one event at the same moment: one story, one alert."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import select

from alerts.config import Settings
from alerts.store.tables import Delivery, StoryItem
from tests.delivery.test_crash_points import DRUGS
from tests.delivery.test_two_processes import Pair
from tests.pipeline.newsdesk import Desk

pytestmark = [pytest.mark.enable_socket, pytest.mark.processes, pytest.mark.timeout(120)]
EVENTS = 10
SAY = (
    "FDA approves {} for lung cancer",
    "{} wins FDA approval in lung cancer",
    "US regulator FDA clears {} for adults with lung cancer",
)


def test_two_workers_at_the_reports_of_one_event_make_one_story_and_one_alert(
    store_settings: Settings, tmp_path: Path
) -> None:
    desk = Desk(store_settings, tmp_path / "rules.yaml")
    with closing(Pair(store_settings)) as pair:
        _reported(desk)
        shares = pair.run("group", desk.now)
        pair.run("match", desk.now)
    assert sum(shares) == EVENTS * len(SAY)
    assert min(shares) > 0  # both were at it, or this would prove nothing
    events = [str(number) for number in range(EVENTS)]
    assert desk.groups() == [[f"{event}/{outlet}" for outlet in range(len(SAY))] for event in events]
    with desk.store.read() as session:
        assert len({row.item_id for row in session.exec(select(StoryItem))}) == len(events) * len(SAY)
        assert [d.kind for d in session.exec(select(Delivery))] == ["story"] * len(events)
    desk.pipeline.close()


def _reported(desk: Desk) -> None:
    """Three outlets on ten approvals."""
    for number in range(EVENTS):
        for outlet, words in enumerate(SAY):
            tier = ("regulator", "trade", "wire")[outlet]
            desk.report(f"{number}/{outlet}", words.format(DRUGS[number]), tier=tier)
    desk.pipeline._read()
