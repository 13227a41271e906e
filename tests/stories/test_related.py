# SPDX-License-Identifier: MIT
"""Related stories: the same drug by another body, in another cancer, at another time; shown with what keeps them apart."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import concepts
from alerts.model import EventType, StoryFacts, StoryState
from alerts.stories import related, related_lookups
from tests.conftest import NOW


def story(number: int, days: float = 0, **facts: object) -> StoryState:
    known = {
        "drugs": ("drug:cabozantinib",), "indications": ("onc:PANET",), "event": EventType.APPROVAL, "regulator": "org:EC"
    } | facts  # fmt: skip
    when = NOW + timedelta(days=days)
    told = StoryFacts.model_validate(known | {"first_told": when})
    return StoryState(id=number, headline=f"story {number}", facts=told, first_seen=when, last_seen=when)


HERE = story(1)
FDA = story(2, days=-120, regulator="org:FDA")
KIDNEY = story(3, days=-10, indications=("onc:RCC",))
OTHER_DRUG = story(4, drugs=("drug:everolimus",))


def test_the_same_drug_elsewhere_is_related_and_another_drug_is_not() -> None:
    found = related(HERE, [OTHER_DRUG, KIDNEY, FDA, HERE], concepts())
    assert {one.story_id for one in found} == {2, 3}


def test_what_keeps_two_related_stories_apart_is_said_in_words() -> None:
    by_story = {one.story_id: one.why for one in related(HERE, [FDA, KIDNEY], concepts())}
    assert by_story[2].startswith("regulator: EC ≠ FDA")
    assert "cancer: pancreatic neuroendocrine tumor ≠ renal cell carcinoma" in by_story[3]


def test_a_drug_with_a_hundred_stories_shows_a_few_and_the_same_use_first() -> None:
    many = [story(10 + n, days=-n, indications=("onc:RCC",)) for n in range(100)]
    found = related(HERE, [*many, FDA], concepts())
    assert len(found) == 8
    assert found[0].story_id == FDA.id


@given(st.permutations([FDA, KIDNEY, OTHER_DRUG, HERE]))
def test_the_order_of_the_candidates_does_not_matter(others: list[StoryState]) -> None:
    assert related(HERE, others, concepts()) == related(HERE, [FDA, KIDNEY], concepts())


def test_a_story_without_a_drug_asks_for_nothing() -> None:
    assert related_lookups(StoryFacts(), NOW) == ()
    (asked,) = related_lookups(HERE.facts, NOW)
    assert "de:drug:cabozantinib:decision" in asked.keys
    assert (asked.last - asked.first).days == 730
