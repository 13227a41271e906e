# SPDX-License-Identifier: MIT
"""What editors do by hand, by API: stories, channels, readers, feeds; with the line in the audit log."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from alerts.config import Settings
from alerts.store import channels
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry, Channel, Feed, FeedAttempt, StoryItem
from tests.console.conftest import RULE, Browser, Program
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def bob(program: Program) -> TestClient:
    return program("bob")


@pytest.fixture
def news(store: Store, store_settings: Settings, bob: TestClient) -> None:
    bob.post("/api/v1/rules", json=RULE)
    bring_in(store, store_settings)


def noted(store: Store) -> list[str]:
    with store.read() as session:
        return [f"{row.action} {row.actor}" for row in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]


def stories(bob: TestClient, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bob.get("/api/v1/stories", params=asked).json()["items"]
    return found


# ── stories ──────────────────────────────────────────────────────────────────────────────────────


def test_a_story_tells_its_evidence_and_every_rule_why(bob: TestClient, news: None) -> None:
    (story,) = stories(bob, concept="drug:cabozantinib", regulator="org:EC")
    seen = bob.get(f"/api/v1/stories/{story['id']}").json()
    source = seen["sources"][0]
    mention = source["facts"]["drugs"][0]["mentions"][0]
    text = source[mention.get("field", "title")]
    assert text[mention.get("start", 0) : mention["end"]].lower() == "cabozantinib"
    assert [step["story"] for step in seen["timeline"]] == [story["id"]]
    (fda,) = stories(bob, concept="drug:cabozantinib", regulator="org:FDA")
    (why,) = bob.get(f"/api/v1/stories/{fda['id']}/why").json()["items"]
    assert (why["code"], why["failed"]) == ("missed", [{"field": "regulators", "wanted": "EC", "found": "FDA"}])


def test_stories_are_merged_and_split_as_on_the_page(bob: TestClient, news: None, store: Store) -> None:
    a, b = (s["id"] for s in stories(bob, concept="drug:cabozantinib"))
    merged = bob.post(f"/api/v1/stories/{a}/merge", json={"into": b})
    assert (merged.status_code, merged.json()["id"], len(merged.json()["sources"])) == (200, b, 2)
    item = merged.json()["sources"][1]["item"]
    key = {"Idempotency-Key": "split-1"}
    apart = bob.post(f"/api/v1/stories/{b}/split", json={"item": item}, headers=key)
    assert (apart.status_code, [s["item"] for s in apart.json()["sources"]]) == (201, [item])
    assert bob.post(f"/api/v1/stories/{b}/split", json={"item": item}, headers=key).json() == apart.json()
    assert [line.split()[0] for line in noted(store)][-2:] == ["story_merged", "story_split"]
    assert noted(store)[-1].endswith("bob@example.org (token test)")


def test_what_cannot_be_split_or_merged_is_refused_and_changes_nothing(
    bob: TestClient, news: None, store: Store
) -> None:
    a, b = (s["id"] for s in stories(bob, concept="drug:cabozantinib"))
    with store.read() as session:
        elsewhere = session.exec(select(StoryItem.item_id).where(col(StoryItem.story_id) == b)).one()
    tries: tuple[tuple[str, dict[str, int], int, str], ...] = (
        (f"{a}/split", {"item": elsewhere}, 422, "not_in_this_story"),
        (f"{b}/split", {"item": elsewhere}, 422, "alone_in_its_story"),
        (f"{a}/merge", {"into": a}, 422, "same_story"),
        (f"{a}/merge", {"into": 987}, 422, "no_such_story"),
        ("987/merge", {"into": a}, 404, "not_found"),
        ("987/not-relevant", {}, 404, "not_found"),
    )
    before = noted(store)
    for path, body, status, code in tries:
        answer = bob.post(f"/api/v1/stories/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert noted(store) == before


def test_feedback_is_kept_once_for_a_key_and_shown_with_the_story(bob: TestClient, news: None) -> None:
    story = stories(bob)[0]["id"]
    for _ in range(2):
        bob.post(
            f"/api/v1/stories/{story}/not-relevant", json={"note": "no oncology"}, headers={"Idempotency-Key": "n"}
        )
    assert [r["note"] for r in bob.get(f"/api/v1/stories/{story}").json()["remarks"]] == ["no oncology"]


# ── channels and readers ─────────────────────────────────────────────────────────────────────────


def added(bob: TestClient, address: str = "alice@example.org", label: str = "") -> int:
    made = bob.post("/api/v1/channels", json={"email": address, "label": label})
    assert made.status_code == 201, made.text
    number: int = made.json()["id"]
    return number


def test_a_channel_is_renamed_and_switched_off_and_on(bob: TestClient, store: Store) -> None:
    first, second = added(bob), added(bob, "carla@example.org", "Carla")
    path = f"/api/v1/channels/{first}"
    assert bob.patch(path, json={"label": "Alice", "on": False}).json()["state"] == "disabled"
    assert bob.get(path).json()["label"] == "Alice"
    assert bob.patch(path, json={"label": "carla"}).json()["code"] == "label_taken"
    assert bob.patch(path, json={"on": True}).json()["state"] == "active"
    with store.write() as session:
        session.get_one(Channel, second).state = "suppressed"
    assert bob.patch(f"/api/v1/channels/{second}", json={"on": True}).json()["code"] == "channel_waits"
    actions = [line.split()[0] for line in noted(store)]
    assert actions == ["channel_added", "channel_added", "channel_renamed", "channel_disabled", "channel_active"]


def test_an_address_is_asked_for_its_consent_again_but_not_at_once(bob: TestClient, store: Store) -> None:
    channel = added(bob)
    path = f"/api/v1/channels/{channel}/confirm"
    assert bob.post(path).json()["code"] == "not_needed"
    with store.write() as session:
        session.get_one(Channel, channel).state = "unverified"
    assert bob.post(path).status_code == 202
    assert bob.post(path).json()["code"] == "too_soon"
    with store.write() as session:
        row = session.get_one(Channel, channel)
        row.confirm_count, row.confirm_sent_at = 3, datetime.now(UTC) - timedelta(days=1)
    assert bob.post(path).json()["code"] == "too_often"


def test_readers_are_listed_with_what_they_said_and_paged(bob: TestClient, store: Store) -> None:
    mails = [{"email": f"reader{n}@example.org"} for n in range(3)]
    for name in ("One", "Two"):
        bob.post("/api/v1/rules", json={**RULE, "name": name, "channels": mails})
    with store.write() as session:
        session.get_one(Channel, 2).state = "unverified"
    seen, cursor = [], None
    while True:
        page = bob.get("/api/v1/subscribers", params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        seen += [(r["rule_name"], r["hint"]) for r in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [(name, m["email"]) for name in ("One", "Two") for m in mails]
    waiting = bob.get("/api/v1/subscribers", params={"consent": "not confirmed yet"}).json()["items"]
    assert {r["hint"] for r in waiting} == {"reader1@example.org"}


def test_only_an_admin_lets_a_suppressed_address_be_written_to_again(
    bob: TestClient, program: Program, store: Store
) -> None:
    channel, alice = added(bob), program("alice")
    with store.write() as session:
        row = session.get_one(Channel, channel)
        channels.suppress(session, row.fingerprint, row.hint, "complaint", datetime.now(UTC))
    (stopped,) = bob.get("/api/v1/suppressions").json()["items"]
    path = f"/api/v1/suppressions/{stopped['fingerprint']}"
    assert bob.delete(path).json()["code"] == "role"
    assert alice.delete(path).status_code == 204
    assert alice.delete(path).status_code == 404
    assert bob.get(f"/api/v1/channels/{channel}").json()["state"] == "active"
    assert noted(store)[-1].startswith("suppression_released")


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_is_added_named_paused_and_resumed(bob: TestClient, store: Store) -> None:
    made = bob.post("/api/v1/feeds", json={"url": "https://wire.example.org/feed"}).json()
    path = f"/api/v1/feeds/{made['id']}"
    assert bob.post("/api/v1/feeds", json={"url": "https://wire.example.org/feed"}).json()["code"] == "feed_exists"
    named = bob.patch(path, json={"title": "Wire", "tier": "company"}).json()
    assert (named["title"], named["tier"], named["state"]) == ("Wire", "company", "ok")
    assert bob.patch(path, json={"enabled": False}).json()["state"] == "paused"
    with store.write() as session:
        row = session.get_one(Feed, made["id"])
        row.error_count = 7
        session.add(FeedAttempt(feed_id=made["id"], at=datetime.now(UTC), error_code="timeout"))
    resumed = bob.patch(path, json={"enabled": True}).json()
    assert (resumed["state"], resumed["title"]) == ("ok", "Wire")
    assert [p["error_code"] for p in bob.get(path).json()["polls"]] == ["timeout"]
    with store.read() as session:
        assert session.get_one(Feed, made["id"]).error_count == 0, "a person's word ends the back-off"
    assert bob.post(f"{path}/poll").status_code == 202
    actions = [line.split()[0] for line in noted(store)]
    assert actions == ["feed_added", "feed_name", "feed_pause", "feed_resume", "feed_soon"]


def test_an_opml_file_goes_in_and_comes_out(bob: TestClient) -> None:
    file = (
        '<opml version="2.0"><body><outline type="rss" xmlUrl="https://wire.example.org/feed" text="Wire"/>'
        '<outline type="rss" xmlUrl="http://127.0.0.1:1/feed"/></body></opml>'
    )
    done = bob.post("/api/v1/feeds.opml", content=file, headers={"Content-Type": "application/xml"}).json()
    assert (done["added"], len(done["refused"])) == (["https://wire.example.org/feed"], 1)
    out = bob.get("/api/v1/feeds.opml")
    assert 'xmlUrl="https://wire.example.org/feed"' in out.text
    assert bob.post("/api/v1/feeds.opml", content=out.text).json()["known"] == ["https://wire.example.org/feed"]
    assert bob.post("/api/v1/feeds.opml", content="no file").json()["code"] == "bad_opml"


def test_an_inner_address_is_neither_checked_nor_added(bob: TestClient) -> None:
    seen = bob.post("/api/v1/feeds/check", json={"url": "http://169.254.169.254/latest"}).json()
    assert seen["error_code"]
    assert seen["entry_count"] == 0
    refused = bob.post("/api/v1/feeds", json={"url": "http://169.254.169.254/latest"})
    assert (refused.status_code, refused.json()["code"]) == (422, seen["error_code"])


def test_the_page_does_the_same_to_a_feed(bob: TestClient, as_: Callable[[str], Browser], store: Store) -> None:
    feed = bob.post("/api/v1/feeds", json={"url": "https://wire.example.org/feed"}).json()["id"]
    browser = as_("bob")
    for do in ("pause", "resume"):
        assert browser.post(f"/feeds/{feed}/set", {"do": do}).status_code == 303
    assert [line.split()[0] for line in noted(store)] == ["feed_added", "feed_pause", "feed_resume"]
