# SPDX-License-Identifier: MIT
"""Try an address before it is added: what it is, what it lists, which feeds a page names."""

from datetime import datetime

from alerts.errors import OncowireError, Transient
from alerts.feeds.discover import FeedLink
from alerts.feeds.parse import Document, Selectors
from alerts.feeds.poll import ACCEPT
from alerts.feeds.sandbox import Sandbox
from alerts.model import Value
from alerts.net import Client, Response

SHOWN = 10


class Listed(Value):
    """One entry as it would be stored."""

    title: str
    link: str
    published: datetime | None
    guid: str


class Checked(Value):
    """What stands at an address. `error_code` is set where it cannot be polled as it is; `feeds` are what to add instead."""

    url: str
    final_url: str
    status: int | None = None
    kind: str = ""
    title: str = ""
    entry_count: int = 0
    entries: tuple[Listed, ...] = ()
    feeds: tuple[FeedLink, ...] = ()
    error_code: str | None = None
    error_text: str | None = None


def check(url: str, client: Client, reader: Sandbox, now: datetime, selectors: Selectors | None = None) -> Checked:
    """One fetch, nothing stored. With `selectors` the address is read as a page without a feed. Never raises for a fault
    of the address or of what stands there."""
    try:
        response = client.get(url, {"Accept": ACCEPT})
    except OncowireError as exc:
        return Checked(url=url, final_url=url, error_code=exc.code, error_text=exc.message)
    made = Checked(url=url, final_url=response.url, status=response.status)
    try:
        return _described(made, _read(response, reader, now, selectors))
    except OncowireError as exc:
        links = reader.links(response.body, response.url) if response.status == 200 and exc.code == "feed_html" else []
        feeds = tuple(FeedLink(**link) for link in links)
        return made.model_copy(update={"error_code": exc.code, "error_text": exc.message, "feeds": feeds})


def _read(response: Response, reader: Sandbox, now: datetime, selectors: Selectors | None) -> Document:
    if response.status != 200:
        raise Transient(f"http_{response.status}", f"the server answered {response.status}")
    if selectors is not None:
        return reader.page(response.body, response.url, selectors, now)
    return reader.feed(response.body, response.url, response.headers.get("content-type", ""), now)


def _described(made: Checked, document: Document) -> Checked:
    shown = tuple(
        Listed(title=e.title, link=e.link, published=e.published, guid=e.guid) for e in document.entries[:SHOWN]
    )
    return made.model_copy(
        update={"kind": document.kind, "title": document.title, "entry_count": len(document.entries), "entries": shown}
    )


def discover(url: str, client: Client, reader: Sandbox, now: datetime) -> list[FeedLink]:
    """Feeds at or declared by an address: itself if it is one, else those its page names."""
    found = check(url, client, reader, now)
    if found.error_code is None:
        return [FeedLink(url=found.final_url, title=found.title)]
    return list(found.feeds)
