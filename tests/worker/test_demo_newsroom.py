# SPDX-License-Identifier: MIT
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import pairwise

import feedparser
import pytest

from alerts.model import AlertKind, ChannelKind
from worker.demo import news
from worker.demo.news import Newsroom, Told
from worker.demo.newsroom import NewsServer

pytestmark = pytest.mark.enable_socket
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return news.load()


@pytest.fixture
def server(newsroom: Newsroom) -> Iterator[NewsServer]:
    made = NewsServer(newsroom)
    yield made
    made.close()


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=5)
    try:
        connection.request(
            "GET", "/" + path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_the_sample_has_what_a_demo_must_show(newsroom: Newsroom) -> None:
    assert len(newsroom.items) >= 16
    assert {plan.format for plan in newsroom.feeds.values()} == {"rss", "atom", "rdf"}
    assert len(newsroom.feeds) == 4
    assert max(len(story.items) for story in newsroom.stories) >= 3, "one story told by three outlets"
    assert any(AlertKind.UPDATE in story.told.values() for story in newsroom.stories)
    assert any("&" in item.html for item in newsroom.items), "entities"
    assert {story.name for story in newsroom.stories} >= {"cabozantinib, FDA", "cabozantinib, EC"}


def test_an_update_comes_out_after_the_story_that_it_follows(newsroom: Newsroom) -> None:
    wave = {item.id: item.wave for item in newsroom.items}
    by_name = {story.name: story for story in newsroom.stories}
    updates = [story for story in newsroom.stories if story.follows]
    assert updates
    for story in updates:
        before = by_name[story.follows or ""]
        assert max(wave[item] for item in before.items) < min(wave[item] for item in story.items)


def test_rule_files_and_people_name_the_same_subscriptions(newsroom: Newsroom) -> None:
    channels = news.channels_of_rules()
    assert set(channels) == set(newsroom.people)
    assert {kind for kinds in channels.values() for kind in kinds} == set(ChannelKind)


def test_what_must_be_told_grows_wave_by_wave(newsroom: Newsroom) -> None:
    channels = news.channels_of_rules()
    sets = [newsroom.expected(channels, wave) for wave in newsroom.waves]
    assert sets[0] == set()
    assert all(earlier < later for earlier, later in pairwise(sets))
    alice = "EU decisions in neuroendocrine tumours"
    assert Told(alice, "cabozantinib, EC", ChannelKind.EMAIL, AlertKind.STORY) in sets[-1]
    assert not [told for told in sets[-1] if told.subscription == "Sunitinib results"]


def test_an_item_that_belongs_nowhere_is_refused(newsroom: Newsroom) -> None:
    data = newsroom.model_dump()
    data["quiet"].pop("wire-merger")
    with pytest.raises(ValueError, match="wire-merger"):
        Newsroom.model_validate(data)


@pytest.mark.parametrize("feed", ["agency", "trade", "wire", "journal"])
def test_each_feed_is_a_well_formed_document_with_its_items(server: NewsServer, newsroom: Newsroom, feed: str) -> None:
    for item in newsroom.items:
        server.release(item, NOW)
    status, headers, body = get(server.url(feed))
    parsed = feedparser.parse(io.BytesIO(body), response_headers={"content-type": headers["Content-Type"]})
    assert status == 200
    assert not parsed.bozo
    assert parsed.feed.title == newsroom.feeds[feed].title
    mine = [item for item in newsroom.items if item.feed == feed]
    assert {entry.title for entry in parsed.entries} == {item.title for item in mine}
    assert all(entry.summary and (entry.get("published") or entry.get("updated")) for entry in parsed.entries)
    assert "{today}" not in body.decode()


def test_an_unchanged_feed_answers_304_and_a_new_item_changes_its_etag(server: NewsServer, newsroom: Newsroom) -> None:
    agency = [item for item in newsroom.items if item.feed == "agency"]
    server.release(agency[0], NOW)
    _, first, body = get(server.url("agency"))
    assert agency[0].title in body.decode()
    status, again, empty = get(server.url("agency"), If_None_Match=first["ETag"])
    assert (status, again["ETag"], empty) == (304, first["ETag"], b"")
    server.release(agency[1], NOW + timedelta(seconds=1))
    status, changed, body = get(server.url("agency"), If_None_Match=first["ETag"])
    assert status == 200
    assert changed["ETag"] != first["ETag"]
    assert agency[1].title in body.decode()


def test_links_of_items_lead_to_their_pages(server: NewsServer, newsroom: Newsroom) -> None:
    item = newsroom.wave(1)[0]
    assert get(server.link(item))[0] == 404, "not released yet"
    server.release(item, NOW)
    status, _, body = get(server.link(item))
    assert status == 200
    assert item.title in body.decode()


def test_old_items_are_dated_before_the_run(server: NewsServer, newsroom: Newsroom) -> None:
    old = next(item for item in newsroom.wave(0) if item.feed == "agency")
    server.release(old, NOW)
    _, _, body = get(server.url("agency"))
    stated = re.search("<pubDate>(.*?)</pubDate>", body.decode())
    assert stated
    assert stated[1] == (NOW - timedelta(hours=old.hours_ago)).strftime("%a, %d %b %Y %H:%M:%S +0000")
