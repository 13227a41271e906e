# SPDX-License-Identifier: MIT
"""Late items, items out of order, wrong clocks and items with no date at all."""

from datetime import datetime, timedelta

import pytest

from alerts.facts import concepts, reader
from alerts.model import Decision, Grouping, NewsItem
from alerts.stories import Shelf
from tests.conftest import NOW

NET = "European Commission approves cabozantinib for neuroendocrine tumours"
NET_AGAIN = "Cabometyx wins EU approval in neuroendocrine tumors"


def seen(shelf: Shelf, title: str, *, days: float, published: datetime | None, text: str = "") -> tuple[int, Grouping]:
    now = NOW + timedelta(days=days)
    item = NewsItem(id=f"{title}{days}", title=title, summary=text, published=published, first_seen=now)
    return shelf.place(item, reader().read(item), now)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(concepts())


def test_a_feed_that_is_back_after_two_days_adds_to_the_story_it_missed(shelf: Shelf) -> None:
    first, _ = seen(shelf, NET, days=0, published=NOW)
    late, grouping = seen(shelf, NET_AGAIN, days=2, published=NOW - timedelta(hours=3))
    assert (late, grouping.decision) == (first, Decision.SAME)


def test_an_old_step_that_comes_late_is_no_update_of_the_newer_one(shelf: Shelf) -> None:
    seen(shelf, NET, days=0, published=NOW)
    _, grouping = seen(
        shelf,
        "CHMP issues positive opinion on cabozantinib for neuroendocrine tumours",
        days=1,
        published=NOW - timedelta(days=35),
    )
    assert (grouping.decision, grouping.follows) == (Decision.NEW, None)


def test_an_archive_read_at_once_falls_into_the_stories_of_its_own_days(shelf: Shelf) -> None:
    accelerated, _ = seen(
        shelf,
        "FDA grants accelerated approval to tarlatamab in small cell lung cancer",
        days=0,
        published=NOW - timedelta(days=550),
    )
    full, _ = seen(shelf, "FDA grants tarlatamab full approval in small cell lung cancer", days=0, published=NOW)
    again, _ = seen(
        shelf,
        "Tarlatamab gets accelerated approval of FDA for small cell lung cancer",
        days=0,
        published=NOW - timedelta(days=549),
    )
    assert accelerated != full
    assert again == accelerated


def test_a_publisher_whose_clock_runs_ahead_is_believed_no_later_than_we_saw_it(shelf: Shelf) -> None:
    first, _ = seen(shelf, NET, days=0, published=NOW + timedelta(days=300))
    same, _ = seen(shelf, NET_AGAIN, days=1, published=NOW + timedelta(days=1))
    assert same == first
    assert shelf.stories[first].facts.first_told == NOW


def test_an_item_with_no_date_counts_from_when_it_was_seen(shelf: Shelf) -> None:
    first, _ = seen(shelf, NET, days=0, published=None)
    same, _ = seen(shelf, NET_AGAIN, days=3, published=None)
    much_later, _ = seen(shelf, f"{NET_AGAIN} once more", days=300, published=None)
    assert same == first
    assert much_later != first


def test_a_restatement_that_gives_the_day_of_the_event_belongs_to_it_weeks_later(shelf: Shelf) -> None:
    text = "The European Commission approved cabozantinib on 24 November 2026 for neuroendocrine tumours."
    first, _ = seen(shelf, NET, days=0, published=NOW, text=text)
    again, _ = seen(
        shelf,
        "Ipsen looks back on the quarter in which Cabometyx won EU approval in neuroendocrine tumours",
        days=30,
        published=NOW + timedelta(days=30),
        text=text.replace("approved", "has approved"),
    )
    assert again == first
