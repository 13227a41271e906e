# SPDX-License-Identifier: MIT
"""Where facts are missing, words decide: enough of them, and never against a name."""

from datetime import timedelta

import pytest

from alerts.facts import concepts, reader
from alerts.model import Decision, Grouping, NewsItem, SourceTier
from alerts.stories import Shelf
from alerts.stories.texts import jaccard, names_differ, similarity, title_of, weight
from tests.conftest import NOW


def second(first: str, then: str, *, days: float = 0, tier: str = "unknown", text: str = "") -> Grouping:
    shelf = Shelf(concepts())
    for title, when in ((first, NOW), (then, NOW + timedelta(days=days))):
        item = NewsItem(
            id=title, title=title, summary=text, published=when, first_seen=when, tier=SourceTier(tier), source="Wire"
        )
        _, grouping = shelf.place(item, reader().read(item), when)
    return grouping


def test_the_same_title_in_the_same_days_is_one_story_and_a_year_later_is_not() -> None:
    title = "Minister and drug maker talk about oncology supplies for the region"
    assert second(title, f"{title} - Wire", days=1).reason.code == "same_title"
    assert second(title, title, days=300).decision is Decision.NEW


def test_two_companies_at_one_congress_are_two_stories_however_alike_the_words() -> None:
    first = "Elicio Therapeutics to present at the annual oncology investor conference in Boston on Monday"
    assert second(first, first.replace("Elicio", "Candel")).decision is Decision.NEW


def test_a_vague_report_joins_the_only_story_on_its_drug_in_these_days() -> None:
    found = second(
        "MHRA approves belantamab mafodotin for adults with multiple myeloma",
        "Blenrep is back for adults with multiple myeloma",
        days=1,
    )
    assert found.decision is Decision.SAME


def test_a_known_act_is_not_swallowed_by_a_story_that_knows_of_none() -> None:
    found = second(
        "Blenrep in myeloma: a look at the market and its players",
        "FDA approves belantamab mafodotin for relapsed multiple myeloma",
        days=1,
    )
    assert found.decision is Decision.NEW


def test_two_papers_on_one_drug_are_two_stories() -> None:
    first = "Osimertinib in EGFR-mutated non-small cell lung cancer: outcomes of a phase 2 study"
    then = "Osimertinib after surgery in older patients with EGFR-mutated non-small cell lung cancer"
    assert second(first, then, days=1, tier="journal").decision is Decision.NEW


def test_a_correction_is_an_update_of_what_it_corrects() -> None:
    found = second(
        "FDA grants accelerated approval to tarlatamab in small cell lung cancer",
        "Correction: FDA grants tarlatamab full approval in small cell lung cancer",
        days=1,
    )
    assert (found.decision, found.step) == (Decision.UPDATE, "corrected")


@pytest.mark.parametrize(
    ("title", "bare"), [("Drug approved - Wire", "Drug approved"), ("Drug - approved", "Drug - approved")]
)
def test_the_outlet_that_an_aggregator_appends_is_no_part_of_the_title(title: str, bare: str) -> None:
    assert title_of(NewsItem(id="", title=title, source="Wire")) == bare


def test_measures_of_text_are_symmetric_and_rare_words_weigh_most() -> None:
    a, b = "tarlatamab approved in lung cancer", "lung cancer drug tarlatamab rejected"
    assert similarity(a, b) == similarity(b, a)
    assert jaccard(a, b) == jaccard(b, a)
    assert weight("tarlatamab") > weight("cancer")
    assert names_differ("Elicio presents", "Candel presents")
