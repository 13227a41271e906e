# SPDX-License-Identifier: MIT
"""The page, its headers, and health that tells the truth."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from alerts.config import load
from alerts.console.app import create_app
from alerts.feeds import ListedFeed
from alerts.model import Decision, EventType, GroupReason, StoryFacts, StoryState
from alerts.store import feeds, stories
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.tables import Item
from tests.conftest import NOW
from tests.console.conftest import Browser

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def page(as_: Callable[[str], Browser]) -> TestClient:
    return as_("vera").client


def test_an_empty_installation_says_what_to_do(page: TestClient) -> None:
    with page:
        text = page.get("/").text
    assert "No story yet" in text
    assert "oncowire poll --all" in text


def test_a_story_is_shown_with_its_facts_and_hostile_words_are_inert(page: TestClient, store: Store) -> None:
    with store.write() as session:
        feed = feeds.add(session, ListedFeed("https://a.example.org/feed", "Wire"), NOW, NOW)
        row = {
            "feed_id": feed,
            "identity": "1",
            "title": "t",
            "url": "javascript:alert(1)",
            "first_seen_at": NOW,
            "updated_at": NOW,
            "due_at": NOW,
        }
        item = insert_new(session, Item, [row])[0]
        facts = StoryFacts(drugs=("drug:cabozantinib",), indications=("onc:PANET",), event=EventType.APPROVAL)
        state = StoryState(
            id=0, headline="<script>alert(1)</script>", facts=facts, first_seen=NOW, last_seen=NOW + timedelta(hours=1)
        )
        story = stories.add_story(session, state, item, None, NOW)
        stories.attach(
            session,
            story,
            (item, 1),
            Decision.NEW,
            GroupReason(code="no_candidate", text="No story on this is known."),
            NOW,
        )
    with page:
        text = page.get("/").text
    assert "cabozantinib" in text
    assert "pancreatic neuroendocrine tumor" in text
    assert "<script>alert" not in text
    assert "javascript:" not in text


def test_every_answer_carries_the_strict_policy(page: TestClient) -> None:
    with page:
        answers = [page.get(path) for path in ("/", "/healthz", "/static/console.css", "/nowhere")]
    assert {a.headers["Content-Security-Policy"].split(";")[0] for a in answers} == {"default-src 'none'"}
    assert "style=" not in answers[0].text


def test_ready_means_that_the_schema_is_there(page: TestClient, tmp_path: Path) -> None:
    with TestClient(create_app(load({"ONCOWIRE_VAR_DIR": str(tmp_path / "new")}))) as unmigrated:
        answer = unmigrated.get("/readyz")
        assert (answer.status_code, unmigrated.get("/healthz").status_code) == (503, 200)
        assert "oncowire migrate" in answer.json()["reason"]
    with page:
        assert page.get("/readyz").json() == {"status": "ready"}


def test_metrics_count_what_is_due(page: TestClient) -> None:
    with page:
        assert 'oncowire_due_rows{stage="deliver"} 0.0' in page.get("/metrics").text
