# SPDX-License-Identifier: MIT
"""An item finds the stories that it may belong to or follow, and not the whole history."""

from datetime import timedelta

import pytest

from alerts.facts import concepts
from alerts.model import (
    Claim,
    DrugFact,
    EventFact,
    EventType,
    Facts,
    IndicationFact,
    NewsItem,
    RegulatorFact,
    Role,
)
from alerts.stories import Shelf, content_hash, keys, lookups
from tests.conftest import NOW


def read(event: EventType, cancer: str, drug: str = "drug:pembrolizumab") -> Facts:
    return Facts(
        relevant=True,
        drugs=(DrugFact(id=drug, name=drug, role=Role.PRIMARY),),
        indications=(IndicationFact(id=cancer, name=cancer, role=Role.PRIMARY),),
        event=EventFact(type=event),
        regulators=(RegulatorFact(id="org:FDA", name="FDA", role=Role.PRIMARY),),
        claims=(Claim(drugs=(drug,), indications=(cancer,), event=event, regulator="org:FDA"),),
    )


def item(title: str, days: float = 0, text: str = "", link: str = "") -> NewsItem:
    when = NOW + timedelta(days=days)
    return NewsItem(id=title, title=title, summary=text, link=link, published=when, first_seen=when)


def test_an_approval_finds_its_filing_among_the_many_of_a_drug_for_everything() -> None:
    shelf = Shelf(concepts())
    cancers = ["onc:NSCLC", *(f"onc:OTHER{n}" for n in range(60))]
    for n, cancer in enumerate(cancers):
        seen = item(f"filing {n}", days=n)
        shelf.place(seen, read(EventType.FILING_STATUS, cancer), NOW + timedelta(days=n))
    _, grouping = shelf.place(
        item("approval", days=200), read(EventType.APPROVAL, "onc:NSCLC"), NOW + timedelta(days=200)
    )
    assert grouping.follows == 1


def test_an_item_asks_for_few_keys_however_much_it_says() -> None:
    asked = lookups(
        item("FDA approves pembrolizumab", link="https://a.example.org/1"), read(EventType.APPROVAL, "onc:NSCLC"), NOW
    )
    assert sum(len(look.keys) for look in asked) < 30
    assert all(look.first <= NOW.date() <= look.last for look in asked)


def test_a_title_and_a_title_with_a_text_hash_apart() -> None:
    assert content_hash("Drug approved", "") != content_hash("Drug approved", "in lung cancer")
    assert content_hash("Drug <b>approved</b>", "x &amp; y") == content_hash("drug APPROVED", "X y")


@pytest.mark.parametrize("text", ["", "short"])
def test_a_text_of_a_few_words_is_no_key(text: str) -> None:
    assert not [k for k in keys(item("Drug approved", text=text), Facts()) if k.startswith("text:")]
