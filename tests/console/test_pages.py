# SPDX-License-Identifier: MIT
"""The other pages: what people do there works, is noted, and stays inside the team."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from fastapi import FastAPI
from sqlmodel import select

from alerts.config import Settings
from alerts.console import whynot
from alerts.console.tables import safe_cell
from alerts.store import accounts, rules
from alerts.store.engine import Store
from alerts.store.tables import (
    AuditEntry,
    Channel,
    Delivery,
    Feed,
    FeedAttempt,
    Heartbeat,
    Item,
    Notice,
    Story,
    StoryFeedback,
)
from tests.console.conftest import Browser, People
from tests.console.news import bring_in, told_again
from tests.serving import serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
As = Callable[[str], Browser]
MAIL = {"kind": "email", "value": "reader@example.org", "label": "Reader"}


@pytest.fixture
def news(store: Store, store_settings: Settings) -> None:
    bring_in(store, store_settings, copies=2)


def actions(store: Store) -> list[str]:
    with store.read() as session:
        return [entry.action for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))]  # type: ignore[arg-type]


def test_stories_are_found_by_brand_word_and_event(as_: As, news: None) -> None:
    vera = as_("vera")
    assert "1–2 of 2" in vera.get("/stories?concept=Cabometyx").text
    assert "complete response letter" in vera.get("/stories?event=rejection").text
    assert "Nothing fits" in vera.get("/stories?q=zebra").text
    assert "does not know “zebra”" in vera.get("/stories?concept=zebra").text


def test_a_story_shows_marked_evidence_its_sources_and_why(as_: As, news: None) -> None:
    page = as_("vera").get("/stories/1").text
    assert "<mark>European Commission</mark> has approved <mark>cabozantinib</mark>" in page
    assert "2 sources" in page
    assert "Example Wire, also reported by Example Wire" in page
    assert "because the text is the same" in page


def test_a_story_leads_to_related_ones_and_says_what_keeps_them_apart(as_: As, news: None) -> None:
    page = as_("vera").get("/stories/1").text
    related = page.split("<h2>Related stories</h2>")[1].split("</ul>")[0]
    assert "FDA approves cabozantinib for neuroendocrine tumours" in related
    assert "regulator: EC ≠ FDA" in related
    assert "osimertinib" not in related


@pytest.mark.parametrize("path", ["/", "/stories/1"])
def test_pages_of_a_story_name_every_outlet_that_also_reported_it(as_: As, news: None, path: str) -> None:
    assert "also reported by" in as_("vera").get(path).text


def test_why_not_sent_tells_every_rule_of_the_team_and_no_other(
    as_: As, store: Store, store_settings: Settings
) -> None:
    bob, charlie = as_("bob"), as_("charlie")
    rule = {"new_email": "bob@example.org", "cadence": "instant"}
    for name, chip in (("All of cabozantinib", "drugs.any=drug:cabozantinib"), ("Safety", "events.any=safety")):
        form = {**rule, "name": name, "chip": chip, "state": "active"}
        assert bob.post("/rules/save", form).status_code == 303
    bring_in(store, store_settings)
    for name, state in (("Draft", "draft"), ("Too late", "active")):
        form = {**rule, "name": name, "chip": "regulators.any=org:EC", "state": state}
        assert bob.post("/rules/save", form).status_code == 303

    said = dict(row.split("</a>", 1) for row in bob.get("/stories/1/why").text.split('<tr><td><a href="/rules/')[1:])

    assert "it is on its way" in said['1">All of cabozantinib']
    assert "/deliveries/1" in said['1">All of cabozantinib']
    assert "<strong>event</strong>: it wants safety; the news says label expansion" in said['2">Safety']
    assert "the rule is a draft" in said['3">Draft']
    assert "when the story came" in said['4">Too late']
    assert "Why sent, why not?" in bob.get("/stories/1").text
    with store.write() as session:
        session.get_one(Delivery, 1).state = "sent"
    assert "It fits, and it was told." in bob.get("/stories/1/why").text
    other = charlie.get("/stories/1/why").text
    assert "cabozantinib</a>" not in other
    assert "Your team has no rules yet" in other


def test_a_source_is_split_off_and_merged_back(as_: As, store: Store, news: None) -> None:
    bob = as_("bob")
    answer = bob.post("/stories/1/split", {"item": "7"})
    new = int(answer.headers["location"].rsplit("/", 1)[1])
    assert "1 source<" in bob.get("/stories/1").text
    assert bob.post(f"/stories/{new}/merge", {"into": "1"}).headers["location"] == "/stories/1"
    assert "2 sources" in bob.get("/stories/1").text
    assert actions(store) == ["story_split", "story_merged"]


def test_not_relevant_is_kept_with_its_author(as_: As, store: Store, news: None) -> None:
    as_("bob").post("/stories/2/not-relevant", {"note": "old news"})
    with store.read() as session:
        said = session.exec(select(StoryFeedback)).one()
    assert (said.story_id, said.author, said.note) == (2, "bob@example.org", "old news")


def test_a_channel_is_added_tested_renamed_and_switched_off(as_: As, store: Store) -> None:
    bob = as_("bob")
    assert bob.post("/channels/add", MAIL).status_code == 303
    assert "has this name" in bob.post("/channels/add", {**MAIL, "value": "b@example.org"}).text
    assert "no mail address" in bob.post("/channels/add", {**MAIL, "value": "nonsense"}).text
    test = bob.post("/channels/1/test").headers["location"]
    assert "Test from Oncowire" in bob.get(test).text
    bob.post("/channels/1/rename", {"label": "Renamed"})
    bob.post("/channels/1/switch")
    with store.read() as session:
        row = session.get_one(Channel, 1)
        assert (row.label, row.state) == ("Renamed", "disabled")
        assert session.exec(select(Delivery.kind)).all() == ["test"]
    assert actions(store) == ["channel_added", "channel_tested", "channel_renamed", "channel_disabled"]


def test_an_address_that_has_not_answered_is_asked_again_within_limits(as_: As, store: Store) -> None:
    bob = as_("bob")
    bob.post("/channels/add", MAIL)
    assert "needs no confirmation" in after(bob, "/channels/1/confirm")
    with store.write() as session:
        session.get_one(Channel, 1).state = "unverified"
    assert "Send the confirmation again" in bob.get("/channels").text
    assert "is asked again to confirm" in after(bob, "/channels/1/confirm")
    assert "asked less than an hour ago" in after(bob, "/channels/1/confirm")
    with store.read() as session:
        assert session.exec(select(Delivery.kind)).all() == ["confirm"]
    assert actions(store) == ["channel_added", "consent_asked"]


def after(browser: Browser, path: str) -> str:
    """The page that a form leads to."""
    return browser.get(str(browser.post(path).headers["location"])).text


def test_what_ended_is_sent_again_and_what_is_open_is_not(as_: As, store: Store) -> None:
    bob = as_("bob")
    bob.post("/channels/add", MAIL)
    bob.post("/channels/1/test")
    bob.post("/deliveries/1/again")
    assert "still under way" in bob.get("/deliveries/1").text
    with store.write() as session:
        session.get_one(Delivery, 1).state = "dead"
    bob.post("/deliveries/1/again")
    with store.read() as session:
        row = session.get_one(Delivery, 1)
        assert (row.state, row.state_reason) == ("pending", "sent again by bob@example.org")


def test_feeds_are_added_paused_named_and_exported(as_: As, store: Store) -> None:
    bob = as_("bob")
    url = "https://www.example.org/feed.xml"
    assert bob.post("/feeds/add", {"url": url, "title": "Example", "tier": "company"}).status_code == 303
    refused = bob.post("/feeds/add", {"url": "http://127.0.0.1/feed"})
    assert refused.status_code == 422
    bob.post("/feeds/1/set", {"do": "pause"})
    bob.post("/feeds/1/set", {"do": "name", "title": "Better", "tier": "journal"})
    with store.read() as session:
        feed = session.get_one(Feed, 1)
        assert (feed.enabled, feed.state, feed.title, feed.tier) == (False, "paused", "Better", "journal")
    opml = bob.get("/feeds/export.opml")
    assert url in opml.text
    files = {"file": ("feeds.opml", opml.content.replace(b"feed.xml", b"other.xml"))}
    again = bob.client.post("/feeds/import", data={"csrf": bob.csrf()}, files=files)
    assert again.status_code == 303
    assert "1 added" in bob.get("/feeds").text


def test_polls_of_a_feed_sort_filter_page_and_export(as_: As, store: Store) -> None:
    bob = as_("bob")
    bob.post("/feeds/add", {"url": "https://www.example.org/feed.xml", "title": "Example"})
    then = datetime(2026, 11, 1, tzinfo=UTC)
    with store.write() as session:
        for n in range(60):
            code = "timeout" if n == 7 else None
            session.add(
                FeedAttempt(
                    feed_id=1, at=then + timedelta(hours=n), status=None if code else 200, error_code=code,
                    error_text="=slow" if code else None, duration_ms=1000 + n, wire_bytes=n,
                )
            )  # fmt: skip
    newest = bob.get("/feeds/1").text
    assert "1–50 of 60" in newest
    assert "1,059 ms" in newest
    assert "1,009 ms" not in newest
    assert "1,009 ms" in bob.get("/feeds/1?page=2").text
    slowest_last = bob.get("/feeds/1?sort=ms").text
    assert slowest_last.index("1,000 ms") < slowest_last.index("1,001 ms")
    assert "1–1 of 1" in bob.get("/feeds/1?q=timeout").text
    assert bob.get("/feeds/1?format=csv").text.count("\n") == 61


def test_subscribers_sort_by_each_column_filter_and_export(as_: As) -> None:
    bob = as_("bob")
    for name, reader in (("Alpha", "zoe@example.org"), ("Beta", "ann@example.org")):
        form = {"chip": ["drugs.any=drug:cabozantinib"], "name": name, "new_email": reader, "state": "active"}
        assert bob.post("/rules/save", form).status_code == 303
    for sort, first, last in (("rule", "Alpha", "Beta"), ("-rule", "Beta", "Alpha"), ("to", "Beta", "Alpha")):
        listed = bob.get(f"/subscribers?sort={sort}").text
        assert listed.index(f">{first}<") < listed.index(f">{last}<"), sort
    assert "1–1 of 1" in bob.get("/subscribers?q=beta").text
    exported = bob.get("/subscribers?format=csv&sort=-rule").text.splitlines()
    assert exported[0].lstrip("\ufeff") == "rule,to,consent,wishes"
    assert [line.partition(",")[0] for line in exported[1:]] == ["Beta", "Alpha"]
    assert "Alpha" not in as_("charlie").get("/subscribers").text


def test_alice_invites_a_colleague_and_makes_a_token(as_: As, stranger: Browser, store: Store, people: People) -> None:
    alice = as_("alice")
    page = alice.post("/users/add", {"email": "dora@example.org", "role": "editor"}).text
    link = page.partition('value="http://127.0.0.1:8000')[2].partition('"')[0]
    done = stranger.post(link, {"password": "seven green kettles sing"})
    assert done.status_code == 303
    assert "Team a" in stranger.get("/account").text
    token = alice.post("/users/tokens", {"label": "export", "scope": ["read"], "days": "30"}).text
    assert "owt_" in token
    assert "owt_" not in alice.get("/users").text
    with store.read() as session:
        assert [t.label for t, _ in accounts.tokens(session, people.teams["a"])] == ["export"]


def test_an_admin_touches_nobody_of_another_team(as_: As, people: People) -> None:
    alice = as_("alice")
    charlie = people.users["charlie"]
    assert alice.post(f"/users/{charlie}/role", {"role": "viewer"}).status_code == 404
    assert alice.post(f"/users/{charlie}/link").status_code == 404


def test_an_admin_cannot_take_over_somebody_who_is_admin_elsewhere(as_: As, store: Store, people: People) -> None:
    with store.write() as session:
        accounts.set_role(session, people.users["charlie"], people.teams["a"], "viewer")
    answer = as_("alice").post(f"/users/{people.users['charlie']}/link")
    assert answer.status_code == 422
    assert "/welcome/" not in answer.text


def test_the_audit_is_for_admins_and_of_their_team(as_: As) -> None:
    as_("bob").post("/channels/add", MAIL)
    assert "channel added" in as_("alice").get("/audit").text
    assert "channel added" not in as_("charlie").get("/audit").text
    assert as_("bob").get("/audit").status_code == 403


def test_charlie_sees_no_delivery_channel_or_reader_of_team_a(as_: As) -> None:
    bob, charlie = as_("bob"), as_("charlie")
    bob.post("/channels/add", MAIL)
    bob.post("/channels/1/test")
    for path in ("/channels", "/deliveries", "/subscribers"):
        assert "Reader" not in charlie.get(path).text
    assert charlie.get("/deliveries/1").status_code == 404
    for path in ("/channels/1/test", "/channels/1/switch", "/channels/1/rename", "/deliveries/1/again"):
        assert charlie.post(path, {"label": "x"}).status_code == 404


def test_the_vocabulary_shows_names_and_what_is_above_and_below(as_: As, news: None) -> None:
    page = as_("vera").get("/vocabulary?q=Cabometyx").text
    assert "drug:cabozantinib" in page
    assert "EC approves cabozantinib" in page


def test_a_template_is_previewed_refused_when_faulty_saved_and_taken_back(as_: As, store: Store, news: None) -> None:
    bob = as_("bob")
    assert (
        "Oncowire&#39;s own layout" in bob.get("/templates").text
        or "Oncowire's own layout" in bob.get("/templates").text
    )
    faulty = bob.post("/templates/email", {"subject": "{{ nonsense", "do": "save"})
    assert faulty.status_code == 422
    assert "Not saved" in faulty.text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
        (-1, "-1"),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(value: object, shown: str) -> None:
    assert safe_cell(value) == shown


def test_rules_and_stories_are_untouched_by_looking(as_: As, store: Store, news: None, people: People) -> None:
    vera = as_("vera")
    for path in ("/", "/stories", "/stories/1", "/rules", "/status"):
        assert vera.get(path).status_code == 200
    with store.read() as session:
        assert rules.all_of(session, people.teams["a"]) == []
        assert {s.revision for s in session.exec(select(Story))} <= {1, 2}
    assert actions(store) == []


@pytest.mark.parametrize(
    ("states", "waiting", "left_out", "code"),
    [
        ({"sent", "dead"}, False, False, "told"),
        ({"pending"}, False, False, "waits"),
        ({"retry", "dead"}, False, False, "waits"),
        (set(), True, True, "waits"),  # an entry waits for a digest
        ({"unknown"}, False, False, "unsure"),
        ({"suppressed"}, False, False, "left_out"),
        (set(), False, True, "left_out"),
        (set(), False, False, "left_out"),
    ],
)
def test_told_is_said_only_of_what_was_sent(states: set[str], waiting: bool, left_out: bool, code: str) -> None:
    assert whynot.became(states, waiting=waiting, left_out=left_out)[0] == code


def test_what_the_team_said_of_a_story_stands_there_and_not_in_the_message_bar(as_: As, news: None) -> None:
    bob = as_("bob")
    bob.post("/stories/2/not-relevant", {"note": "a vaccine"})
    page = bob.get("/stories/2").text
    assert '<p class="said" role="status">Noted.' in page
    assert "bob@example.org" in page
    assert "StoryFeedback" not in page
    assert 'class="said"' not in bob.get("/stories/2").text


def test_a_story_shows_its_timeline_and_who_else_reported_it_as_the_table_does(
    as_: As, store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    told_again(store, store_settings)
    vera = as_("vera")
    update = vera.get("/stories/7").text
    assert re.search(
        r'<ol class="timeline">.*CHMP recommends.*aria-current="true".*EC approves osimertinib', update, re.S
    )
    assert 'aria-current="true"' in vera.get("/stories/3").text, "the earlier step shows the later one"
    assert "Example Wire, also reported by Second Outlet" in vera.get("/stories/6").text
    assert "Example Wire, also reported by Second Outlet" in vera.get("/stories?q=cabozantinib").text
    filed = vera.get("/stories?format=csv").text
    assert filed.splitlines()[0].endswith(",reported_by")
    assert '"Example Wire, Second Outlet"' in filed


def test_status_tells_queues_lag_workers_and_dead_letters(as_: As, store: Store, news: None) -> None:
    now = datetime.now(UTC)
    with store.write() as session:
        item = session.get_one(Item, 1)
        item.stage, item.due_at = "read", now - timedelta(seconds=90)
        item.error_code, item.error_text = "read_failed", "a strange text"
        session.add(Heartbeat(stage="read", at=now - timedelta(minutes=3)))
        session.add(Notice(key="stage:read:stuck", text="Items wait to be read.", since=now))
    page = " ".join(re.sub(r"<[^>]+>", " ", as_("vera").get("/status").text).split())
    assert re.search(r"items to read 1 9\d s", page)
    assert "read 3 min ago" in page
    assert "Items wait to be read." in page
    assert "read_failed a strange text" in page


class Newsroom(BaseHTTPRequestHandler):
    """A page that names its feed, and the feed."""

    def do_GET(self) -> None:
        feed = self.path == "/feed.xml"
        entry = "<item><title>FDA approves a drug</title><link>https://a.example.org/1</link></item>"
        page = (
            '<html><head><link rel="alternate" type="application/rss+xml" title="Wire" href="/feed.xml"></head></html>'
        )
        body = f'<rss version="2.0"><channel><title>Our wire</title>{entry}</channel></rss>' if feed else page
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml" if feed else "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Not in the output of the tests."""


@pytest.mark.enable_socket
def test_a_page_names_its_feed_which_is_looked_into_before_it_is_added(
    as_: As, app: FastAPI, store_settings: Settings
) -> None:
    with serving(Newsroom) as address:
        app.state.settings = store_settings.model_copy(update={"fetch_allow": frozenset({address})})
        bob = as_("bob")
        found = bob.post("/feeds/check", {"url": f"http://{address}/"}).text
        assert f"http://{address}/feed.xml" in found
        looked = bob.post("/feeds/check", {"url": f"http://{address}/feed.xml"}).text
        assert "Our wire" in looked
        assert "FDA approves a drug" in looked
