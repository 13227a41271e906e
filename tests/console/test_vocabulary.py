# SPDX-License-Identifier: MIT
"""The vocabulary is changed in the console: what a change does is seen first, every process has it, and it can be taken back."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from alerts.config import Settings
from alerts.facts import reader
from alerts.facts.vocabulary import current as module
from alerts.facts.vocabulary.current import current
from alerts.model import NewsItem
from alerts.pipeline import Pipeline
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import AuditEntry, Item, ItemFacts, NovelName
from tests.console.conftest import Browser
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
As = Callable[[str], Browser]
TITLE = "Zyxwotinib shrinks tumours in lung cancer"
CODED = "FDA approves CBZ-7755 for pancreatic neuroendocrine tumours"


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    """Tests after this one read with the vocabulary that was shipped."""
    yield
    current.follow(None)


@pytest.fixture
def news(store: Store, store_settings: Settings) -> Pipeline:
    """The usual news and two items with names that nobody knows, read by a worker that goes on running."""
    bring_in(store, store_settings)
    now = datetime.now(UTC)
    with store.write() as session:
        rows = [
            {"feed_id": 1, "identity": f"new{n}", "title": title, "summary": "", "url": f"https://wire.example.org/new{n}",
             "first_seen_at": now, "updated_at": now, "due_at": now, "published_at": now}
            for n, title in enumerate((TITLE, CODED))
        ]  # fmt: skip
        insert_new(session, Item, rows)
    pipeline = Pipeline(store_settings)
    pipeline.process_due()
    return pipeline


def drugs_of(store: Store, title: str) -> list[str]:
    with store.read() as session:
        found = select(ItemFacts).join(Item, col(Item.id) == col(ItemFacts.item_id)).where(Item.title == title)
        return [drug["id"] for drug in session.exec(found).one().facts.get("drugs", [])]


def read_again(pipeline: Pipeline, store: Store) -> None:
    """The workers after the few seconds that every process is given to see the change."""
    with store.write() as session:
        for item in session.exec(select(Item).where(Item.stage == "read")):
            item.due_at = datetime.now(UTC)
    current.look_again()
    pipeline.process_due()


def test_a_name_is_tried_saved_read_by_the_workers_and_taken_back(as_: As, store: Store, news: Pipeline) -> None:
    alice = as_("alice")
    rule = {"chip": ["drugs.any=drug:cabozantinib"], "name": "Cabozantinib", "new_email": "bob@example.org"}
    alice.post("/rules/save", {**rule, "state": "active"})
    change = {"what": "add_name", "id": "drug:cabozantinib", "name": "CBZ-7755", "sort": "code"}
    shown = alice.post("/vocabulary/try", change).text
    assert "<strong>1</strong> stored item has to do with it" in shown
    assert "1 of your team’s rules would say otherwise" in shown
    assert f"1 more ({CODED})" in shown
    assert re.search(r"− drug CBZ-7755.*\+ drug cabozantinib", shown, re.S)
    assert drugs_of(store, CODED) == ["novel:cbz7755"], "trying changes nothing"

    answer = alice.post("/vocabulary/save", change)
    assert answer.headers["location"] == "/vocabulary?id=drug:cabozantinib"
    assert "1 stored items are read again" in alice.get("/vocabulary?q=CBZ-7755").text
    read_again(news, store)
    assert drugs_of(store, CODED) == ["drug:cabozantinib"]
    assert "https://wire.example.org/new1" in alice.get("/stories/6").text, (
        "it joins the story that it always was about"
    )
    with store.read() as session:
        told = session.exec(select(AuditEntry).where(AuditEntry.action == "vocabulary_changed")).one()
        version = session.exec(select(ItemFacts.extractor_version).order_by(col(ItemFacts.read_at).desc())).first()
    assert (told.actor, told.detail) == ("alice@example.org", {"said": "“CBZ-7755” is a code of cabozantinib"})
    assert str(version).endswith("+1"), "facts say by which vocabulary they were read"

    assert "“CBZ-7755” is a code of cabozantinib" in alice.get("/vocabulary/changes").text
    assert "CBZ-7755" in alice.get("/vocabulary/changes.yaml").text
    alice.post("/vocabulary/changes/1/undo")
    assert "taken back" in alice.get("/vocabulary/changes").text
    read_again(news, store)
    assert drugs_of(store, CODED) == ["novel:cbz7755"]
    assert "taken back already" in alice.post("/vocabulary/changes/1/undo").text
    news.close()


def test_a_novel_name_is_reviewed_as_a_new_drug_or_as_none(as_: As, store: Store, news: Pipeline) -> None:
    alice = as_("alice")
    assert "Review queue (2)" in alice.get("/vocabulary").text
    page = alice.get("/vocabulary/review").text
    assert "zyxwotinib" in page
    assert TITLE in page
    drug = {"what": "new_drug", "name": "zyxwotinib", "novel": "zyxwotinib", "above": "EGFR inhibitor"}
    assert "zyxwotinib is a drug" in alice.post("/vocabulary/try", drug).text
    assert alice.post("/vocabulary/save", drug).headers["location"] == "/vocabulary/review"
    alice.post("/vocabulary/save", {"what": "no_drug", "name": "CBZ-7755", "novel": "CBZ-7755"})
    read_again(news, store)
    assert (drugs_of(store, TITLE), drugs_of(store, CODED)) == (["drug:zyxwotinib"], [])
    with store.read() as session:
        states = {row.name: (row.state, row.decided_by) for row in session.exec(select(NovelName))}
    assert states == {
        "zyxwotinib": ("accepted", "alice@example.org"), "CBZ-7755": ("refused", "alice@example.org"),
    }  # fmt: skip
    assert "EGFR inhibitor" in alice.get("/vocabulary?id=drug:zyxwotinib").text
    alice.post("/vocabulary/save", {"what": "add_name", "id": "drug:zyxwotinib", "name": "zyxwo", "sort": "synonym"})
    assert "builds on it: take that back first" in alice.post("/vocabulary/changes/1/undo").text
    alice.post("/vocabulary/changes/2/undo")
    with store.read() as session:
        assert session.get_one(NovelName, "CBZ-7755").state == "open"
    news.close()


def test_where_an_entry_stands_is_tried_on_rules_and_taken_up_by_a_running_worker(
    as_: As, store: Store, news: Pipeline
) -> None:
    alice = as_("alice")
    rule = {"chip": ["drugs.any=class:parp inhibitor"], "name": "PARP", "new_email": "bob@example.org"}
    alice.post("/rules/save", {**rule, "state": "active"})
    put = {"what": "put_under", "id": "drug:glofitamab", "above": "PARP inhibitor"}
    shown = alice.post("/vocabulary/try", put).text
    assert "glofitamab is a drug of PARP inhibitor" in shown
    assert "1 more (FDA issues complete response letter for glofitamab in DLBCL)" in shown
    with store.read() as session:
        news._rules.refresh(session)
    item = NewsItem(id="1", title="FDA approves glofitamab for DLBCL")
    assert not news._rules.match(item, reader().read(item))
    alice.post("/vocabulary/save", put)
    with store.read() as session:
        news._rules.refresh(session)
    assert list(news._rules.match(item, reader().read(item))) == [1]
    news.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"what": "add_name", "id": "drug:cabozantinib", "name": "Keytruda", "sort": "brand"}, "would mean two things"),
        ({"what": "add_name", "id": "drug:pembrolizumab", "name": "Keytruda", "sort": "brand"}, "says so already"),
        ({"what": "put_under", "id": "drug:cabozantinib", "above": "PD-1 inhibtor"}, "Did you mean"),
        ({"what": "known_as", "name": "zyxwotinib", "of": ""}, "Say which entry it is"),
        ({"what": "yaml", "text": "drugs: ]", "name": "our list"}, "our list:1: bad_yaml"),
        ({"what": "put_under", "id": "onc:PANCREAS", "above": "onc:PANET"}, "would stand above itself"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_changes_nothing(
    as_: As, store: Store, change: dict[str, str], told: str
) -> None:
    alice = as_("alice")
    saved = alice.post("/vocabulary/save", change)  # which tries it first: the same words as of a trial
    assert saved.status_code == 422
    assert told in saved.text.replace("&#39;", "'"), saved.text
    assert "Nobody has changed anything" in alice.get("/vocabulary/changes").text


def test_a_trial_of_what_cannot_be_says_so_where_it_was_asked(as_: As) -> None:
    change = {"what": "add_name", "id": "drug:cabozantinib", "name": "Keytruda", "sort": "brand"}
    answer = as_("alice").post("/vocabulary/try", change)
    assert answer.status_code == 422
    assert "would mean two things" in answer.text


def test_bob_tries_and_alice_saves(as_: As, store: Store) -> None:
    change = {"what": "new_drug", "name": "zyxwotinib"}
    bob = as_("bob")
    assert "Saving takes an admin" in bob.post("/vocabulary/try", change).text
    assert bob.post("/vocabulary/save", change).status_code == 403
    assert "Change this entry" not in as_("vera").get("/vocabulary?id=drug:cabozantinib").text


def test_a_database_that_is_away_leaves_the_vocabulary_in_use(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from alerts.store import vocabulary

    monkeypatch.setattr(module, "CHECK_S", 0.0)
    before = current()
    vocabulary.follow(store)
    with store.write() as session:
        session.connection().exec_driver_sql("DROP TABLE vocabulary_edit")
    assert current() is before
