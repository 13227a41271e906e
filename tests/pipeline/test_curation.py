# SPDX-License-Identifier: MIT
"""Splits and merges by hand outrank the rules, survive re-reading, and tell nobody anything that was not asked for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from alerts.config import Settings
from alerts.errors import InputError
from alerts.facts import reader
from alerts.model import EventType, NewsItem
from alerts.pipeline import curation
from alerts.store.tables import Item
from tests.pipeline.newsdesk import Desk


@pytest.fixture
def desk(store_settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(store_settings, tmp_path / "rules.yaml")
    yield made
    made.pipeline.close()


NET = "European Commission approves cabozantinib for neuroendocrine tumours"
NET_AGAIN = "Cabometyx wins EU approval in neuroendocrine tumors"
KIDNEY = "European Commission approves cabozantinib for renal cell carcinoma"


def number(desk: Desk, guid: str) -> int:
    with desk.store.read() as session:
        found = session.exec(select(Item.id).where(col(Item.guid) == guid)).one()
    assert found is not None
    return found


def story(desk: Desk, guid: str) -> int:
    return next(int(s["id"]) for s in desk.stories() if guid in s["items"])


def read_again(desk: Desk) -> int:
    """A newer reader, and everything that the stages make of it."""
    marked = curation.read_again(desk.store, "a newer one", desk.now - timedelta(days=30), desk.now)
    desk.work()
    return marked


def two_in_one(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("b", NET_AGAIN, tier="wire")
    desk.work()
    assert desk.groups() == [["a", "b"]]


def test_a_split_makes_a_story_that_is_told_to_nobody_and_stays_apart_when_read_again(desk: Desk) -> None:
    two_in_one(desk)
    curation.split(desk.store, number(desk, "b"), "alice", desk.now)
    desk.work()
    assert desk.groups() == [["a"], ["b"]]
    assert len(desk.alerts()) == 1
    assert read_again(desk) == 2
    assert desk.groups() == [["a"], ["b"]]
    assert "by alice" in desk.why("b")[0]


def test_a_split_is_told_where_its_author_asks_for_it(desk: Desk) -> None:
    two_in_one(desk)
    curation.split(desk.store, number(desk, "b"), "alice", desk.now, tell=True)
    desk.work()
    assert [headline for _, headline in desk.alerts()] == [NET, NET_AGAIN]


def test_a_story_that_was_split_off_stays_silent_when_others_report_it_too(desk: Desk) -> None:
    two_in_one(desk)
    curation.split(desk.store, number(desk, "a"), "alice", desk.now)
    desk.report("c", f"{NET_AGAIN} after prior therapy", tier="society", days=0.5)
    desk.work()
    assert len(desk.alerts()) == 1


def test_a_merge_takes_every_item_tells_nobody_and_outlives_reading_again(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("k", KIDNEY)
    desk.work()
    assert len(desk.alerts()) == 2
    curation.merge(desk.store, story(desk, "a"), [story(desk, "k")], "bob", desk.now)
    desk.work()
    assert desk.groups() == [[], ["a", "k"]]
    assert read_again(desk) == 2
    assert desk.groups() == [[], ["a", "k"]]
    assert len(desk.alerts()) == 2


def test_later_reports_of_either_telling_find_the_merged_story(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("k", KIDNEY)
    desk.work()
    curation.merge(desk.store, story(desk, "a"), [story(desk, "k")], "bob", desk.now)
    desk.report("k2", "Cabozantinib gets EU approval for renal cell carcinoma", tier="wire", days=1)
    desk.report("a2", NET_AGAIN, tier="wire", days=1)
    desk.work()
    assert desk.groups() == [[], ["a", "a2", "k", "k2"]]
    assert len(desk.alerts()) == 2


def test_a_newer_reader_moves_what_it_understands_better_and_tells_nobody(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("b", NET_AGAIN, tier="wire")
    blind = reader().read(NewsItem(id="", title=NET_AGAIN))
    wrong = {"event": EventType.SAFETY}
    desk.understand(
        "b",
        blind.model_copy(
            update={
                "event": blind.event.model_copy(update={"type": EventType.SAFETY}),
                "claims": tuple(c.model_copy(update=wrong) for c in blind.claims),
                "extractor_version": "old",
            }
        ),
    )
    desk.work()
    assert desk.groups() == [["a"], ["b"]]
    told = desk.alerts()
    assert read_again(desk) == 2
    assert desk.groups() == [[], ["a", "b"]]
    assert len(desk.alerts()) == len(told)


def test_an_item_is_explained_with_the_stories_that_it_is_not_in(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("k", KIDNEY)
    desk.work()
    with desk.store.read() as session:
        found = curation.explain(session, number(desk, "k"), desk.now)
    assert found["places"][0]["code"] == "conflict_indications"
    assert found["not_in"][0]["text"] == (f"Apart from “{NET}”: cancer: neuroendocrine tumor ≠ renal cell carcinoma.")


def test_a_story_is_shown_with_related_ones_and_what_keeps_them_apart(desk: Desk) -> None:
    desk.report("a", NET)
    desk.report("k", KIDNEY)
    desk.report("f", "FDA approves cabozantinib for neuroendocrine tumours", days=1)
    desk.report("o", "FDA approves tarlatamab for small cell lung cancer", days=1)
    desk.work()
    with desk.store.read() as session:
        found = curation.show(session, story(desk, "a"))
    assert {r["story"]: r["why"].split(";")[0] for r in found["related"]} == {
        story(desk, "f"): "regulator: EC ≠ FDA",
        story(desk, "k"): "cancer: neuroendocrine tumor ≠ renal cell carcinoma",
    }


def test_what_is_not_there_is_said_with_a_stable_code(desk: Desk) -> None:
    desk.report("a", NET)
    desk.work()
    with pytest.raises(InputError, match="there is no item 99") as gone:
        curation.split(desk.store, 99, "alice", desk.now)
    with pytest.raises(InputError, match="only one of story") as alone:
        curation.split(desk.store, number(desk, "a"), "alice", desk.now)
    with pytest.raises(InputError, match="there is no story 99") as nowhere:
        curation.merge(desk.store, 99, [1], "alice", desk.now)
    assert [e.value.code for e in (gone, alone, nowhere)] == ["no_such_item", "alone_in_its_story", "no_such_story"]
