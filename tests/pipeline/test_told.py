# SPDX-License-Identifier: MIT
"""Who hears of corrections and round-ups: whoever was told the mistake, and nobody what is known already."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from alerts.config import Settings
from alerts.facts import concepts, reader
from alerts.model import Facts, NewsItem
from alerts.store.tables import MatchRow, Story, Subscription
from alerts.stories import story_facts, untold
from tests.pipeline.newsdesk import Desk

NET = "European Commission approves cabozantinib for neuroendocrine tumours"
LUNG = "FDA approves sotorasib for non-small cell lung cancer"
BOWEL = "FDA approves sotorasib for colorectal cancer"
RULES = """
- name: Alice
  rule: {indications: {any: [neuroendocrine tumor, colorectal cancer]}}
  channels: [{email: alice@example.org}]
- name: Bob
  rule: {indications: {any: [non-small cell lung cancer]}}
  channels: [{email: bob@example.org}]
- name: Charlie
  rule: {indications: {any: [melanoma]}, settings: {any: [first-line]}}
  channels: [{email: charlie@example.org}]
"""


@pytest.fixture
def desk(store_settings: Settings, tmp_path: Path) -> Desk:
    return Desk(store_settings, tmp_path / "rules.yaml", RULES)


def told(desk: Desk) -> list[tuple[str, str, str]]:
    """(who, kind, headline as it is now), in order."""
    with desk.store.read() as session:
        joined = (
            select(Subscription.name, MatchRow.kind, Story.headline)
            .join(MatchRow, col(MatchRow.subscription_id) == col(Subscription.id))
            .join(Story, col(Story.id) == col(MatchRow.story_id))
            .order_by(col(MatchRow.id))
        )
        return [(name, kind, headline) for name, kind, headline in session.exec(joined)]


def week(*titles: str) -> Facts:
    parts = [reader().read(NewsItem(id="", title=title)) for title in titles]
    return parts[0].model_copy(
        update={
            "claims": tuple(c for part in parts for c in part.claims),
            "drugs": tuple(d for part in parts for d in part.drugs),
            "indications": tuple(i for part in parts for i in part.indications),
        }
    )


def test_who_was_told_the_mistake_hears_of_its_correction_though_the_rule_no_longer_meets_it(desk: Desk) -> None:
    desk.report("a", BOWEL)
    desk.work()
    assert told(desk) == [("Alice", "story", BOWEL)]
    desk.report("a", LUNG, days=0.1)
    desk.work()
    assert sorted(told(desk)[1:]) == [("Alice", "update", LUNG), ("Bob", "story", LUNG)]
    desk.report("a", f"{LUNG}, at last", days=0.2)
    desk.work()
    assert len(told(desk)) == 3
    desk.pipeline.close()


def test_a_correction_by_another_item_reaches_who_was_told_the_first(desk: Desk) -> None:
    first = "FDA approves pembrolizumab for first-line treatment of advanced melanoma"
    mended = "Correction: FDA approves pembrolizumab for second-line treatment of advanced melanoma"
    desk.report("a", first)
    desk.work()
    assert told(desk) == [("Charlie", "story", first)]
    desk.report("b", mended, tier="wire", days=0.2)
    desk.work()
    assert told(desk)[1:] == [("Charlie", "update", mended)]
    desk.pipeline.close()


def test_a_round_up_tells_its_new_part_and_not_the_known_one(desk: Desk) -> None:
    desk.report("net", NET)
    desk.work()
    assert told(desk) == [("Alice", "story", NET)]
    desk.report("week", "The week in approvals", days=2)
    desk.understand("week", week(NET, LUNG))
    desk.work()
    assert told(desk)[1:] == [("Bob", "story", "The week in approvals")]
    assert "1 of them not told before (known: “European Commission" in desk.why("week")[0]
    desk.pipeline.close()


def test_a_known_drug_in_a_further_cancer_is_news_in_a_round_up(desk: Desk) -> None:
    """Told to Bob for lung cancer; Alice waits for bowel cancer, and the round-up is the first to tell it."""
    desk.report("lung", LUNG)
    desk.work()
    assert told(desk) == [("Bob", "story", LUNG)]
    desk.report("week", "The week in approvals", days=2)
    desk.understand("week", week(NET, LUNG, BOWEL))
    desk.work()
    assert told(desk)[1:] == [("Alice", "story", "The week in approvals")]
    desk.pipeline.close()


def test_a_round_up_is_silent_only_where_each_cancer_was_told() -> None:
    known = story_facts(reader().read(NewsItem(id="", title=LUNG)))
    left = untold(week(LUNG, BOWEL), [known], concepts())
    assert [c.indications for c in left.claims if c.foreground] == [
        story_facts(reader().read(NewsItem(id="", title=BOWEL))).indications
    ]
    wider = untold(week("FDA approves sotorasib for lung cancer", NET), [known], concepts())
    assert [c.drugs for c in wider.claims if c.foreground] == [("drug:cabozantinib",)]


def test_what_is_left_of_a_round_up_names_nothing_that_was_told() -> None:
    both = week(NET, LUNG)
    known = story_facts(reader().read(NewsItem(id="", title=NET)))
    left = untold(both, [known], concepts())
    assert [c.drugs for c in left.claims if c.foreground] == [("drug:sotorasib",)]
    assert {d.name for d in left.drugs} == {"sotorasib"}
    assert untold(both, [], concepts()) == both
