# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""

from datetime import datetime

from alerts.model import Facts, NewsItem, Value


class Lookup(Value):
    """One question to the store: stories that hold any of `keys`, seen since `since`, newest first, at most `limit`."""

    keys: tuple[str, ...]
    since: datetime
    limit: int


def content_hash(title: str, summary: str) -> str:
    """Hash of normalised title + summary; a title alone hashes apart from a title with a text."""
    raise NotImplementedError


def keys(item: NewsItem, facts: Facts) -> tuple[str, ...]:
    """Keys to store for an item: URL, content, per drug and event, per company, per trial, MinHash bands."""
    raise NotImplementedError


def lookups(item: NewsItem, facts: Facts, now: datetime) -> tuple[Lookup, ...]:
    """What to ask the store before `decide`: exact repeats, same-event stories in the window, earlier steps."""
    raise NotImplementedError
