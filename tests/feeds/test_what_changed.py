# SPDX-License-Identifier: MIT
"""What makes an entry the same, and what makes it an update, over the habits of real feeds."""

import json

import pytest

from alerts.feeds import Options
from alerts.feeds.decide import changes
from alerts.feeds.parse import Document, parse
from tests.conftest import NOW, shared
from tests.feeds.test_poll import rss

GOOGLE = "https://news.google.com/rss/articles/CBMi"


def read(*items: str) -> Document:
    return parse(rss(*items), "https://example.org/feed", "", NOW)


def item(
    title: str, link: str = "", guid: str = "", date: str = "Tue, 24 Nov 2026 11:00:00 GMT", text: str = ""
) -> str:
    marks = f"<guid>{guid}</guid>" if guid else ""
    marks += f"<pubDate>{date}</pubDate><description>{text}</description>"
    return f"<item><title>{title}</title><link>{link}</link>{marks}</item>"


def kinds(*documents: Document, mode: str = "auto") -> list[list[str]]:
    """What each of the documents brings, one after the other."""
    known: dict[str, str] = {}
    links: dict[str, str] = {}
    made = []
    for document in documents:
        found = changes(document, known, links, first_import=False, now=NOW, mode=mode)
        known |= {c.identity: c.content_hash for c in found}
        links |= {c.entry.link: c.identity for c in found if c.entry.link}
        made.append([c.kind for c in found])
    return made


def test_an_aggregator_that_dates_anew_and_spells_the_outlet_otherwise_brings_nothing() -> None:
    first = item("Drug approved in Europe - Example News", GOOGLE, "CBMi")
    again = item("Drug approved in Europe - example.com", GOOGLE, "CBMi", "Tue, 24 Nov 2026 07:00:00 GMT", "More")
    assert kinds(read(first), read(again)) == [["new"], []]


def test_an_aggregator_with_another_headline_brings_an_update() -> None:
    first, other = item("One thing - Example", GOOGLE, "CBMi"), item("Another thing - Example", GOOGLE, "CBMi")
    assert kinds(read(first), read(other)) == [["new"], ["updated"]]


def test_an_evergreen_page_that_is_dated_anew_every_day_brings_nothing() -> None:
    days = [
        item("Table of approvals", "https://example.gov/table", date=f"{n} Nov 2026 09:00:00 GMT") for n in (20, 21, 22)
    ]
    assert kinds(*map(read, days)) == [["new"], [], []]


def test_a_changed_guid_under_a_known_address_is_an_update_and_two_at_once_are_two() -> None:
    link = "https://example.org/live"
    one, two = item("First news", link, "1"), item("Second news", link, "2")
    assert kinds(read(one), read(two)) == [["new"], ["updated"]]
    assert kinds(read(one, two), read(one, two)) == [["new", "new"], []]


@pytest.mark.parametrize(
    ("mode", "found"),
    [("auto", [["new", "new"], []]), ("guid", [["new"], []]), ("link", [["new"], []]), ("text", [["new", "new"], []])],
)
def test_a_person_says_what_makes_an_entry_the_same(mode: str, found: list[list[str]]) -> None:
    """All entries with one guid and one link, as some feeds have it: by them there is one entry only."""
    assert Options.model_validate({"identity": mode}).identity == mode
    both = read(item("First", "https://example.org/", "0"), item("Second", "https://example.org/", "0"))
    assert kinds(both, both, mode=mode)[0] == found[0]


def test_an_entry_that_says_nothing_counts_as_with_other_parsers_and_is_no_item() -> None:
    document = read("<item><author>Alice</author></item>", "<item></item>", item("News"))
    assert [entry.title for entry in document.entries] == ["", "", "News"]
    assert kinds(document, document) == [["new"], []]


def test_real_entries_that_changed_are_never_new_again_and_dates_alone_are_no_update() -> None:
    """117 entries; 82 changed in their date only."""
    entries = [json.loads(line) for line in shared("eval/updates-dev.jsonl").read_text(encoding="utf-8").splitlines()]
    for each in entries:
        link = each["url"].replace("&", "&amp;")
        after = kinds(*[read(item(f"<![CDATA[{v['title']}]]>", link)) for v in each["versions"]])[1:]
        assert all("new" not in found for found in after)
        assert each["changed"] != ["published"] or not any(after)
    assert len(entries) > 100
