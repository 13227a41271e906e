# SPDX-License-Identifier: MIT
"""The lead of a story: the best source heads it, whatever the order in which the sources come."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import concepts, reader
from alerts.model import NewsItem, SourceTier
from alerts.stories import RANK, Shelf, leads
from tests.conftest import NOW

SAY = "European Commission approves cabozantinib for neuroendocrine tumours"


def reports(order: list[SourceTier]) -> Shelf:
    """One shelf after these sources, an hour apart, told of one event."""
    shelf = Shelf(concepts())
    for number, tier in enumerate(order):
        when = NOW + timedelta(hours=number)
        item = NewsItem(
            id=tier, title=f"{SAY}, {tier} {number}", published=when, first_seen=when, tier=tier, source=tier
        )
        shelf.place(item, reader().read(item), when)
    return shelf


@pytest.mark.parametrize(
    ("better", "worse"),
    [("regulator", "company"), ("company", "journal"), ("journal", "trade"), ("trade", "wire"), ("hta", "company")],
)
def test_regulator_company_journal_trade_and_wire_lead_in_this_order(better: str, worse: str) -> None:
    assert RANK[SourceTier(better)] < RANK[SourceTier(worse)]


@given(st.permutations([SourceTier.REGULATOR, SourceTier.COMPANY, SourceTier.TRADE, SourceTier.WIRE]))
def test_the_regulator_heads_the_story_whoever_came_first_and_its_revision_stays(order: list[SourceTier]) -> None:
    (story,) = reports(order).stories.values()
    assert story.lead_tier is SourceTier.REGULATOR
    assert SourceTier.REGULATOR in story.headline
    assert story.revision == 1  # a delivery is keyed by story and revision: nobody is told a second time


def test_an_equal_source_that_comes_later_does_not_take_the_lead() -> None:
    (story,) = reports([SourceTier.TRADE, SourceTier.TRADE]).stories.values()
    assert story.headline.endswith("trade 0")
    assert not leads(story, NewsItem(id="x", title=SAY, tier=SourceTier.TRADE))
