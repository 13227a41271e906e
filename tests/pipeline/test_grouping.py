# SPDX-License-Identifier: MIT
"""Items become stories in the store: once each, whatever the order, the edits and the faults of single items."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.config import Settings
from alerts.facts import reader
from alerts.model import NewsItem
from alerts.store import dump
from alerts.stories import lookups
from tests.pipeline.newsdesk import Desk


@pytest.fixture
def desk(store_settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(store_settings, tmp_path / "rules.yaml")
    yield made
    made.pipeline.close()


NET = "European Commission approves cabozantinib for neuroendocrine tumours"
NET_AGAIN = "Cabometyx wins EU approval in neuroendocrine tumors"
LUNG = "FDA approves sotorasib for non-small cell lung cancer"


def test_a_better_source_that_comes_later_heads_the_story_and_nobody_is_told_again(desk: Desk) -> None:
    desk.report("wire", NET_AGAIN, tier="wire")
    desk.work()
    desk.report("agency", NET, tier="regulator", days=1)
    desk.work()
    assert desk.groups() == [["agency", "wire"]]
    assert desk.alerts() == [("story", NET)]


def test_the_next_step_is_told_as_an_update(desk: Desk) -> None:
    desk.report("opinion", "CHMP issues positive opinion on cabozantinib for neuroendocrine tumours")
    desk.work()
    desk.report("decision", NET, days=50)
    desk.work()
    assert [kind for kind, _ in desk.alerts()] == ["story", "update"]
    assert desk.why("decision")[0].startswith("Update to “CHMP issues positive opinion")


def test_an_edited_item_alone_in_its_story_changes_the_story_and_is_told_again(desk: Desk) -> None:
    desk.report("a", "FDA approves sotorasib for colorectal cancer")
    desk.work()
    desk.report("a", LUNG, days=0.1)
    desk.work()
    (story,) = desk.stories()
    assert (story["headline"], story["revision"]) == (LUNG, 2)
    assert [kind for kind, _ in desk.alerts()] == ["story", "update"]
    desk.report("b", "Sotorasib gets FDA approval in non-small cell lung cancer", tier="wire", days=0.2)
    desk.work()
    assert desk.groups() == [["a", "b"]]


def test_an_address_that_carries_two_stories_on_one_day_is_told_of_both(desk: Desk) -> None:
    desk.report("live", NET)
    desk.work()
    desk.report("live", LUNG, days=0.2)
    desk.work()
    assert len(desk.alerts()) == 2
    assert desk.stories()[-1]["headline"] == LUNG


def test_a_comma_that_an_editor_moved_is_no_new_revision(desk: Desk) -> None:
    desk.report("a", LUNG)
    desk.work()
    desk.report("a", f"{LUNG}, at last", days=0.1)
    desk.work()
    assert [s["revision"] for s in desk.stories()] == [1]
    assert len(desk.alerts()) == 1


def test_an_edited_item_that_now_tells_something_else_leaves_its_story(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("b", NET_AGAIN, tier="wire")
    desk.work()
    desk.report("b", LUNG, tier="wire", days=0.1)
    desk.work()
    assert desk.groups() == [["a"], ["b"]]
    assert "It was edited and left" in desk.why("b")[0]
    assert [headline for _, headline in desk.alerts()] == [NET, LUNG]


def test_a_round_up_is_a_source_of_each_story_and_tells_nobody_again(desk: Desk) -> None:
    desk.report("net", NET)
    desk.report("lung", LUNG)
    desk.work()
    desk.report("week", "The week in approvals", days=2)
    parts = [reader().read(NewsItem(id="", title=title)) for title in (NET, LUNG)]
    desk.understand("week", parts[0].model_copy(update={"claims": tuple(c for part in parts for c in part.claims)}))
    desk.work()
    assert len(desk.stories()) == 2
    assert len(desk.why("week")) == 2
    assert len(desk.alerts()) == 2


def test_an_item_that_cannot_be_grouped_holds_up_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = lookups

    def strange(item, facts, now):  # type: ignore[no-untyped-def]
        if item.title == LUNG:
            raise ValueError("strange")
        return real(item, facts, now)

    monkeypatch.setattr("alerts.pipeline.grouping.lookups", strange)
    desk.report("bad", LUNG)
    desk.report("good", NET)
    desk.work()
    assert desk.groups() == [["good"]]
    for minutes in (2, 4, 6):
        desk.report(f"later{minutes}", NET_AGAIN, days=minutes / 1440)
        desk.work()
    with desk.store.read() as session:
        errors = {row["guid"]: row["error"] for row in dump.items(session) if row["error"]}
    assert errors["bad"]["code"] == "group_failed"
    monkeypatch.undo()
    assert desk.groups() == [["good", "later2", "later4", "later6"]]
