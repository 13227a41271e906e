# SPDX-License-Identifier: MIT
"""Feed lists in and out: OPML 2.0 (opml.org/spec2.opml), and the starter list that ships with the product."""

from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

import yaml
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from alerts.errors import InputError


class ListedFeed(NamedTuple):
    url: str
    title: str = ""
    tier: str = "unknown"
    disabled_because: str | None = None


def read_opml(body: bytes) -> list[ListedFeed]:
    """Feeds of an OPML file. Raises InputError(bad_opml)."""
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise InputError("bad_opml", f"the file cannot be read as OPML: {exc}") from None
    outlines = [o for o in root.iter("outline") if o.get("xmlUrl")]
    if not outlines:
        raise InputError("bad_opml", "the file names no feed (outline elements with xmlUrl)")
    return [ListedFeed(o.get("xmlUrl") or "", _title(o), o.get("category") or "unknown") for o in outlines]


def _title(outline: Element) -> str:
    """An address in place of a title is none: then the feed's own counts. `text` is what OPML demands of every outline."""
    said = outline.get("title") or outline.get("text") or ""
    return "" if said == outline.get("xmlUrl") else said


def write_opml(feeds: list[ListedFeed]) -> bytes:
    """The same list as OPML."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = "Oncowire feeds"
    body = SubElement(root, "body")
    for feed in feeds:
        SubElement(body, "outline", type="rss", text=feed.title or feed.url, xmlUrl=feed.url, category=feed.tier)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def starter() -> list[ListedFeed]:
    """The feeds that a new installation starts with; unsure ones carry the reason why they are off."""
    rows = yaml.safe_load((Path(__file__).parent / "starter.yaml").read_text(encoding="utf-8"))
    return [ListedFeed(r["url"], r["title"], r["tier"], r.get("disabled_because")) for r in rows]
