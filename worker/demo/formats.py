# SPDX-License-Identifier: MIT
"""Feed documents: RSS 2.0, Atom (RFC 4287) and RSS 1.0 (RDF) with Dublin Core dates, newest item first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr


class Published(NamedTuple):
    """An article as it stands in a feed. `html` is the summary's markup."""

    id: str
    title: str
    html: str
    link: str
    at: datetime


Format = Callable[[str, str, Sequence[Published]], str]


def rss(title: str, home: str, items: Sequence[Published]) -> str:
    body = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        f'<guid isPermaLink="false">{escape(item.id)}</guid><pubDate>{format_datetime(item.at)}</pubDate>'
        f"<description>{escape(item.html)}</description></item>\n"
        for item in items
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{escape(title)}</title>'
        f"<link>{escape(home)}</link><description>{escape(title)}</description>\n{body}</channel></rss>\n"
    )


def atom(title: str, home: str, items: Sequence[Published]) -> str:
    body = "".join(
        f"<entry><id>urn:sample:{escape(item.id)}</id><title>{escape(item.title)}</title>"
        f"<link href={quoteattr(item.link)}/><updated>{item.at.isoformat(timespec='seconds')}</updated>"
        f"<published>{item.at.isoformat(timespec='seconds')}</published>"
        f'<summary type="html">{escape(item.html)}</summary></entry>\n'
        for item in items
    )
    updated = f"<updated>{items[0].at.isoformat(timespec='seconds')}</updated>" if items else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{escape(home)}</id><title>{escape(title)}</title>{updated}"
        f"<author><name>{escape(title)}</name></author>\n{body}</feed>\n"
    )


def rdf(title: str, home: str, items: Sequence[Published]) -> str:
    listed = "".join(f"<rdf:li rdf:resource={quoteattr(item.link)}/>" for item in items)
    body = "".join(
        f"<item rdf:about={quoteattr(item.link)}><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        f"<dc:date>{item.at.isoformat(timespec='seconds')}</dc:date>"
        f"<description><![CDATA[{item.html}]]></description></item>\n"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rdf:RDF xmlns="http://purl.org/rss/1.0/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f"<channel rdf:about={quoteattr(home)}><title>{escape(title)}</title><link>{escape(home)}</link>"
        f"<description>{escape(title)}</description><items><rdf:Seq>{listed}</rdf:Seq></items></channel>\n"
        f"{body}</rdf:RDF>\n"
    )


FORMATS: dict[str, tuple[Format, str]] = {
    "rss": (rss, "application/rss+xml; charset=utf-8"),
    "atom": (atom, "application/atom+xml; charset=utf-8"),
    "rdf": (rdf, "application/rdf+xml; charset=utf-8"),
}
