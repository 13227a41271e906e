# SPDX-License-Identifier: MIT
"""Saving what polls leave: one feed that the store will not take spoils no other, and nothing untold is forgotten."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from alerts.feeds.decide import MAX_IDENTITY_BYTES, identities
from alerts.feeds.parse import MAX_LINK_CHARS, Entry, parse
from alerts.store import ops
from alerts.store.engine import Store
from alerts.store.tables import Notice
from tests.conftest import NOW
from tests.feeds.origin import Bench, Origin, ok, running_origin


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as made:
        yield made


@pytest.fixture
def bench(origin: Origin, sqlite_template: Path, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(origin, sqlite_template, tmp_path / "var")
    yield made
    made.close()


@pytest.mark.enable_socket
def test_an_item_that_the_store_refuses_costs_no_other_feed_its_news_and_is_told_at_its_own(bench: Bench) -> None:
    poison = "CREATE TRIGGER poison BEFORE INSERT ON item WHEN NEW.title = 'poison' BEGIN SELECT RAISE(ABORT, 'bad row'); END"
    with bench.store.write() as session:
        session.execute(text(poison))
    bench.script(ok("before", "poison", ETag='"1"'))
    bench.script(ok("good"), number=1)
    bench.add(), bench.add(1)
    bench.poll()
    assert bench.titles() == ["good"]
    bad, good = bench.feed(1), bench.feed(2)
    assert (bad.state, bad.last_error_code, bad.etag, bad.lease_owner) == ("failing", "save_failed", None, "")
    assert "bad row" in bad.state_reason
    assert (good.state, good.error_count) == ("ok", 0)
    with bench.store.write() as session:
        session.execute(text("DROP TRIGGER poison"))
    bench.force()
    assert bench.titles() == ["good", "before", "poison"]
    assert bench.feed(1).state == "ok"


def test_a_move_that_nobody_heard_of_in_time_is_told_late_and_then_closed(store: Store) -> None:
    with store.write() as session:
        ops.raise_notice(session, "feed:1:moved", "moved", NOW)
        ops.settle_notice(session, "feed:1:moved", NOW + timedelta(days=1))
    later = NOW + timedelta(days=2)
    with store.write() as session:
        assert ops.claim_untold(session, later, 60) == ["feed:1:moved"]
        ops.told(session, ["feed:1:moved"], later)
    with store.write() as session:
        row = session.get_one(Notice, "feed:1:moved")
        assert (row.told_at, row.over_at) == (later, later)
        assert ops.claim_untold(session, later + timedelta(days=1), 60) == []


def test_a_move_that_was_told_ends_without_a_second_message(store: Store) -> None:
    with store.write() as session:
        ops.raise_notice(session, "feed:1:moved", "moved", NOW)
        ops.told(session, ["feed:1:moved"], NOW)
        ops.settle_notice(session, "feed:1:moved", NOW + timedelta(days=1))
    with store.write() as session:
        assert ops.open_notices(session) == []
        assert ops.claim_untold(session, NOW + timedelta(days=2), 60) == []


def test_what_no_index_or_column_could_hold_is_made_to_fit() -> None:
    names = ["\N{GREEK SMALL LETTER ALPHA}" * 2000, "b" * 2000]
    made = identities([Entry(name, "", "T", "", "", None) for name in names])
    assert len(set(made)) == 2
    assert max(len(each.encode()) for each in made) <= MAX_IDENTITY_BYTES
    body = (
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1\\u0000", "title": "T\\u0000",'
        f' "date_published": "\\u00002026", "url": "https://e.org/{"x" * MAX_LINK_CHARS}"}}]}}'
    )
    entry = parse(body.encode(), "https://e.org", "application/feed+json", NOW).entries[0]
    assert "\0" not in "".join(map(str, entry))
    assert entry.link == ""
