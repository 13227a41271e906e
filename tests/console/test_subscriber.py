# SPDX-License-Identifier: MIT
"""A reader without an account: confirms, leaves with one click, changes the rhythm; a wrong link learns nothing."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from alerts.config import Settings
from alerts.console.app import create_app
from alerts.pipeline import consent, links, rulefiles
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry, Channel, Delivery, DigestEntry, SubscriptionChannel
from tests.console.news import bring_in, told_again
from tests.console.rows import a_story

RULES = """
- {name: Approvals <b>, rule: {drugs: {any: [cabozantinib]}}, channels: [{email: alice@example.org}, {email: bob@example.org}]}
- {name: Safety, rule: {drugs: {any: [sunitinib]}}, channels: [{email: alice@example.org}], cadence: daily 08:00 Europe/Paris}
"""


@pytest.fixture
def client(store_settings: Settings, store: Store, tmp_path: Path) -> Iterator[TestClient]:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    rulefiles.apply(store, file, "default", frozenset())
    app = create_app(store_settings)
    yield TestClient(app, follow_redirects=False)
    app.state.store().close()


def token(
    store: Store, purpose: links.Purpose, address: str = "alice@example.org", subscription: int | None = None
) -> str:
    with store.read() as session:
        channel = session.exec(select(Channel).where(Channel.hint == address)).one()
    assert channel.id is not None
    return links.sign(store, purpose, links.Reader(channel.id, subscription))


def link(store: Store, subscription: int, address: str = "alice@example.org") -> SubscriptionChannel:
    with store.read() as session:
        channel = session.exec(select(Channel.id).where(Channel.hint == address)).one()
        return session.get_one(SubscriptionChannel, (subscription, channel))


def test_one_click_ends_one_subscription_without_cookie_or_token(client: TestClient, store: Store) -> None:
    path = f"/s/unsubscribe/{token(store, 'unsubscribe', subscription=1)}"
    page = client.get(path)
    assert page.status_code == 200
    assert link(store, 1).left_at is None  # opening it changes nothing: scanners open every link
    answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "set-cookie" not in {**page.headers, **answer.headers}
    assert link(store, 1).left_at is not None
    assert link(store, 2).left_at is None
    assert link(store, 1, "bob@example.org").left_at is None
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_a_changed_an_old_and_a_foreign_link_look_the_same(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = token(store, "manage")
    # Not the last character: some of its bits are padding and mean nothing.
    changed = good[:-5] + ("A" if good[-5] != "A" else "B") + good[-4:]
    foreign = links.sign(store, "manage", links.Reader(4711))
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    old = token(store, "manage")
    monkeypatch.undo()
    answers = [client.get(f"/s/{t}") for t in (changed, "x", old, foreign, token(store, "unsubscribe"))]
    assert {a.status_code for a in answers} == {404}
    assert len({a.text for a in answers}) == 1
    posted = [client.post(f"/s/{t}", data={"do": "leave_all"}) for t in (changed, "x", old, foreign)]
    assert {(a.status_code, a.text) for a in posted} == {(404, answers[0].text)}
    assert link(store, 1).left_at is None


def test_the_page_shows_only_what_comes_to_this_address(client: TestClient, store: Store) -> None:
    page = client.get(f"/s/{token(store, 'manage')}")
    assert "alice@example.org" in page.text
    assert "Approvals &lt;b&gt;" in page.text
    assert "bob@example.org" not in page.text
    assert "Safety" not in client.get(f"/s/{token(store, 'manage', 'bob@example.org')}").text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "cadence", "quiet"),
    [
        ({"cadence": "daily", "at": "07:30", "zone": "Europe/Paris"}, "daily 07:30 Europe/Paris", None),
        (
            {"cadence": "first weekly", "day": "fri", "zone": "Asia/Tokyo"},
            "first then weekly fri 08:00 Asia/Tokyo",
            None,
        ),
        ({"cadence": "instant", "quiet": "own", "zone": "Europe/Paris"}, "instant", "22:00-07:00 Europe/Paris"),
        ({"cadence": "", "quiet": "none"}, None, "none"),
    ],
)
def test_a_reader_sets_a_rhythm_of_their_own(
    client: TestClient, store: Store, form: dict[str, str], cadence: str | None, quiet: str | None
) -> None:
    path = f"/s/{token(store, 'manage')}"
    answer = client.post(path, data={"do": "rhythm", "subscription": "1", **form})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?said=rhythm")
    assert (link(store, 1).own_cadence, link(store, 1).own_quiet) == (cadence, quiet)
    assert "Your rhythm is saved." in client.get(answer.headers["Location"]).text


def test_a_rhythm_that_cannot_be_read_is_told_beside_its_form(client: TestClient, store: Store) -> None:
    data = {"do": "rhythm", "subscription": "1", "cadence": "daily", "zone": "Europe/Atlantis"}
    answer = client.post(f"/s/{token(store, 'manage')}", data=data)
    assert answer.status_code == 422
    assert "is no time zone" in answer.text
    assert link(store, 1).own_cadence is None


def test_pause_mute_snooze_wake_leave_and_rejoin(client: TestClient, store: Store) -> None:
    path = f"/s/{token(store, 'manage')}"

    def do(what: str, **more: str) -> SubscriptionChannel:
        assert client.post(path, data={"do": what, "subscription": "1", **more}).status_code == 303
        return link(store, 1)

    assert do("pause").paused
    assert not do("resume").paused
    muted = do("mute", hours="24").muted_until
    assert muted is not None
    assert timedelta(hours=23) < muted - datetime.now(UTC) <= timedelta(hours=24)
    assert do("snooze", hours="4").muted_until is None
    assert do("wake").snoozed_until is None
    assert do("leave").left_at is not None
    assert do("rejoin").left_at is None
    with store.read() as session:
        assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "wishes_changed")).all()) == 7


def test_a_reader_cannot_touch_a_subscription_of_others(client: TestClient, store: Store) -> None:
    answer = client.post(f"/s/{token(store, 'manage', 'bob@example.org')}", data={"do": "leave", "subscription": "2"})
    assert answer.status_code == 404
    assert link(store, 2).left_at is None


def test_what_waits_is_told_at_once_by_whoever_wants_no_digest_any_more(client: TestClient, store: Store) -> None:
    far = datetime.now(UTC) + timedelta(days=9)
    mine = link(store, 2)
    with store.write() as session:
        story = a_story(session)
        session.add(
            DigestEntry(
                subscription_id=2,
                channel_id=mine.channel_id,
                story_id=story,
                revision=1,
                kind="story",
                why="cadence",
                due_at=far,
            )
        )
    client.post(f"/s/{token(store, 'manage')}", data={"do": "rhythm", "subscription": "2", "cadence": "instant"})
    with store.read() as session:
        assert session.exec(select(DigestEntry)).one().due_at <= datetime.now(UTC)


# ── double opt-in ────────────────────────────────────────────────────────────────────────────────


def test_an_unverified_address_gets_a_question_and_nothing_else_until_it_says_yes(
    client: TestClient, store: Store, store_settings: Settings
) -> None:
    now = datetime.now(UTC)
    with store.write() as session:
        for channel in session.exec(select(Channel)):
            channel.state = "unverified"
    assert consent.ask_all(store, store_settings, now) == 2
    assert consent.ask_all(store, store_settings, now) == 0
    with store.read() as session:
        mail = session.exec(select(Delivery).where(Delivery.kind == "confirm")).first()
        assert mail is not None
        found = re.search(r"/s/confirm/\S+", mail.message["text"] if mail.message else "")
    assert found
    assert "Yes, send me these alerts" in client.get(found[0]).text
    assert _states(store) == ["unverified", "unverified"]
    assert client.post(found[0]).status_code == 200
    assert sorted(_states(store)) == ["active", "unverified"]
    assert client.post(found[0]).status_code == 200


def _states(store: Store) -> list[str]:
    with store.read() as session:
        return [c.state for c in session.exec(select(Channel))]


def test_nobody_is_asked_more_than_three_times_nor_twice_within_an_hour(
    client: TestClient, store: Store, store_settings: Settings
) -> None:
    now = datetime.now(UTC)
    with store.write() as session:
        channel = session.exec(select(Channel)).first()
        assert channel is not None
        channel.state = "unverified"
        asked = [
            consent.ask(store, session, store_settings, channel, now + timedelta(minutes=m))
            for m in (0, 30, 61, 122, 183, 9999)
        ]
    assert [a.value for a in asked] == ["sent", "too_soon", "sent", "sent", "too_often", "too_often"]


def test_the_page_of_a_story_that_alice_was_told_of_names_who_else_reported_it(
    client: TestClient, store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    path = f"/s/{token(store, 'manage')}/story/6"
    assert "<h2>Source</h2>" in client.get(path).text
    told_again(store, store_settings)
    page = client.get(path).text
    sources = page.split("<h2>Source, also reported by</h2>")[1].split("</ul>")[0]
    assert re.findall(r'<span class="quiet">([^<,]+)', sources) == ["Example Wire", "Second Outlet"]
    with store.read() as session:
        sent = session.exec(select(Delivery).where(Delivery.story_id == 6)).all()
    assert len(sent) == 2, "Alice and Bob, once each: a second outlet is no second alert"
