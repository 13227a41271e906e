# SPDX-License-Identifier: MIT
"""Keys by which a story is found again: exact ones (address, text) and one per drug, or trial, or company."""

import hashlib
import re
from datetime import datetime, timedelta

from alerts.model import Facts, NewsItem, Value
from alerts.stories.canonical import story_facts
from alerts.stories.urls import url_key

WINDOW = timedelta(days=45)  # one event is told over weeks: by a regulator, the trade, a company's restatement
STEPS = timedelta(days=900)  # an earlier step of the same story may be years back
MAX_CANDIDATES = 60


class Lookup(Value):
    """One question to the store: stories that hold any of `keys`, seen since `since`, newest first, at most `limit`."""

    keys: tuple[str, ...]
    since: datetime
    limit: int


def words(text: str) -> list[str]:
    """Lower-case words without markup."""
    return re.findall(r"[a-z0-9]+", re.sub(r"<[^>]*>|&[a-z#0-9]+;", " ", text).lower())


def content_hash(title: str, summary: str) -> str:
    """Hash of normalised title + summary; a title alone hashes apart from a title with a text."""
    return hashlib.sha256(f"{' '.join(words(title))}|{' '.join(words(summary))}".encode()).hexdigest()[:24]


def exact_keys(item: NewsItem) -> tuple[str, ...]:
    """Address and, where there is a text, its hash: a title alone never merges."""
    address = url_key(item.link) if item.link else ""
    found = [f"url:{address}"] if address else []
    if len(words(item.summary)) > 5:
        found.append(f"text:{content_hash(item.title, item.summary)}")
    return tuple(found)


def fact_keys(facts: Facts) -> tuple[str, ...]:
    """One per drug; without a drug one per trial, else one per company."""
    canonical = story_facts(facts)
    if canonical.drugs:
        return tuple(f"drug:{d}" for d in canonical.drugs)
    return tuple(f"trial:{t}" for t in canonical.trials) or tuple(f"company:{c}" for c in canonical.companies)


def keys(item: NewsItem, facts: Facts) -> tuple[str, ...]:
    """Keys to store for an item."""
    return (*exact_keys(item), *fact_keys(facts))


def lookups(item: NewsItem, facts: Facts, now: datetime) -> tuple[Lookup, ...]:
    """What to ask the store before `decide`."""
    asked = ((exact_keys(item), now - WINDOW), (fact_keys(facts), now - STEPS))
    return tuple(Lookup(keys=k, since=since, limit=MAX_CANDIDATES) for k, since in asked if k)
