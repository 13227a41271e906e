# SPDX-License-Identifier: MIT
"""Keys by which a story is found again: exact ones (address, text), facts, and words where no drug is named.

`keys` are stored for a story with the day on which the item was told (`told_on`); `lookups` asks for them. A family of
events shares a key, because an outlet may call an approval a label expansion; the guard (compare.py) decides, a key only
proposes. Days are those of the news, not of our clock: a feed that is two days late is looked up where it belongs.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from alerts.model import EventType, Facts, NewsItem, StoryFacts, Value
from alerts.stories import rules
from alerts.stories.canonical import parts_of, story_facts, told_at
from alerts.stories.texts import bands, classes_of, rare_words, summary_of, text_of, title_of, words
from alerts.stories.urls import url_key

EXACT_SPAN = timedelta(days=400)  # a feed that lost its memory shows last year's articles again
ACT_SPAN = timedelta(days=3)  # an act of a body told without the drug's name, found by the body
NAMELESS_SPAN = timedelta(days=10)  # without a drug, only the days around count as the same news
FAMILIES = sorted({rules.family(event) for event in EventType})
LEAST_WORDS = 6  # of a title or a summary, for its hash to mean anything


class Lookup(Value):
    """One question to the store: stories that hold any of `keys`, told between two days; for each key the latest ones."""

    keys: tuple[str, ...]
    first: date
    last: date
    limit: int  # of stories for each key


def told_on(item: NewsItem, now: datetime) -> date:
    """The day (UTC) under which the keys of an item are stored: its publication, else the day on which we saw it."""
    told = told_at(item if item.first_seen else item.model_copy(update={"first_seen": now})) or now
    return told.astimezone(UTC).date()


def content_hash(title: str, summary: str) -> str:
    """Hash of normalised title + summary; a title alone hashes apart from a title with a text."""
    return hashlib.sha256(f"{' '.join(words(title))}|{' '.join(words(summary))}".encode()).hexdigest()[:24]


def exact_keys(item: NewsItem) -> tuple[str, ...]:
    """Address, title and, where there is a text, the hash of both: a title alone never merges."""
    address = url_key(item.link) if item.link else ""
    found = [f"url:{address}"] if address else []
    if len(words(title_of(item))) >= LEAST_WORDS:
        found.append(f"title:{content_hash(title_of(item), '')}")
    if len(words(summary_of(item))) >= LEAST_WORDS:
        found.append(f"text:{content_hash(title_of(item), summary_of(item))}")
    return tuple(found)


def keys(item: NewsItem, facts: Facts) -> tuple[str, ...]:
    """Keys to store for an item and its story. A round-up gives only exact ones, so that it never bridges stories."""
    mine = story_facts(facts, item)
    if mine.round_up:
        return exact_keys(item)
    family = rules.family(mine.event)
    named = (f"de:{drug}:{family}" for drug in _drugs(mine))
    used = (f"dc:{drug}:{cancer}" for drug in _drugs(mine) for cancer in _cancers(mine))
    return _once((*exact_keys(item), *named, *used, *_nameless(item, mine), *_acts(mine, named=bool(mine.drugs))))


def lookups(item: NewsItem, facts: Facts, now: datetime) -> tuple[Lookup, ...]:
    """What to ask the store before `decide`: exact repeats, the same event, nameless news, earlier steps."""
    told = told_on(item, now)
    parts = parts_of(facts, item) or (story_facts(facts, item),)
    began = min((told, *(part.event_date for part in parts if part.event_date)))
    asked = (
        (exact_keys(item), told - EXACT_SPAN, told + EXACT_SPAN, 20),
        (_once(k for part in parts for k in _same_event(part)), began - rules.WINDOW, told + rules.WINDOW, 60),
        (
            _once(k for part in parts for k in _asked_nameless(item, part)),
            told - NAMELESS_SPAN,
            told + NAMELESS_SPAN,
            60,
        ),
        (_once(k for part in parts for k in _acts_asked(part)), told - ACT_SPAN, told + ACT_SPAN, 30),
        (_once(k for part in parts for k in _earlier(part)), told - rules.STEP_SPAN, told, 8),
    )
    return tuple(Lookup(keys=k, first=first, last=last, limit=limit) for k, first, last, limit in asked if k)


def _same_event(mine: StoryFacts) -> Iterable[str]:
    own = rules.family(mine.event)
    families = set(FAMILIES) if own == "?" else {own, "?"} | _neighbours(mine.event)
    return [f"de:{drug}:{name}" for drug in _drugs(mine) for name in sorted(families)]


def _neighbours(event: EventType) -> set[str]:
    groups = [group for group in (*rules.ALIKE, *rules.UNSURE) if event in group]
    return {rules.family(other) for group in groups for other in group}


def _earlier(mine: StoryFacts) -> Iterable[str]:
    """By drug and cancer, as a step is one of the same use; by drug for a cancer that is named wider; by trial."""
    before = sorted(
        {rules.family(event) for step in rules.STEPS for event, _ in step.after if _reaches(step, mine.event)}
    )
    uses = [f"{drug}:{cancer}" for drug in _drugs(mine) for cancer in mine.indications]
    named = [f"dc:{use}:{family}" for use in uses for family in before]
    return [
        *named,
        *(f"de:{drug}:{family}" for drug in _drugs(mine) for family in before),
        *(f"t:{t}" for t in mine.trials),
    ]


def _reaches(step: rules.Step, event: EventType) -> bool:
    return any(event is later for later, _ in step.then)


def _drugs(mine: StoryFacts) -> list[str]:
    """With the named regimen beside its parts: another outlet may tell only its name."""
    return sorted(rules.subject_drugs(mine.drugs) | (rules.regimens(mine.named) if mine.drugs else frozenset()))


def _nameless(item: NewsItem, mine: StoryFacts) -> tuple[str, ...]:
    """Cancer and company with event, and trial; where no drug is named also rare words and bands of the text."""
    family = rules.family(mine.event)
    found = [f"ie:{cancer}" for cancer in _cancers(mine)] + [
        f"nd:{cancer}" for cancer in _cancers(mine) if not mine.drugs
    ]
    found += [*(f"ce:{company}:{family}" for company in mine.companies), *(f"t:{trial}" for trial in mine.trials)]
    if rules.class_wide(mine.drugs):
        found += [f"cl:{name}" for name in classes_of(text_of(item))]
    if not mine.drugs:
        found += [f"mh:{band}" for band in bands(text_of(item))]
    if not mine.drugs or not mine.companies:
        found += [f"w:{word}" for word in rare_words(title_of(item), 4 if not mine.drugs else 2)]
    return tuple(found)


def _acts(mine: StoryFacts, *, named: bool) -> tuple[str, ...]:
    """What a body decided, apart for stories that name a drug (many) and that name none (few)."""
    body = rules.body(mine.regulator)
    if body is None or mine.event not in rules.REGULATORY:
        return ()
    return (f"{'bd' if named else 'bn'}:{body}:{rules.family(mine.event)}",)


def _acts_asked(mine: StoryFacts) -> tuple[str, ...]:
    """A nameless act may be any of the body's; one that names its drug may have been told without it."""
    return _acts(mine, named=False) + (_acts(mine, named=True) if not mine.drugs else ())


def _asked_nameless(item: NewsItem, mine: StoryFacts) -> tuple[str, ...]:
    """As stored, and the company's news of neighbouring kinds: what one outlet left open another may have named."""
    own = rules.family(mine.event)
    families = set(FAMILIES) if own == "?" else {own, "?"} | _neighbours(mine.event)
    wider = [f"ce:{company}:{name}" for company in mine.companies for name in sorted(families)]
    named = [f"w:{word}" for word in rare_words(title_of(item))]
    nameless = [f"nd:{cancer}" for cancer in _cancers(mine)]
    stored = (key for key in _nameless(item, mine) if not (mine.drugs and key.startswith("ie:")))
    return _once((*stored, *wider, *named, *nameless))


def _cancers(mine: StoryFacts) -> list[str]:
    """Cancer with the family of the event: how an item that names no drug is found, and finds."""
    family = "study" if mine.event is EventType.RESEARCH and not mine.drugs else rules.family(mine.event)
    return [] if family == "?" else [f"{c}:{family}" for c in mine.indications if c not in rules.GENERIC]


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
