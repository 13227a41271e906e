# SPDX-License-Identifier: MIT
"""A page without a feed as a source: an XPath for its news, and for title, link, summary and date inside each.

Only ever called in the child process (sandbox.py): libxml2 and a person's XPath are both bounded there.
"""

from datetime import UTC, datetime
from typing import Any

from lxml import etree, html

from alerts.errors import Permanent, Transient
from alerts.feeds.dates import clamp, moment
from alerts.feeds.parse import MAX_ENTRIES, MAX_TITLE_CHARS, Document, Entry, Hints, Selectors, clean, link, text


def parse_page(body: bytes, url: str, selectors: Selectors, now: datetime) -> Document:
    """The news of a page, as a feed would list them. Entries are told apart by link, else by title.

    Raises Permanent(bad_selector) for an XPath that cannot be read, Transient(page_empty) where nothing is found: the
    page was rebuilt, and somebody has to look.
    """
    root = _tree(body)
    entries = [_entry(node, url, selectors, now) for node in _find(root, selectors.item)[:MAX_ENTRIES]]
    kept = tuple(e for e in entries if e.title)
    if not kept:
        raise Transient("page_empty", f"nothing on the page is found by {selectors.item!r}; was the page rebuilt?")
    return Document(text(str(_value(root, "string(//title)"))), kept, Hints(), "page")


def _tree(body: bytes) -> Any:
    try:
        return html.fromstring(body, parser=html.HTMLParser(no_network=True, huge_tree=False))
    except (etree.LxmlError, ValueError) as exc:
        raise Transient("feed_malformed", f"not a page: {exc}") from None


def _entry(node: Any, url: str, selectors: Selectors, now: datetime) -> Entry:
    title = text(_value(node, selectors.title))[:MAX_TITLE_CHARS]
    found = _value(node, selectors.link)
    raw = _value(node, selectors.date) if selectors.date else ""
    return Entry(
        "",
        link(found, url) if found else "",
        title,
        clean(_value(node, selectors.summary)),
        raw[:100],
        _date(raw, selectors, now),
    )


def _date(raw: str, selectors: Selectors, now: datetime) -> datetime | None:
    if not selectors.date_format:
        return clamp(moment(raw), now)
    try:
        return clamp(datetime.strptime(raw, selectors.date_format).replace(tzinfo=UTC), now)
    except ValueError:
        return None


def _find(root: Any, path: str) -> list[Any]:
    try:
        found = root.xpath(path)
    except etree.XPathError as exc:
        raise Permanent("bad_selector", f"{path!r} is no XPath: {exc}") from None
    return found if isinstance(found, list) else []


def _value(node: Any, path: str) -> str:
    """Text of the first thing that is found."""
    try:
        found = node.xpath(path)
    except etree.XPathError as exc:
        raise Permanent("bad_selector", f"{path!r} is no XPath: {exc}") from None
    if isinstance(found, list):
        found = found[0] if found else ""
    return " ".join(str(found if isinstance(found, str) else "".join(found.itertext())).split())
