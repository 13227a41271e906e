# SPDX-License-Identifier: MIT
"""The store gives the stories that the rules give in memory: same items, same groups, on both databases."""

from pathlib import Path

import pytest

from alerts.config import Settings
from alerts.facts import concepts, reader
from alerts.stories import Shelf
from tests.conftest import NOW
from tests.pipeline.newsdesk import Desk
from tests.stories.streams import Told, stream

FAMILIES = {"belantamab", "durva", "zani"}


@pytest.fixture
def items() -> list[Told]:
    return [told for told in stream() if told.story.partition("/")[0] in FAMILIES]


def in_memory(items: list[Told]) -> list[list[str]]:
    shelf, groups = Shelf(concepts()), dict[int, list[str]]()
    for told in items:
        when = told.item.published
        assert when is not None
        seen = told.item.model_copy(
            update={
                "first_seen": when,
                "link": f"https://{told.item.tier}.example.org/{told.item.id}",
                "source": told.item.tier.title(),
            }
        )
        number, _ = shelf.place(seen, reader().read(seen), when)
        groups.setdefault(number, []).append(told.item.id)
    return sorted(sorted(group) for group in groups.values())


def test_a_stream_gives_the_same_stories_in_the_store_and_in_memory(
    items: list[Told], store_settings: Settings, tmp_path: Path
) -> None:
    desk = Desk(store_settings)
    for told in items:
        assert told.item.published is not None
        days = (told.item.published - NOW).total_seconds() / 86400
        desk.report(told.item.id, told.item.title, told.item.summary, tier=told.item.tier.value, days=days)
        desk.work()
    assert desk.groups() == in_memory(items)
    desk.pipeline.close()
