# SPDX-License-Identifier: MIT
"""Words where facts are missing: MinHash bands propose near copies, floors say how many words must be shared."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import concepts, reader
from alerts.model import Decision, EventType, Facts, NewsItem, SourceTier, StoryFacts, StoryState
from alerts.stories import Shelf, keys, lookups
from alerts.stories.texts import BANDS, bands, jaccard, text_of
from alerts.stories.weigh import COPIES_ONLY, COPY_JACCARD, FLOOR, FLOOR_MOST, Weighed
from tests.conftest import NOW

CLINIC = (
    "Cancer centre in Lyon opens a ward for people with rare tumours that no other hospital of the region takes in, "
    "with forty beds, a pharmacy of its own and a garden for those who stay for weeks"
)
REWRITTEN = "A clinic for uncommon malignancies started work in Lyon: the first of its kind in that part of France"


def item(title: str, text: str = "", days: float = 0, tier: str = "trade") -> NewsItem:
    when = NOW + timedelta(days=days)
    return NewsItem(
        id=f"{title}{days}", title=title, summary=text, published=when, first_seen=when, tier=SourceTier(tier)
    )


def test_near_copies_share_a_minhash_band_and_a_rewritten_text_shares_none() -> None:
    copy = CLINIC.replace("forty", "40")
    assert jaccard(CLINIC, copy) >= COPY_JACCARD
    assert set(bands(CLINIC)) & set(bands(copy))
    assert not set(bands(CLINIC)) & set(bands(REWRITTEN))
    assert len(bands(CLINIC)) == BANDS


@given(st.text(max_size=300))
def test_bands_of_a_text_are_stable_and_never_fail(text: str) -> None:
    assert bands(text) == bands(text)


def test_an_item_without_a_drug_is_stored_and_looked_up_by_its_bands_and_one_with_a_drug_is_not() -> None:
    nameless, named = item(CLINIC), item("FDA approves tarlatamab for small cell lung cancer")
    stored = {k for k in keys(nameless, Facts()) if k.startswith("mh:")}
    asked = {k for look in lookups(nameless, Facts(), NOW) for k in look.keys}
    assert len(stored) == BANDS
    assert stored <= asked
    assert not [k for k in keys(named, reader().read(named)) if k.startswith("mh:")]


@pytest.mark.parametrize(
    ("again", "same"), [(CLINIC.replace("forty", "40"), True), (CLINIC.replace("forty", "40") + "!", True), (REWRITTEN, False)]
)  # fmt: skip
def test_without_facts_only_a_near_copy_is_the_same_story(again: str, same: bool) -> None:
    shelf = Shelf(concepts())
    first, _ = shelf.place(item(CLINIC), Facts(), NOW)
    second, grouping = shelf.place(item(again, days=0.5), Facts(), NOW + timedelta(days=0.5))
    assert (second == first) is same
    assert (grouping.decision is Decision.SAME) is same


APPROVED: dict[str, Any] = {
    "drugs": ("drug:tarlatamab",), "indications": ("onc:SCLC",), "event": EventType.APPROVAL, "regulator": "org:FDA"
}  # fmt: skip


def weighed(mine: dict[str, Any], theirs: dict[str, Any] | None = None, days: float = 5) -> Weighed:
    told = {"first_told": NOW}
    story = StoryState(
        id=1, headline="h", facts=StoryFacts.model_validate((theirs or APPROVED) | told), first_seen=NOW, last_seen=NOW
    )
    later = StoryFacts.model_validate(mine | {"first_told": NOW + timedelta(days=days)})
    return Weighed(later, item("x", days=days), story, concepts())


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in APPROVED.items() if name not in names}


def test_where_all_that_matters_agrees_no_word_needs_to_be_shared() -> None:
    assert weighed(APPROVED).floor == 0


def test_every_fact_that_is_missing_asks_for_more_shared_words() -> None:
    one, two, three = (
        weighed(without(*gone)).floor
        for gone in (("regulator",), ("regulator", "indications"), ("regulator", "indications", "event"))
    )
    assert one == FLOOR
    assert FLOOR < two < three <= FLOOR_MOST


def test_nothing_known_in_common_asks_for_a_near_copy() -> None:
    assert weighed({"event": EventType.UNKNOWN}).floor == COPIES_ONLY


def test_a_readout_whose_trial_is_not_named_asks_for_words_and_one_of_the_same_trial_for_none() -> None:
    readout = without("regulator") | {"event": EventType.TRIAL_POSITIVE}
    assert weighed(readout, readout).floor > 0
    named = readout | {"trials": ("DELLPHI-304",)}
    assert weighed(named, named).floor == 0


def test_a_known_act_asks_more_of_a_story_that_knows_of_none() -> None:
    subject = without("regulator") | {"event": EventType.CONFERENCE}
    assert weighed(APPROVED, subject, days=1).floor >= FLOOR_MOST


def test_in_three_days_the_only_story_on_a_drug_asks_for_few_words() -> None:
    near, far = weighed(without("regulator"), days=1), weighed(without("regulator"), days=5)
    assert near.of_these_days
    assert not far.of_these_days
    assert near.floor_of_only < near.floor


def test_an_act_whose_cancer_is_not_told_is_of_these_days_for_ten() -> None:
    assert weighed(without("indications"), days=9).of_these_days
    assert not weighed(without("indications"), days=11).of_these_days


def test_a_conflict_is_never_outweighed_by_words() -> None:
    other = APPROVED | {"regulator": "org:EC"}
    found = weighed(other)
    assert found.conflicts == ["regulator"]
    assert not found.joins(only=True)


def test_the_text_that_is_compared_is_bounded() -> None:
    assert len(text_of(item("t", "word " * 4000))) <= 1500
