# SPDX-License-Identifier: MIT
"""What a changed entry does, from the feed to the alert: a re-date tells nobody, a new fact is told."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from alerts.config import Settings
from alerts.feeds import ListedFeed
from alerts.pipeline import Pipeline, rulefiles
from alerts.store import dump, feed_admin, feeds
from tests.conftest import shared
from tests.serving import serving

pytestmark = pytest.mark.enable_socket

EVENTS = (
    "approval, label_expansion, filing_status, designation, opinion_positive, rejection, trial_positive, trial_negative, "
    "trial_update, trial_start, trial_stopped, safety, withdrawal, access, deal, corporate, conference, research, other"
)
RULE = f"""
- name: Alice hears of everything
  rule: {{events: {{any: [{EVENTS}]}}, role: mentioned}}
  channels: [{{slack: "http://HOST/slack"}}]
"""
GOOGLE = "https://news.google.com/rss/articles/CBMi"


class Entry(NamedTuple):
    title: str
    summary: str = ""
    link: str = "https://news.example.org/1"
    guid: str = ""
    date: str = ""


class Wire(BaseHTTPRequestHandler):
    """Feeds by path, and a Slack channel."""

    entries: dict[str, Sequence[Entry]] = {}
    posts: list[str] = []

    def do_GET(self) -> None:
        items = "".join(
            f"<item><title>{escape(e.title)}</title><description>{escape(e.summary)}</description><link>{escape(e.link)}</link>"
            f"<pubDate>{e.date}</pubDate>" + (f"<guid>{e.guid}</guid>" if e.guid else "") + "</item>"
            for e in Wire.entries.get(self.path, ())
        )
        self._answer(f'<rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>'.encode())

    def do_POST(self) -> None:
        Wire.posts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(b"ok")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Newsroom:
    """The real pipeline on a store of its own; only the clock is ours."""

    def __init__(self, settings: Settings, web: str, rules: Path) -> None:
        self.now, self.web = datetime.now(UTC), web
        opened = {
            "fetch_allow": frozenset({web}),
            "webhook_hosts": frozenset({web}),
            "webhook_per_second": 0.0,
            "min_interval_s": 0.0,
        }
        self.pipeline = Pipeline(settings.model_copy(update=opened), lambda: self.now)
        rules.write_text(RULE.replace("HOST", web))
        rulefiles.apply(self.pipeline.store, rules, "default", frozenset({web}))

    def add(self, path: str, **options: Any) -> None:
        """A feed that was empty when it came in, so that nothing of it is silent."""
        Wire.entries[path] = ()
        with self.pipeline.store.write() as session:
            feeds.add(session, ListedFeed(f"http://{self.web}{path}", "Wire", "wire"), self.now, self.now)
            if options:
                feed_admin.change(session, f"http://{self.web}{path}", options, {}, self.now)
        self.run()

    def run(self, after: timedelta = timedelta(hours=3)) -> list[str]:
        """What Alice was told when all feeds were polled again."""
        self.now += after
        before = len(Wire.posts)
        for _ in range(len(Wire.entries)):  # one host is asked once a second
            self.now += timedelta(seconds=2)
            with self.pipeline.store.write() as session:
                feeds.make_due(session, self.now, only=None, min_interval_s=60)
            self.pipeline.poll_due()
        while self.pipeline.process_due().handled + self.pipeline.deliver_due().handled:
            pass
        return Wire.posts[before:]

    def tell(self, *entries: Entry, path: str = "/feed", after: timedelta = timedelta(hours=3)) -> list[str]:
        date = format_datetime(self.now + after)
        Wire.entries[path] = [e if e.date else e._replace(date=date) for e in entries]
        return self.run(after)

    def rows(self, what: str) -> list[dict[str, Any]]:
        with self.pipeline.store.read() as session:
            return list(getattr(dump, what)(session))


@pytest.fixture
def newsroom(settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[Newsroom]:
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(sqlite_template, settings.var_dir / "oncowire.db")
    Wire.entries, Wire.posts = {}, []
    with serving(Wire) as web:
        made = Newsroom(settings, web, tmp_path / "rules.yaml")
        yield made
        made.pipeline.close()


EC = Entry(
    "European Commission approves cabozantinib for neuroendocrine tumours",
    "The European Commission approved cabozantinib for pancreatic neuroendocrine tumours.",
)
FDA = Entry(
    "FDA rejects zolbetuximab for gastric cancer",
    "The FDA issued a complete response letter for zolbetuximab in gastric cancer.",
)


def test_an_entry_that_is_dated_anew_every_day_is_told_once(newsroom: Newsroom) -> None:
    """As the FDA's drugs feed does with its evergreen pages."""
    newsroom.add("/feed")
    told = [newsroom.tell(EC, after=timedelta(days=1)) for _ in range(4)]
    assert [len(posts) for posts in told] == [1, 0, 0, 0]
    assert [row["revision"] for row in newsroom.rows("items")] == [1]


