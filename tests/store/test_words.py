# SPDX-License-Identifier: MIT
"""Words find stories through the database's own index, which follows every change of a story."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from alerts.config import Settings
from alerts.store import browse, listing, words
from alerts.store.browse import Asked
from alerts.store.engine import Store
from alerts.store.tables import Story
from tests.conftest import settings_of
from tests.console.news import bring_in


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """As in tests/conftest.py, but a test may choose."""
    return settings_of(request.param, request, tmp_path)


def _found(store: Store, q: str) -> list[str]:
    with store.read() as session:
        return sorted(line.story.headline[:14] for line in browse.stories(session, Asked(q)).rows)


def test_alice_finds_stories_by_words_their_beginnings_and_hyphens(store: Store, store_settings: Settings) -> None:
    bring_in(store, store_settings)

    assert _found(store, "Cabozantinib") == ["EC approves ca", "FDA approves c"]
    assert _found(store, "caboz european") == ["EC approves ca"]
    assert _found(store, "HER2-low") == ["Phase 3 trial "]
    assert _found(store, "low-HER2") == []
    assert _found(store, "zantinib") == []  # words are found by their beginning
    assert _found(store, "\"' OR 1=1 --") == _found(store, "&|!():*") == []


def test_a_story_that_changes_or_goes_is_found_as_it_is_now(store: Store, store_settings: Settings) -> None:
    bring_in(store, store_settings)
    with store.write() as session:
        first = session.exec(select(Story).where(Story.headline.startswith("EC approves"))).one()
        first.headline, first.lead_text = "Corrected: NMPA approves surufatinib", "A correction."
        session.add(first)

    assert _found(store, "surufatinib correction") == ["Corrected: NMP"]
    assert _found(store, "caboz european") == []


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)  # the one that makes tables anew
def test_the_index_is_made_again_where_a_table_made_anew_lost_it(store: Store, store_settings: Settings) -> None:
    with store.write() as session:
        session.execute(text("DROP TRIGGER story_words_added"))
    bring_in(store, store_settings)
    assert _found(store, "cabozantinib") == []

    with store.engine.begin() as connection:
        words.ensure(connection)

    assert len(_found(store, "cabozantinib")) == 2


def test_a_long_list_is_counted_so_far_and_no_further(
    store: Store, store_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_COUNTED", 3)
    bring_in(store, store_settings)

    with store.read() as session:
        page = browse.stories(session, Asked())

    assert (page.total, len(page.rows)) == (4, 6)
