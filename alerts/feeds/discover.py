# SPDX-License-Identifier: MIT
"""From a page's address to its feeds: the links that a page declares (RSS autodiscovery, WHATWG link types)."""

from typing import Any

from lxml import etree, html

from alerts.feeds.parse import link, text
from alerts.model import Value

_TYPES = {
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json",
}  # fmt: skip
MAX_LINKS = 20


class FeedLink(Value):
    """A feed that a page names."""

    url: str
    title: str = ""


def feed_links(body: bytes, url: str) -> list[FeedLink]:
    """Feeds declared in <link rel=alternate>, in the page's order; the base element counts. Empty if there are none."""
    try:
        root: Any = html.fromstring(body, parser=html.HTMLParser(no_network=True))
    except (etree.LxmlError, ValueError):
        return []
    base = link(str(root.xpath("string(//base/@href)")), url) or url
    found: dict[str, FeedLink] = {}
    for node in root.iter("link"):
        rel, kind = (node.get("rel") or "").lower().split(), (node.get("type") or "").partition(";")[0].strip().lower()
        declared = ("alternate" in rel and kind in _TYPES) or "feed" in rel
        address = link(node.get("href") or "", base) if declared and node.get("href") else ""
        if address and address not in found:
            found[address] = FeedLink(url=address, title=text(node.get("title") or "")[:200])
    return list(found.values())[:MAX_LINKS]
