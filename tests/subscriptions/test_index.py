# SPDX-License-Identifier: MIT
"""The index finds exactly what trying every rule finds, whatever was added, replaced and removed before."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.facts import concepts
from alerts.model import Claim, EventType, Facts, NewsItem
from alerts.subscriptions import Rule, RuleIndex, match
from alerts.subscriptions.match import fold
from alerts.subscriptions.rule import Condition
from tests.subscriptions import strategies as given_

ITEM = NewsItem(id="1", title="FDA approves pembrolizumab", source="Example Wire")
APPROVED = Facts(
    claims=(
        Claim(drugs=("drug:pembrolizumab",), indications=("onc:NSCLC",), event=EventType.APPROVAL, regulator="org:FDA"),
    )
)


def wants(**fields: tuple[str, ...]) -> Rule:
    return Rule(**{field: Condition(any=values) for field, values in fields.items()})


@settings(max_examples=300, deadline=None)
@given(st.lists(given_.rules, max_size=8), given_.items, given_.facts)
def test_the_index_gives_what_evaluating_each_rule_gives(rules: list[Rule], item: NewsItem, facts: Facts) -> None:
    index: RuleIndex[int] = RuleIndex(concepts())
    for key, rule in enumerate(rules):
        index.put(key, rule)
    each = {key: match(rule, item, facts, concepts()) for key, rule in enumerate(rules)}
    assert dict(index.match(item, facts)) == {key: found for key, found in each.items() if found.match}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.none() | given_.rules), max_size=12), given_.items, given_.facts)
def test_after_any_changes_the_index_is_as_if_made_anew(
    steps: list[tuple[int, Rule | None]], item: NewsItem, facts: Facts
) -> None:
    changed: RuleIndex[int] = RuleIndex(concepts())
    current: dict[int, Rule] = {}
    for key, rule in steps:
        if rule is None:
            changed.remove(key)
            current.pop(key, None)
        else:
            changed.put(key, rule)
            current[key] = rule
    fresh: RuleIndex[int] = RuleIndex(concepts())
    for key, rule in current.items():
        fresh.put(key, rule)
    assert dict(changed.match(item, facts)) == dict(fresh.match(item, facts))
    assert len(changed) == len(current)


def test_a_rule_by_class_and_by_a_broader_cancer_is_found() -> None:
    index: RuleIndex[str] = RuleIndex(concepts())
    index.put("class", wants(drugs=("class:pd-1 inhibitor",)))
    index.put("cancer", wants(indications=("onc:LUNG",)))
    index.put("other", wants(drugs=("drug:cabozantinib",)))
    assert set(index.match(ITEM, APPROVED)) == {"class", "cancer"}


def test_rules_of_text_or_sources_alone_are_found() -> None:
    index: RuleIndex[str] = RuleIndex(concepts())
    index.put("phrase", wants(text=("approves pembrolizumab",)))
    index.put("pattern", wants(text=("re:pembro.*mab",)))
    index.put("source", wants(sources=("wire",)))
    index.put("nothing else", Rule(drugs=Condition(none=("drug:cabozantinib",))))
    index.put("refused", Rule(drugs=Condition(none=("drug:pembrolizumab",))))
    assert set(index.match(ITEM, APPROVED)) == {"phrase", "pattern", "source", "nothing else"}


def test_people_with_the_same_rule_share_its_answer() -> None:
    index: RuleIndex[str] = RuleIndex(concepts())
    for who in ("Alice", "Bob"):
        index.put(who, wants(drugs=("drug:pembrolizumab",)))
    found = index.match(ITEM, APPROVED)
    assert found["Alice"] is found["Bob"]
    index.remove("Alice")
    assert set(index.match(ITEM, APPROVED)) == {"Bob"}


@given(st.text())
def test_folding_is_what_the_pattern_of_words_says(text: str) -> None:
    assert fold(text) == re.sub(r"[\W_]+", " ", text.lower()).strip()
