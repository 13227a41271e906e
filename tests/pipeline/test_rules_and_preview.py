# SPDX-License-Identifier: MIT
"""The index of rules follows the store; a rule is tried on the stored history. On SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

from alerts.facts import reader
from alerts.feeds import ListedFeed
from alerts.model import Decision, Facts, GroupReason, NewsItem, StoryFacts, StoryState
from alerts.pipeline.preview import History
from alerts.pipeline.rulecache import RuleCache
from alerts.store import feeds, items, ops, stories
from alerts.store.engine import Store
from alerts.store.tables import Item, ItemFacts, Subscription
from alerts.subscriptions import Rule
from alerts.subscriptions.rule import Condition
from tests.conftest import NOW

NEWS = NewsItem(id="1", title="FDA approves pembrolizumab for gastric cancer", source="Wire")


def wants(*drugs: str, **others: tuple[str, ...]) -> Rule:
    return Rule(drugs=Condition(any=drugs), **{field: Condition(any=values) for field, values in others.items()})


def subscribe(store: Store, name: str, rule: Rule, at: datetime = NOW) -> int:
    with store.write() as session:
        row = Subscription(
            team_id=ops.team_id(session, "default", NOW),
            name=name,
            spec={"name": name, "rule": rule.model_dump(mode="json")},
            created_at=at,
            updated_at=at,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def change(store: Store, subscription: int, at: datetime, rule: Rule | None = None, state: str = "active") -> None:
    with store.write() as session:
        row = session.get_one(Subscription, subscription)
        if rule is not None:
            row.spec = {**row.spec, "rule": rule.model_dump(mode="json")}
        row.state, row.updated_at, row.revision = state, at, row.revision + 1


def wanted(store: Store, cache: RuleCache) -> set[int]:
    with store.read() as session:
        cache.refresh(session)
    return set(cache.match(NEWS, reader().read(NEWS)))


def test_new_changed_paused_and_active_again_rules_are_seen_at_once(store: Store) -> None:
    cache = RuleCache()
    alice, bob = (
        subscribe(store, "Alice", wants("drug:pembrolizumab")),
        subscribe(store, "Bob", wants("drug:sunitinib")),
    )
    assert wanted(store, cache) == {alice}
    change(store, bob, NOW + timedelta(seconds=1), wants("class:pd-1 inhibitor"))
    charlie = subscribe(store, "Charlie", wants("drug:pembrolizumab"), NOW + timedelta(seconds=1))
    assert wanted(store, cache) == {alice, bob, charlie}
    change(store, alice, NOW + timedelta(seconds=2), state="paused")
    assert wanted(store, cache) == {bob, charlie}
    change(store, alice, NOW + timedelta(seconds=3))
    assert wanted(store, cache) == {alice, bob, charlie}


def test_a_change_that_was_committed_late_is_found_by_counting(store: Store) -> None:
    clock = [0.0]
    cache = RuleCache(lambda: clock[0])
    alice = subscribe(store, "Alice", wants("drug:pembrolizumab"))
    assert wanted(store, cache) == {alice}
    late = subscribe(store, "Bob", wants("drug:pembrolizumab"), NOW - timedelta(hours=1))
    assert wanted(store, cache) == {alice}
    clock[0] = 61.0
    assert wanted(store, cache) == {alice, late}


def test_a_rule_that_cannot_be_read_costs_no_other(store: Store) -> None:
    alice, broken = subscribe(store, "Alice", wants("drug:pembrolizumab")), subscribe(store, "Bob", wants("drug:x"))
    with store.write() as session:
        session.get_one(Subscription, broken).spec = {"rule": {"drugs": "all of them"}}
    assert wanted(store, RuleCache()) == {alice}


def tell(store: Store, title: str, at: datetime, facts: Facts | None = None) -> int:
    """A stored item in a story of its own; the story's id."""
    with store.write() as session:
        feeds.add(session, ListedFeed("https://wire.example.org/feed", "Wire", "wire"), NOW, NOW)
        row = Item(feed_id=1, identity=title, title=title, first_seen_at=at, updated_at=at, due_at=at, stage="done")
        session.add(row)
        session.flush()
        stored = items.load(session, [row.id or 0])[0]
        items.save_facts(session, {stored: facts or reader().read(stored.news)}, at)
        state = StoryState(id=0, headline=title, facts=StoryFacts(), first_seen=at, last_seen=at)
        story = stories.add_story(session, state, stored.id, None, at)
        reason = GroupReason(code="no_candidate", text="nothing like it")
        session.flush()
        stories.attach(session, story, (stored.id, stored.revision), Decision.NEW, reason, at)
        return story


def test_the_preview_finds_matches_and_near_misses_with_the_condition_that_failed(store: Store) -> None:
    now = datetime.now(UTC)
    hit = tell(store, "European Commission approves pembrolizumab for gastric cancer", now - timedelta(days=1))
    near = tell(store, "FDA approves pembrolizumab for gastric cancer", now - timedelta(days=2))
    tell(store, "European Commission approves pembrolizumab for gastric cancer, again", now - timedelta(days=60))
    rule = wants("class:pd-1 inhibitor", events=("approval",), regulators=("org:EC",))
    history = History(store)
    seen = history.preview(rule, now - timedelta(days=30))
    assert (seen.stories, seen.failed) == (2, {"regulators": 1})
    assert [f.story_id for f in seen.matches] == [hit]
    assert [(f.story_id, f.failed) for f in seen.near] == [(near, "regulators")]
    assert history.oldest == now - timedelta(days=60)


def test_a_later_preview_knows_what_came_in_between_and_what_was_read_anew(store: Store) -> None:
    history, rule, now = History(store), wants("drug:pembrolizumab"), datetime.now(UTC)
    story = tell(store, "FDA approves pembrolizumab for gastric cancer", now - timedelta(days=2))
    assert len(history.preview(rule, now - timedelta(days=30)).matches) == 1
    tell(store, "European Commission approves pembrolizumab for melanoma", now - timedelta(days=1))
    assert len(history.preview(rule, now - timedelta(days=30)).matches) == 2
    with store.write() as session:
        item = items.load(session, stories.members(session, story))[0]
        session.get_one(ItemFacts, (item.id, item.revision)).facts = {}
        session.get_one(ItemFacts, (item.id, item.revision)).read_at = now
    assert len(history.preview(rule, now - timedelta(days=30)).matches) == 1
