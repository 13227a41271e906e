# SPDX-License-Identifier: MIT
"""The same piece of news in every format that feeds have come in."""

import json

import pytest

from alerts.feeds.parse import Document, parse
from tests.conftest import NOW

TITLE, LINK, TEXT = "Label widened", "https://example.org/n/1", "The label was widened."
RSS_DATE, ISO_DATE = "Mon, 23 Nov 2026 09:30:00 GMT", "2026-11-23T09:30:00Z"
PLAIN = f"<title>{TITLE}</title><link>{LINK}</link><description>{TEXT}</description>"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
SAID = f"<media:title>{TITLE}</media:title><media:description>{TEXT}</media:description>"
SHOWN = f'<media:content url="{LINK}.mp4" medium="video"/>'


def rss(version: str, item: str, names: str = "") -> str:
    return f'<rss version="{version}" {names}><channel><title>Wire</title><item>{item}</item></channel></rss>'


def atom(names: str, entry: str) -> str:
    return f"<feed {names}><title>Wire</title><entry>{entry}</entry></feed>"


def rdf(names: str, item: str) -> str:
    return f'<rdf:RDF xmlns:rdf="{RDF}" {names}><channel><title>Wire</title></channel>{item}</rdf:RDF>'


ATOM_ENTRY = f'<title>{TITLE}</title><link rel="alternate" href="{LINK}"/><id>{LINK}</id><summary>{TEXT}</summary>'
FORMATS = {
    "rss090": rdf('xmlns="http://my.netscape.com/rdf/simple/0.9/"', f"<item>{PLAIN}</item>"),
    "rss091u": rss("0.91", PLAIN),
    "rss092": rss("0.92", f"{PLAIN}<pubDate>{RSS_DATE}</pubDate>"),
    "rss093": rss("0.93", f"{PLAIN}<pubDate>{RSS_DATE}</pubDate>"),
    "rss094": rss("0.94", f"{PLAIN}<pubDate>{RSS_DATE}</pubDate>"),
    "rss20": rss("2.0", f"{PLAIN}<guid>{LINK}</guid><pubDate>{RSS_DATE}</pubDate>"),
    "rss10": rdf(
        f'xmlns="http://purl.org/rss/1.0/" {DC}',
        f'<item rdf:about="{LINK}">{PLAIN}<dc:date>{ISO_DATE}</dc:date></item>',
    ),
    "atom03": atom('version="0.3" xmlns="http://purl.org/atom/ns#"', f"{ATOM_ENTRY}<issued>{ISO_DATE}</issued>"),
    "atom10": atom('xmlns="http://www.w3.org/2005/Atom"', f"{ATOM_ENTRY}<published>{ISO_DATE}</published>"),
    "json11": json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Wire",
            "items": [{"id": LINK, "url": LINK, "title": TITLE, "content_text": TEXT, "date_published": ISO_DATE}],
        }
    ),
}
MEDIA_RSS = {
    "beside what RSS has": rss("2.0", f"{PLAIN}<pubDate>{RSS_DATE}</pubDate>{SHOWN}{SAID}", MEDIA),
    "in place of it": rss("2.0", f"<link>{LINK}</link><pubDate>{RSS_DATE}</pubDate>{SHOWN}{SAID}", MEDIA),
    "in a group of an Atom entry": atom(
        f'xmlns="http://www.w3.org/2005/Atom" {MEDIA}',
        f'<title>{TITLE}</title><link href="{LINK}"/><published>{ISO_DATE}</published><media:group>{SHOWN}{SAID}</media:group>',
    ),
}


def read(body: str) -> Document:
    return parse(body.encode(), "https://example.org/feed", "", NOW)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_says_the_same(kind: str) -> None:
    document = read(FORMATS[kind])
    (entry,) = document.entries
    assert (document.kind, document.title) == (kind, "Wire")
    assert (entry.title, entry.link, entry.summary) == (TITLE, LINK, TEXT)
    assert entry.guid in ({LINK} if kind in {"rss20", "rss10", "atom03", "atom10", "json11"} else {"", LINK})
    dated = kind not in {"rss090", "rss091u"}  # which have no dates
    assert (str(entry.published) == "2026-11-23 09:30:00+00:00") is dated


@pytest.mark.parametrize("where", MEDIA_RSS)
def test_media_rss_is_read(where: str) -> None:
    (entry,) = read(MEDIA_RSS[where]).entries
    assert (entry.title, entry.link, entry.summary) == (TITLE, LINK, TEXT)
