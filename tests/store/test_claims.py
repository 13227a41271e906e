# SPDX-License-Identifier: MIT
"""Rows are claimed once, come back when their lease ends, and are inserted once."""

from datetime import timedelta

from alerts.feeds import ListedFeed
from alerts.store import feeds, ops
from alerts.store.engine import Store
from tests.conftest import NOW


def add(store: Store, *urls: str) -> None:
    with store.write() as session:
        for url in urls:
            feeds.add(session, ListedFeed(url), NOW, NOW)


def claim(store: Store, seconds: float) -> list[int]:
    with store.write() as session:
        return feeds.claim(session, NOW + timedelta(seconds=seconds), 10)


def test_a_due_row_is_claimed_by_one_worker_only(store: Store) -> None:
    add(store, "https://a.example.org/feed", "https://b.example.org/feed")
    assert len(claim(store, 0)) == 2
    assert claim(store, 1) == []


def test_a_row_whose_worker_died_is_due_again_when_the_lease_ends(store: Store) -> None:
    add(store, "https://a.example.org/feed")
    first = claim(store, 0)
    assert claim(store, feeds.LEASE_S + 1) == first


def test_a_host_is_asked_for_two_feeds_at_a_time_and_no_more(store: Store) -> None:
    add(store, *(f"https://a.example.org/{n}" for n in range(4)))
    assert len(claim(store, 0)) == 2
    assert len(claim(store, 2)) == 2


def test_a_host_that_asked_for_peace_is_left_alone(store: Store) -> None:
    add(store, "https://a.example.org/feed")
    with store.write() as session:
        feeds.pause_host(session, "a.example.org", NOW + timedelta(hours=1), "429")
    assert claim(store, 0) == []
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
