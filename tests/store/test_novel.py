# SPDX-License-Identifier: MIT
"""Unknown drug names wait in a queue until a person accepts or refuses them."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from alerts.cli import app
from alerts.config import Settings
from alerts.errors import InputError
from alerts.facts import reader
from alerts.facts.vocabulary import edits
from alerts.facts.vocabulary.current import current
from alerts.model import NewsItem
from alerts.store import items, novel, vocabulary
from alerts.store.engine import Store
from alerts.store.tables import Feed, Item, NovelName

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TITLES = (
    "Qwertatinib shrinks tumours in lung cancer",
    "XQR-4471 and qwertatinib tested in melanoma",
    "Qwertatinib eases the pain of arthritis",
)


def queued(store: Store, titles: tuple[str, ...] = TITLES) -> None:
    with store.write() as session:
        url = "https://news.example/feed"
        session.add(Feed(url=url, original_url=url, title="News", next_poll_at=NOW, created_at=NOW))
        session.flush()
        made = [_item(session, n, title) for n, title in enumerate(titles)]
        loaded = items.load(session, made)
        items.save_facts(session, {item: reader().read(item.news) for item in loaded}, NOW)


def _item(session: Session, number: int, title: str) -> int:
    item = Item(feed_id=1, identity=str(number), title=title, first_seen_at=NOW, updated_at=NOW, due_at=NOW)
    session.add(item)
    session.flush()
    assert item.id is not None
    return item.id


def test_unknown_names_of_cancer_news_are_queued_and_counted(store: Store) -> None:
    queued(store)
    with store.read() as session:
        rows = [(r.name, r.reason, r.seen_count, r.state) for r in novel.queue(session)]
    assert rows == [("qwertatinib", "INN stem", 2, "open"), ("XQR-4471", "code pattern", 1, "open")]


def test_what_people_decide_is_counted_kept_and_can_be_taken_back(store: Store) -> None:
    queued(store)
    with store.write() as session:
        assert vocabulary.edition_of(session) == ""
        first = vocabulary.add(session, edits.new_drug("qwertatinib", novel="QWERTATINIB"), "alice", NOW)
        vocabulary.add(session, edits.no_drug("XQR-4471"), "bob", NOW)
        assert vocabulary.edition_of(session) == "2"
        assert {(r.name, r.state, r.decided_by) for r in session.exec(select(NovelName))} == {
            ("qwertatinib", "accepted", "alice"),
            ("XQR-4471", "refused", "bob"),
        }
        vocabulary.take_back(session, first, "bob", NOW)
        assert vocabulary.edition_of(session) == "3"
        with pytest.raises(InputError, match="taken back already"):
            vocabulary.take_back(session, first, "bob", NOW)
    with store.read() as session:
        assert [e.said for e in vocabulary.in_force(session)] == ["“XQR-4471” is no drug"]
        assert [(r.name, r.decided_by) for r in novel.queue(session)] == [("qwertatinib", None)]
        assert [q.title for q in novel.with_examples(session)] == [TITLES[0], TITLES[1]]


def test_stored_news_with_a_name_is_found_and_read_again_once(store: Store) -> None:
    queued(store)
    with store.write() as session:
        assert vocabulary.naming(session, ["QWERTATINIB", "_%"], 9) == [], "what is being read is not looked for"
        items.finish(session, [1, 2, 3], NOW)
        assert vocabulary.naming(session, ["QWERTATINIB", "_%"], 9) == [3, 2, 1]
        assert vocabulary.naming(session, ["4471"], 9) == [2]
        assert (vocabulary.read_again(session, [2], NOW), vocabulary.read_again(session, [2], NOW)) == (1, 0)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_the_commands_accept_refuse_and_undo(
    store: Store, store_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store)
    monkeypatch.setattr("alerts.cli.vocab.settings", lambda: store_settings)
    run = CliRunner().invoke
    assert "qwertatinib" in run(app, ["vocab", "review", "list"]).stdout
    assert run(app, ["vocab", "review", "accept", "XQR-4471", "--as", "Keytruda"]).exit_code == 0
    assert run(app, ["vocab", "review", "refuse", "QWERTATINIB"]).exit_code == 0
    vocabulary.follow(store)
    item = NewsItem(id="1", title=TITLES[1])
    assert [d.name for d in reader().read(item).drugs] == ["pembrolizumab"]
    assert run(app, ["vocab", "overlay", "undo", "2"]).exit_code == 0
    told = run(app, ["vocab", "overlay", "list"]).stdout.splitlines()
    assert "“qwertatinib” is no drug (taken back by" in told[0]
    assert told[1].endswith("“XQR-4471” is a code of pembrolizumab")
    current.follow(None)


def test_a_name_that_is_not_in_the_queue_cannot_be_decided(
    store: Store, store_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.cli.vocab.settings", lambda: store_settings)
    told = CliRunner().invoke(app, ["vocab", "review", "refuse", "nothing"])
    assert isinstance(told.exception, InputError)
    assert told.exception.code == "unknown_name"
