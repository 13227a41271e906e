# SPDX-License-Identifier: MIT
"""Articles behind thin summaries: off unless a feed's options ask for it, one fetch an item, robots.txt obeyed."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from alerts.errors import OncowireError
from alerts.feeds.decide import Change
from alerts.feeds.parse import Entry, text
from alerts.net import Client

PRODUCT = "Oncowire"  # the name that robots.txt may address
THIN_CHARS = 200
MAX_A_POLL = 5
GAP_S = 1.0
BUDGET_S = 20.0  # for all articles of a poll, so that they never outlast the job that polls
ROBOTS_FRESH = timedelta(hours=24)  # RFC 9309 §2.4: no longer than a day
MAX_ROBOTS_BYTES = 512_000  # RFC 9309 §2.5: at least 500 KiB must be read


class _Rules(NamedTuple):
    read_at: datetime
    rules: RobotFileParser


class Robots:
    """What sites allow, read once a day for each origin."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._known: dict[str, _Rules] = {}

    def allows(self, url: str, now: datetime, within_s: float | None = None) -> bool:
        """RFC 9309: no robots.txt (4xx) allows all; one that cannot be had (5xx, no answer) forbids all."""
        if not self.client.may_fetch(url):
            return False
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._known.get(origin)
        if known is None or now - known.read_at > ROBOTS_FRESH:
            known = self._known[origin] = _Rules(now, self._read(origin, within_s))
        return known.rules.can_fetch(PRODUCT, url)

    def _read(self, origin: str, within_s: float | None) -> RobotFileParser:
        rules = RobotFileParser()
        try:
            response = self.client.get(origin + "/robots.txt", {"Accept": "text/plain"}, within_s)
        except OncowireError:
            rules.parse(["User-agent: *", "Disallow: /"])
            return rules
        if response.status >= 500 or response.status == 429:
            rules.parse(["User-agent: *", "Disallow: /"])
        elif response.status == 200:
            rules.parse(response.body[:MAX_ROBOTS_BYTES].decode("utf-8", "replace").splitlines())
        else:
            rules.parse([])
        return rules


def thin(entry: Entry) -> bool:
    """Too little for facts: a short summary, or the title said again."""
    plain = text(entry.summary)
    rest = plain.replace(entry.title, "")
    return bool(entry.link) and (len(plain) < THIN_CHARS or len(re.sub(r"\W", "", rest)) < THIN_CHARS // 4)


def read_articles(
    found: Sequence[Change],
    robots: Robots,
    main_text: Callable[[bytes, str], str],
    now: datetime,
    pause: Callable[[float], None],
) -> list[Change]:
    """The same changes, thin summaries replaced by the article's main text where it may and can be had.

    Only what people will be told of, five a poll, a second apart, all within BUDGET_S. The content hash stays that of the
    feed's own entry.
    """
    made, fetched, end = [], 0, time.monotonic() + BUDGET_S
    for change in found:
        wanted = change.silent is None and fetched < MAX_A_POLL and thin(change.entry)
        if wanted and (left_s := end - time.monotonic()) > GAP_S and robots.allows(change.entry.link, now, left_s):
            pause(GAP_S)
            fetched += 1
            change = change._replace(entry=_filled(change.entry, robots.client, main_text, end - time.monotonic()))
        made.append(change)
    return made


def _filled(entry: Entry, client: Client, main_text: Callable[[bytes, str], str], within_s: float) -> Entry:
    """An article that cannot be had costs nothing: the summary stays."""
    if within_s <= 0:
        return entry
    try:
        response = client.get(entry.link, {"Accept": "text/html, application/xhtml+xml;q=0.9"}, within_s)
        found = main_text(response.body, response.url) if response.status == 200 else ""
    except OncowireError:
        return entry
    return entry._replace(summary=found) if len(found) > len(entry.summary) else entry
