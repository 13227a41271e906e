# SPDX-License-Identifier: MIT
"""What a story is compared by: the facts of the story, not of any other member; whose act it is; when an item gathers news."""

from datetime import timedelta

import pytest

from alerts.facts import concepts, reader
from alerts.facts.vocabulary import load as vocabulary
from alerts.model import Decision, EventType, Grouping, NewsItem, StoryFacts
from alerts.stories import Shelf, rules, story_facts
from tests.conftest import NOW


def item(title: str, text: str = "", days: float = 0) -> NewsItem:
    when = NOW + timedelta(days=days)
    return NewsItem(id=f"{title}{days}", title=title, summary=text, published=when, first_seen=when)


def read(title: str, text: str = "") -> StoryFacts:
    one = item(title, text)
    return story_facts(reader().read(one), one)


def place(shelf: Shelf, title: str, text: str = "", days: float = 0) -> tuple[int, Grouping]:
    one = item(title, text, days)
    return shelf.place(one, reader().read(one), NOW + timedelta(days=days))


def test_stories_do_not_chain_a_member_that_says_less_leads_nobody_in() -> None:
    """The vague report would go with either approval; it joins the first and does not let the second in behind it."""
    shelf = Shelf(concepts())
    accelerated, _ = place(shelf, "FDA grants accelerated approval to tarlatamab in small cell lung cancer")
    vague, _ = place(shelf, "Tarlatamab wins FDA approval in small cell lung cancer", days=1)
    full, _ = place(shelf, "FDA grants tarlatamab full approval in small cell lung cancer", days=2)
    assert vague == accelerated
    assert full != accelerated


def test_a_known_fact_of_a_story_never_changes_by_a_member() -> None:
    shelf = Shelf(concepts())
    story, _ = place(shelf, "European Commission approves cabozantinib for neuroendocrine tumours")
    before = shelf.stories[story].facts
    again, _ = place(shelf, "Cabometyx wins EU approval in pancreatic neuroendocrine tumors", days=1)
    after = shelf.stories[story].facts
    assert again == story
    assert (after.indications, after.event, after.regulator) == (before.indications, before.event, before.regulator)


def test_a_gap_is_filled_by_the_first_member_that_knows() -> None:
    shelf = Shelf(concepts())
    story, _ = place(shelf, "FDA approves tarlatamab for small cell lung cancer")
    assert shelf.stories[story].facts.companies == ()
    place(shelf, "Amgen's tarlatamab approved by FDA for small cell lung cancer", days=0.2)
    assert shelf.stories[story].facts.companies == ("amgen",)


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("Kisqali gets NICE's blessing in early breast cancer", "recommended"),
        ("NICE approves ribociclib for early breast cancer", "recommended"),
        ("NICE rejects ribociclib for early breast cancer", "refused"),
        ("Scottish Medicines Consortium does not recommend ribociclib for early breast cancer", "refused"),
    ],
)
def test_what_a_cost_body_decides_is_access_whatever_the_verb(title: str, status: str) -> None:
    found = read(title)
    assert (found.event, found.status) == (EventType.ACCESS, status)


@pytest.mark.parametrize(
    "title",
    [
        "FDA approves Roche's VENTANA test as companion diagnostic for zolbetuximab in gastric cancer",
        "Roche gains FDA approval of companion assay for zolbetuximab in gastric cancer",
        "Guardant Health wins FDA nod for imlunestrant in breast cancer",
    ],
)
def test_a_test_beside_a_drug_is_not_the_approval_of_the_drug(title: str) -> None:
    assert read(title).status == "companion_diagnostic"


BRIEF = (
    "Oncology in August: dordaviprone in glioma, zongertinib in lung cancer",
    "The FDA cleared dordaviprone for H3 K27M-mutant diffuse midline glioma and zongertinib for HER2-mutant NSCLC.",
)


def test_a_title_that_gathers_news_makes_a_round_up_even_where_the_reader_saw_one_regimen() -> None:
    assert read(*BRIEF).round_up
    assert not read("FDA approves nivolumab plus ipilimumab in liver cancer in August").round_up


def test_a_round_up_joins_no_two_stories_and_none_joins_it_by_facts() -> None:
    shelf = Shelf(concepts())
    drug, _ = place(shelf, "FDA approves dordaviprone for diffuse midline glioma")
    brief, _ = place(shelf, *BRIEF, days=3)
    later, _ = place(shelf, "Dordaviprone is approved by FDA for diffuse midline glioma", days=4)
    assert brief != drug
    assert later == drug


def test_a_partner_that_one_outlet_takes_for_the_subject_keeps_one_trial_no_two_stories() -> None:
    shelf = Shelf(concepts())
    first, _ = place(shelf, "Giredestrant plus everolimus delays progression in breast cancer in evERA, ESMO hears")
    again, grouping = place(
        shelf,
        "ESMO: everolimus gets a partner in breast cancer as evERA delays progression",
        "Giredestrant was added in evERA, which met its goal of progression-free survival.",
        days=1,
    )
    assert (again, grouping.decision) == (first, Decision.SAME)


def test_a_filing_that_was_put_off_is_no_word_of_the_committee() -> None:
    shelf = Shelf(concepts())
    vote, _ = place(shelf, "FDA advisers back belantamab mafodotin in multiple myeloma")
    delay, _ = place(
        shelf,
        "FDA extends review of belantamab mafodotin in multiple myeloma",
        "The PDUFA date was moved by three months.",
        days=5,
    )
    assert vote != delay


def test_the_cost_bodies_of_the_rules_are_those_of_the_vocabulary() -> None:
    assert {body.id for body in vocabulary().bodies.values() if body.kind == "hta"} == rules.COST_BODIES
