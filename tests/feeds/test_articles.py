# SPDX-License-Identifier: MIT
"""Articles behind thin summaries: only where asked for, only what is thin, once, and only where the site allows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from alerts.feeds import articles
from alerts.feeds.articles import Robots, read_articles
from alerts.feeds.decide import Change
from alerts.feeds.parse import Entry
from alerts.net.client import Limits
from alerts.store.tables import Item
from tests.conftest import NOW
from tests.feeds.origin import Answer, Bench, Origin, running_origin, status

pytestmark = pytest.mark.enable_socket

SENTENCE = "The board of the imaginary hospital read the whole report aloud before anybody voted on it. "
ARTICLE = f"<html><body><nav>Menu</nav><article><h1>Report</h1><p>{SENTENCE * 8}</p></article></body></html>".encode()
LONG = "word " * 100


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as made:
        yield made


@pytest.fixture
def bench(origin: Origin, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(articles, "GAP_S", 0.0)
    made = Bench(origin, sqlite_template, tmp_path / "var")
    yield made
    made.close()


def scripted(b: Bench, robots: Answer, summary: str = "Short.", **options: object) -> list[str]:
    """Poll a feed of one item whose article stands on the same host; the paths that were asked for."""
    link = b.url(path="/article")
    item = f"<item><guid>1</guid><title>Report</title><link>{link}</link><description>{summary}</description>"
    item += "<pubDate>Tue, 24 Nov 2026 11:00:00 GMT</pubDate></item>"
    b.script(Answer(200, (), f'<rss version="2.0"><channel><title>W</title>{item}</channel></rss>'.encode()))
    b.script(robots, path="/robots.txt")
    b.script(status(200, ARTICLE, Content_Type="text/html"), path="/article")
    b.add(options=options)
    b.force()
    b.force()
    return [asked.path for asked in b.log]


def summary(b: Bench) -> str:
    with b.store.read() as session:
        return session.exec(select(Item.summary)).one()


def test_no_article_is_read_unless_the_feed_asks_for_it(bench: Bench) -> None:
    assert scripted(bench, status(404)) == ["/feed", "/feed"]
    assert summary(bench) == "Short."


def test_a_thin_summary_is_replaced_by_the_main_text_of_the_article_read_once(bench: Bench) -> None:
    assert scripted(bench, status(404), articles=True) == ["/feed", "/robots.txt", "/article", "/feed"]
    assert SENTENCE.strip() in summary(bench)
    assert "Menu" not in summary(bench)


def test_a_summary_that_says_enough_costs_the_site_nothing(bench: Bench) -> None:
    assert scripted(bench, status(404), LONG, articles=True) == ["/feed", "/feed"]


@pytest.mark.parametrize(
    ("robots", "read"),
    [
        (status(200, b"User-agent: *\nDisallow: /article"), False),
        (status(200, b"User-agent: Oncowire\nDisallow: /\n\nUser-agent: *\nAllow: /"), False),
        (status(200, b"User-agent: SomebodyElse\nDisallow: /"), True),
        (status(503), False),
        (status(404), True),
    ],
    ids=["all shut out", "we are shut out", "another is shut out", "cannot be had", "none"],
)
def test_robots_txt_is_obeyed(bench: Bench, robots: Answer, *, read: bool) -> None:
    assert ("/article" in scripted(bench, robots, articles=True)) is read
    assert (summary(bench) != "Short.") is read


def test_an_article_that_never_comes_ends_with_the_budget_of_its_poll(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(articles, "GAP_S", 0.0)
    monkeypatch.setattr(articles, "BUDGET_S", 0.6)
    base = f"http://feed7.example-7.org:{origin.port}"
    origin.scripts["feed7.example-7.org/robots.txt"] = [status(404)]
    origin.scripts["feed7.example-7.org/slow"] = [Answer(200, (), ARTICLE, delay_s=1.5)]
    change = Change("1", Entry("1", base + "/slow", "T", "", "", None), "", "new", None)
    client = origin.client("Oncowire/1", Limits())
    assert read_articles([change] * 3, Robots(client), lambda body, at: "text", NOW, lambda _: None) == [change] * 3
    assert len([a for a in origin.log if a.path == "/slow"]) == 1
