# SPDX-License-Identifier: MIT
"""Pages without a feed, feeds that a page names, and trying an address before it is added."""

from collections.abc import Iterator

import pytest

from alerts.errors import Permanent, Transient
from alerts.feeds import Sandbox, Selectors, check, discover
from alerts.net.client import Limits
from tests.conftest import NOW
from tests.feeds.origin import Answer, Origin, ok, running_origin, status

pytestmark = pytest.mark.enable_socket
URL = "https://regulator.example.org/oncology/approvals"

# The shape of a regulator's page of approvals: a table with a date and a linked sentence, menus around it.
APPROVALS = b"""<!doctype html><html><head><title>Oncology approvals | Regulator</title></head><body>
<nav><ul><li><a href="/home">Home</a></li><li><a href="/drugs">Drugs</a></li></ul></nav>
<main><h1>Approval notifications</h1><table><thead><tr><th>Approval</th><th>Date</th></tr></thead><tbody>
<tr><td><a href="/a/1">Regulator approves examplinib for <em>KRAS</em>-mutated lung cancer</a></td><td>11/20/2026</td></tr>
<tr><td><a href="/a/2">Regulator grants fast approval to samplumab</a> for children</td><td>11/03/2026</td></tr>
<tr><td>A note without a link</td><td>soon</td></tr></tbody></table></main>
<footer><a href="/imprint">Imprint</a></footer></body></html>"""
ROWS = Selectors(
    item="//main//tbody/tr", title="td[1]", link="string(td[1]//a/@href)", date="td[2]", date_format="%m/%d/%Y"
)
LIST = Selectors(item="//li[.//time]", title="string(.//h3)", date="string(.//time/@datetime)")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as made:
        yield made


def test_a_table_of_approvals_is_read_like_a_feed(box: Sandbox) -> None:
    found = box.page(APPROVALS, URL, ROWS, NOW)
    assert (found.kind, found.title, len(found.entries)) == ("page", "Oncology approvals | Regulator", 3)
    first, second, third = found.entries
    assert first.title == "Regulator approves examplinib for KRAS-mutated lung cancer"
    assert first.link == "https://regulator.example.org/a/1"
    assert str(first.published) == "2026-11-20 00:00:00+00:00"
    assert str(second.published) == "2026-11-03 00:00:00+00:00"
    assert (third.link, third.published) == ("", None)


def test_a_list_of_articles_is_read_like_a_feed(box: Sandbox) -> None:
    page = b"""<ul><li><h3>Label widened</h3><time datetime="2026-11-24T09:30:00Z">today</time>
    <a href="//regulator.example.org/n/1">More</a></li><li>Menu</li></ul>"""
    (entry,) = box.page(page, URL, LIST, NOW).entries
    assert (entry.title, entry.link) == ("Label widened", "https://regulator.example.org/n/1")
    assert str(entry.published) == "2026-11-24 09:30:00+00:00"


def test_a_page_that_was_rebuilt_says_so(box: Sandbox) -> None:
    with pytest.raises(Transient, match="page_empty"):
        box.page(b"<html><body>New design</body></html>", URL, ROWS, NOW)


@pytest.mark.parametrize("path", ["//tr[", "count(//tr)()", "//tr[foo:bar]"])
def test_a_selector_that_is_none_is_told_as_such(box: Sandbox, path: str) -> None:
    with pytest.raises(Permanent, match="bad_selector"):
        box.page(APPROVALS, URL, Selectors(item=path), NOW)


def test_what_stands_on_a_page_is_cleaned(box: Sandbox) -> None:
    page = b"<p class=n><a href='javascript:x()'>News\x00 <script>x()</script>of today</a></p>"
    (entry,) = box.page(page, URL, Selectors(item="//p"), NOW).entries
    assert entry.link == ""
    assert "script" not in entry.title + entry.summary


def at(origin: Origin, answer: Answer, path: str = "/feed") -> str:
    origin.scripts["feed0.example-0.org" + path] = [answer]
    return f"http://feed0.example-0.org:{origin.port}{path}"


def test_an_address_is_tried_before_it_is_added(origin: Origin, box: Sandbox) -> None:
    client = origin.client("Oncowire/1", Limits())
    found = check(at(origin, ok("one", "two")), client, box, NOW)
    assert (found.kind, found.entry_count, found.entries[0].title, found.error_code) == ("rss20", 2, "one", None)
    page = check(at(origin, status(200, APPROVALS)), client, box, NOW, ROWS)
    assert (page.kind, page.entry_count) == ("page", 3)
    assert check(at(origin, status(404)), client, box, NOW).error_code == "http_404"
    assert check("http://10.0.0.1/", client, box, NOW).error_code == "address_refused_private"


def test_the_feeds_that_a_page_names_are_found(origin: Origin, box: Sandbox) -> None:
    client = origin.client("Oncowire/1", Limits())
    page = b"""<html><head><base href="/sub/"><link rel="alternate" type="application/rss+xml" title="News" href="rss.xml">
    <link rel="alternate" type="application/atom+xml" href="javascript:x()"><link rel="stylesheet" href="x.css">
    <link rel="ALTERNATE" type="application/feed+json; charset=utf-8" href="https://other.example.org/feed.json"></head></html>"""
    url = at(origin, status(200, page))
    found = check(url, client, box, NOW)
    base = url.rpartition("/")[0]
    assert found.error_code == "feed_html"
    assert [link.url for link in found.feeds] == [f"{base}/sub/rss.xml", "https://other.example.org/feed.json"]
    assert [link.title for link in discover(url, client, box, NOW)] == ["News", ""]
    assert [link.url for link in discover(at(origin, ok()), client, box, NOW)] == [url]
