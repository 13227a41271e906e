# SPDX-License-Identifier: MIT
"""Rows are claimed once, come back when their lease ends, and are inserted once."""

from datetime import timedelta

from alerts.feeds import Attempt, ListedFeed, PollResult
from alerts.store import feeds, ops
from alerts.store.engine import Store
from tests.conftest import NOW


def add(store: Store, *urls: str) -> None:
    with store.write() as session:
        for url in urls:
            feeds.add(session, ListedFeed(url), NOW, NOW)


def claim(store: Store, seconds: float) -> list[int]:
    with store.write() as session:
        return [c.id for c in feeds.claim(session, NOW + timedelta(seconds=seconds), 10, "host:1", feeds.Pace(5))]


def test_a_due_row_is_claimed_by_one_worker_only(store: Store) -> None:
    add(store, "https://a.example.org/feed", "https://example.net/feed")
    assert len(claim(store, 0)) == 2
    assert claim(store, 1) == []


def test_a_row_whose_worker_died_is_due_again_when_the_lease_ends(store: Store) -> None:
    add(store, "https://a.example.org/feed")
    first = claim(store, 0)
    assert claim(store, feeds.LEASE_S + 1) == first


def test_a_host_is_asked_once_a_second_and_by_two_at_a_time_at_most(store: Store) -> None:
    add(store, *(f"https://{name}.example.org/feed" for name in "abcd"), "https://example.net/feed")
    assert [len(claim(store, seconds)) for seconds in (0, 0.5, 1.2, 2.4, 3.6)] == [2, 0, 1, 0, 0]


def test_a_lease_lasts_while_the_poll_does(store: Store) -> None:
    add(store, "https://a.example.org/feed")
    ids = claim(store, 0)
    with store.write() as session:
        feeds.renew(session, ids, "host:1", NOW + timedelta(seconds=40))
    assert claim(store, feeds.LEASE_S + 1) == []


def test_a_lease_of_a_process_that_died_ends_at_once_but_the_minimum_interval_holds(store: Store) -> None:
    add(store, "https://a.example.org/feed")
    ids = claim(store, 0)
    with store.write() as session:
        feeds.release_dead(session, lambda owner: True, 5)
    assert claim(store, 10) == []
    with store.write() as session:
        feeds.release_dead(session, lambda owner: owner != "host:1", 5)
    assert claim(store, 4) == []
    assert claim(store, 6) == ids


def test_a_poll_under_way_is_not_begun_again_by_hand(store: Store) -> None:
    add(store, "https://a.example.org/feed")
    claim(store, 0)
    with store.write() as session:
        feeds.make_due(session, NOW + timedelta(seconds=5), only=None, min_interval_s=1)
    assert claim(store, 5) == []


def test_a_host_that_asked_for_peace_is_left_alone(store: Store) -> None:
    add(store, "https://a.example.org/1", "https://b.example.org/2")
    with store.write() as session:
        (first,) = feeds.claim(session, NOW, 10, "host:1", feeds.Pace(5))
        state = first.feed.model_copy(update={"next_poll_at": NOW + timedelta(days=1)})
        busy = PollResult(state, Attempt(at=NOW, status=429), [], host_pause_s=3600)
        feeds.save_polls(session, [(first.id, busy)], NOW)
    assert claim(store, 5) == []
    assert len(claim(store, 3601)) == 1


def test_the_same_address_is_one_feed(store: Store) -> None:
    add(store, "https://a.example.org/feed", "https://a.example.org/feed")
    with store.read() as session:
        assert feeds.count(session) == 1


def test_a_category_of_another_program_is_no_tier_and_breaks_nothing(store: Store) -> None:
    with store.write() as session:
        feeds.add(session, ListedFeed("https://a.example.org/feed", "A", "News/Health"), NOW, NOW)
        assert feeds.by_url(session, "https://a.example.org/feed").tier == "unknown"


def test_an_installation_keeps_its_id(store: Store) -> None:
    with store.write() as session:
        first = ops.installation_id(session)
    with store.write() as session:
        assert ops.installation_id(session) == first


def test_a_notice_is_told_once_until_it_is_over(store: Store) -> None:
    with store.write() as session:
        ops.raise_notice(session, "feed:1:down", "down", NOW)
        ops.raise_notice(session, "feed:1:down", "down", NOW + timedelta(hours=1))
    with store.write() as session:
        assert [n.since for n in ops.open_notices(session)] == [NOW]
        ops.end_notice(session, "feed:1:down", NOW)
    with store.read() as session:
        assert ops.open_notices(session) == []
