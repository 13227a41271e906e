# SPDX-License-Identifier: MIT
"""Unknown drug names wait in a queue until a person accepts or refuses them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from alerts.cli import app
from alerts.config import Settings
from alerts.errors import InputError
from alerts.facts import reader
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.reader import Reader
from alerts.facts.vocabulary import load
from alerts.model import NewsItem
from alerts.store import items, novel
from alerts.store.engine import Store
from alerts.store.tables import Feed, Item

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


def test_a_decision_is_kept_with_who_made_it(store: Store) -> None:
    queued(store)
    with store.write() as session:
        novel.decide(session, "QWERTATINIB", "refused", "alice", NOW)
    with store.read() as session:
        assert [(r.name, r.decided_by) for r in novel.queue(session, "refused")] == [("qwertatinib", "alice")]
        assert [r.name for r in novel.queue(session)] == ["XQR-4471"]
        with pytest.raises(InputError, match="not in the review queue"):
            novel.decide(session, "nothing", "refused", "alice", NOW)


def test_accepting_and_refusing_changes_what_is_read(
    store: Store, store_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store)
    team = tmp_path / "vocabulary"
    monkeypatch.setattr("alerts.cli.vocab.team_folder", lambda: team)
    monkeypatch.setattr("alerts.cli.vocab.settings", lambda: store_settings)
    assert "qwertatinib" in CliRunner().invoke(app, ["vocab", "review", "list"]).stdout
    assert CliRunner().invoke(app, ["vocab", "review", "accept", "qwertatinib"]).exit_code == 0
    assert CliRunner().invoke(app, ["vocab", "review", "accept", "XQR-4471", "--as", "Keytruda"]).exit_code == 0
    vocabulary = load(team)
    read = Reader(vocabulary, VocabularyConcepts(vocabulary)).read
    assert [(d.id, d.tier) for d in read(NewsItem(id="1", title=TITLES[0])).drugs] == [("drug:qwertatinib", "listed")]
    assert {d.name for d in read(NewsItem(id="1", title=TITLES[1])).drugs} == {"qwertatinib", "pembrolizumab"}
    assert CliRunner().invoke(app, ["vocab", "review", "refuse", "qwertatinib"]).exit_code == 0
    assert "not_drugs:\n- qwertatinib" in (team / "reviewed.yaml").read_text(encoding="utf-8")
