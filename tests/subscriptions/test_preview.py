# SPDX-License-Identifier: MIT
"""A rule tried on stored stories: the same answers as the exact match, near misses with the one condition that failed."""

from datetime import timedelta

from hypothesis import given, settings

from alerts.facts import concepts
from alerts.model import Claim, EventType, Facts, NewsItem
from alerts.subscriptions import Archive, Rule, match
from alerts.subscriptions.rule import Condition
from tests.conftest import NOW
from tests.subscriptions import strategies as given_


def archive(*told: tuple[int, int, Facts], item: NewsItem | None = None) -> Archive:
    """(story, item, facts), an hour apart."""
    made = Archive()
    news = (item or NewsItem(id="1", title="x")).model_dump(include={"title", "summary", "source"})
    for n, (story, item_id, facts) in enumerate(told):
        made.add(story, item_id, NOW + timedelta(hours=n), news, facts.model_dump(mode="json", exclude_defaults=True))
    return made


def of(event: EventType, regulator: str) -> Facts:
    return Facts(claims=(Claim(drugs=("drug:pembrolizumab",), event=event, regulator=regulator),))


RULE = Rule(
    drugs=Condition(any=("class:pd-1 inhibitor",)),
    events=Condition(any=("approval",)),
    regulators=Condition(any=("org:EC",)),
)


@settings(max_examples=300, deadline=None)
@given(given_.rules, given_.items, given_.facts)
def test_the_preview_gives_what_the_exact_match_gives(rule: Rule, item: NewsItem, facts: Facts) -> None:
    exact = match(rule, item, facts, concepts())
    found = archive((1, 1, facts), item=item).preview(rule, concepts())
    assert [f.story_id for f in found.matches] == ([1] if exact.match else [])
    assert [f.failed for f in found.near] == ([exact.failed[0]] if len(exact.failed) == 1 else [])


def test_matches_and_near_misses_come_newest_first_with_the_failing_condition() -> None:
    found = archive(
        (1, 11, of(EventType.APPROVAL, "org:EC")),
        (2, 12, of(EventType.APPROVAL, "org:FDA")),
        (3, 13, of(EventType.SAFETY, "org:FDA")),
        (4, 14, of(EventType.APPROVAL, "org:EC")),
    ).preview(RULE, concepts())
    assert [(f.story_id, f.item_id) for f in found.matches] == [(4, 14), (1, 11)]
    assert [(f.story_id, f.failed) for f in found.near] == [(2, "regulators")]
    assert (found.stories, found.per_week, found.failed) == (4, {"2026-W48": 2}, {"regulators": 1})


def test_a_story_that_matches_in_one_of_its_items_is_no_near_miss() -> None:
    near, hit = of(EventType.APPROVAL, "org:FDA"), of(EventType.APPROVAL, "org:EC")
    for order in ((near, hit), (hit, near)):
        found = archive((1, 11, order[0]), (1, 12, order[1])).preview(RULE, concepts())
        assert (len(found.matches), len(found.near), found.stories) == (1, 0, 1)


def test_only_what_was_seen_since_is_tried_and_an_item_read_again_replaces_itself() -> None:
    made = archive((1, 11, of(EventType.APPROVAL, "org:EC")), (2, 12, of(EventType.APPROVAL, "org:EC")))
    assert made.preview(RULE, concepts(), since=NOW + timedelta(minutes=1)).stories == 1
    made.add(2, 12, NOW, {"title": "x"}, {})
    assert [f.story_id for f in made.preview(RULE, concepts()).matches] == [1]
