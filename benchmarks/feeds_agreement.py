# SPDX-License-Identifier: MIT
"""`python -m benchmarks.feeds_agreement FOLDER`: entries, ids and titles of ours, feedparser and a plain reading by lxml."""

import io
import sys
from pathlib import Path
from typing import Any

import feedparser
from lxml import etree

from alerts.errors import OncowireError
from alerts.feeds.parse import parse, text
from tests.conftest import NOW

ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
TITLES = {
    None,
    "http://purl.org/rss/1.0/",
    "http://www.w3.org/2005/Atom",
    "http://purl.org/atom/ns#",
    "http://my.netscape.com/rdf/simple/0.9/",
}
Read = list[tuple[str, str]]


def _name(element: Any) -> str:
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def by_lxml(body: bytes) -> Read | None:
    """None: no well-formed feed."""
    try:
        root: Any = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    entries = [e for e in root.iter() if _name(e) in {"item", "entry"}]
    return [_entry(e) for e in entries] if _name(root) in {"rss", "RDF", "feed"} else None


def _entry(element: Any) -> tuple[str, str]:
    titles = [c for c in element if _name(c) == "title" and etree.QName(c).namespace in TITLES]
    guids = ["".join(c.itertext()).strip() for c in element if _name(c) in {"guid", "id"}]
    return (guids or [element.get(ABOUT, "")])[0], text("".join(titles[0].itertext())) if titles else ""


def by_feedparser(body: bytes) -> Read:
    parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    return [(e.get("id", ""), text(e.get("title", ""))) for e in parsed.entries]


def ours(body: bytes) -> Read:
    try:
        return [(e.guid, e.title) for e in parse(body, "https://example.org/", "", NOW).entries]
    except OncowireError:
        return []


def main(folder: Path) -> None:
    bodies = [(path, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
    formed = [(path, body, read) for path, body in bodies if (read := by_lxml(body)) is not None]
    agreed = [(path, body, read) for path, body, read in formed if by_feedparser(body) == read]
    other = [path.name for path, body, read in agreed if ours(body) != read]
    sys.stdout.write(
        f"well-formed {len(formed)}, peers agree {len(agreed)}, ours the same {len(agreed) - len(other)}\n"
    )
    sys.stdout.writelines(f"  differs: {name}\n" for name in other)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
