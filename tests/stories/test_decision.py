# SPDX-License-Identifier: MIT
"""One story once, and never a silenced one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import concepts, reader
from alerts.model import Decision, EventType, Grouping, NewsItem, SourceTier, StoryFacts, StoryState
from alerts.stories import absorb, decide, open_story, url_key
from alerts.stories.compare import verdicts
from tests.conftest import NOW


def item(title: str, summary: str = "", link: str = "", tier: str = "trade", days: int = 0) -> NewsItem:
    when = NOW + timedelta(days=days)
    return NewsItem(
        id=title, title=title, summary=summary, link=link, published=when, first_seen=when, tier=SourceTier(tier)
    )


def told(first: NewsItem) -> StoryState:
    facts = reader().read(first)
    return open_story(1, first, facts, decide(first, facts, [], NOW, concepts()), NOW)


def then(first: NewsItem, second: NewsItem) -> Grouping:
    return decide(second, reader().read(second), [told(first)], NOW, concepts())


EC = item("European Commission approves cabozantinib for neuroendocrine tumours")


def test_another_outlet_on_the_same_approval_joins_the_story() -> None:
    found = then(EC, item("Cabometyx wins EU approval in pancreatic neuroendocrine tumors"))
    assert (found.decision, found.reason.code) == (Decision.SAME, "facts_agree")
    assert (
        "the same drug (cabozantinib), cancer (neuroendocrine tumor), event (label expansion), regulator (EC)"
        in found.reason.text
    )


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("FDA approves cabozantinib for neuroendocrine tumors", "conflict_regulator"),
        ("European Commission approves cabozantinib for renal cell carcinoma", "conflict_indications"),
        ("European Commission approves everolimus for neuroendocrine tumors", "conflict_drugs"),
    ],
)
def test_another_regulator_cancer_or_drug_is_another_story(title: str, reason: str) -> None:
    found = then(EC, item(title))
    assert (found.decision, found.reason.code) == (Decision.NEW, reason)


def test_accelerated_and_full_approval_are_two_stories_and_the_second_an_update() -> None:
    first = item("FDA grants accelerated approval to tarlatamab in small cell lung cancer")
    found = then(first, item("FDA converts tarlatamab to full approval in small cell lung cancer", days=20))
    assert found.decision is not Decision.SAME


def test_a_decision_after_the_opinion_is_an_update_that_names_it() -> None:
    first = item("CHMP issues positive opinion on datopotamab deruxtecan for breast cancer")
    found = then(first, item("European Commission approves datopotamab deruxtecan for breast cancer", days=40))
    assert (found.decision, found.follows) == (Decision.UPDATE, 1)


def test_the_same_text_elsewhere_is_the_same_story() -> None:
    text = "The European Commission approved cabozantinib for neuroendocrine tumours on Thursday, Ipsen said."
    found = then(item("News", text, "https://a.example.org/1"), item("News", text, "https://b.example.org/2"))
    assert (found.decision, found.reason.code) == (Decision.SAME, "same_text")


def test_a_better_source_takes_the_lead_without_a_new_revision() -> None:
    story, agency = told(EC), item("EC decision on cabozantinib", tier="regulator")
    after = absorb(story, agency, reader().read(agency), NOW)
    assert (after.headline, after.revision) == ("EC decision on cabozantinib", story.revision)


@pytest.mark.parametrize(
    "other",
    [
        "http://example.org/news/1",
        "https://www.example.org/news/1/",
        "https://m.example.org/news/1?utm_source=x&utm_medium=y",
        "https://example.org/news/1/index.html#top",
        "https://www.google.com/url?q=https%3A%2F%2Fexample.org%2Fnews%2F1",
        "https://example-org.cdn.ampproject.org/c/s/example.org/news/1",
    ],
)
def test_an_address_has_one_key_however_it_is_dressed(other: str) -> None:
    assert url_key(other) == url_key("https://example.org/news/1")


def test_another_article_keeps_its_own_key() -> None:
    assert url_key("https://example.org/news?id=1") != url_key("https://example.org/news?id=2")


FACTS = st.builds(
    StoryFacts,
    drugs=st.sets(st.sampled_from(["drug:a", "drug:b"])).map(tuple),
    indications=st.sets(st.sampled_from(["onc:PANET", "doid:169", "onc:NSCLC"])).map(tuple),
    event=st.sampled_from(EventType),
    status=st.sampled_from([None, "full", "accelerated"]),
    regulator=st.sampled_from([None, "org:FDA", "org:EC"]),
    event_date=st.none() | st.dates(NOW.date(), NOW.date() + timedelta(days=60)),
)


@given(FACTS, FACTS)
def test_comparing_is_symmetric(a: StoryFacts, b: StoryFacts) -> None:
    assert verdicts(a, b, concepts()) == verdicts(b, a, concepts())