def test_an_aggregator_that_spells_the_outlet_otherwise_and_dates_anew_is_told_once(newsroom: Newsroom) -> None:
    newsroom.add("/feed")
    forms = [f"{EC.title} - {outlet}" for outlet in ("Example News", "example.com", "Example News")]
    told = [
        newsroom.tell(Entry(t, f"<a href='{GOOGLE}'>{t}</a>", GOOGLE, "CBMi"), after=timedelta(days=1)) for t in forms
    ]
    assert [len(posts) for posts in told] == [1, 0, 0]


def test_an_entry_whose_words_are_mended_is_read_again_and_told_to_nobody(newsroom: Newsroom) -> None:
    newsroom.add("/feed")
    newsroom.tell(EC)
    assert newsroom.tell(EC._replace(summary=EC.summary + " The company is based in a quiet town.")) == []
    assert [row["revision"] for row in newsroom.rows("items")] == [2]


def test_a_new_fact_under_a_known_address_is_told(newsroom: Newsroom) -> None:
    """First the trial, then, in the same entry, the approval."""
    newsroom.add("/feed")
    first = Entry(
        "Cabozantinib meets main goal in neuroendocrine tumours",
        "Cabozantinib improved progression-free survival in the phase 3 CABINET trial in neuroendocrine tumours.",
    )
    assert len(newsroom.tell(first)) == 1
    (told,) = newsroom.tell(EC)
    assert "approv" in told.lower()
    assert newsroom.tell(EC) == []


def test_one_address_with_two_stories_on_one_day_tells_both(newsroom: Newsroom) -> None:
    newsroom.add("/feed")
    assert len(newsroom.tell(EC)) == 1
    (told,) = newsroom.tell(FDA)
    assert "zolbetuximab" in told.lower()


def test_two_stories_of_one_address_in_one_document_are_two(newsroom: Newsroom) -> None:
    newsroom.add("/feed")
    assert len(newsroom.tell(EC, FDA)) == 2
    assert newsroom.tell(EC, FDA) == []


@pytest.mark.parametrize(("mode", "items"), [("auto", 2), ("text", 2), ("guid", 1), ("link", 2)])
def test_a_persons_identity_mode_counts_through_to_the_store(newsroom: Newsroom, mode: str, items: int) -> None:
    """A feed that gives every entry the same guid."""
    newsroom.add("/feed", identity=mode)
    both = (EC._replace(guid="0"), FDA._replace(guid="0", link="https://news.example.org/2"))
    told = newsroom.tell(*both)
    assert (len(told), len(newsroom.rows("items"))) == (items, items)
    assert newsroom.tell(*both) == [] or mode == "guid"


def test_no_change_that_was_seen_in_real_feeds_tells_anybody_twice(newsroom: Newsroom) -> None:
    """Each source a feed; first all first versions, then all second ones, and so on. None of the changes holds a new fact
    of cancer news, so after the first round nobody hears anything."""
    entries = [json.loads(line) for line in shared("eval/updates-dev.jsonl").read_text(encoding="utf-8").splitlines()]
    newsroom.now = datetime(2026, 5, 6, tzinfo=UTC)
    sources = defaultdict(list)
    for each in entries:
        sources["/" + each["source"]].append(each)
    for path in sources:
        newsroom.add(path)
    told = []
    for number in range(max(len(each["versions"]) for each in entries)):
        for path, given in sources.items():
            versions = [(each["url"], each["versions"][min(number, len(each["versions"]) - 1)]) for each in given]
            Wire.entries[path] = [Entry(v["title"], v["summary"], url, "", v["published"]) for url, v in versions]
        told.append(newsroom.run(timedelta(days=1)))
    assert len(told[0]) > 3
    assert [len(posts) for posts in told[1:]] == [0] * (len(told) - 1)
    assert len(newsroom.rows("items")) == len(entries)
