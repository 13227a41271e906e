# SPDX-License-Identifier: MIT
"""Our own labelled streams and how a grouping of one is scored: as outside checks score theirs.

stream.yaml was read while the rules were written; streams 2 to 15 were labelled before the grouper first saw them.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from alerts.model import EventFact, EventType, Facts, NewsItem, SourceTier


class Told(NamedTuple):
    """An item with its true story, "family/story", and where they are labelled its news: (drugs, cancers, event, body, day)."""

    item: NewsItem
    story: str
    claims: Sequence[Sequence[Any]] = ()


class Score(NamedTuple):
    """`silenced`: stories of which no item opened a group; `alerts`: groups opened for each true story."""

    precision: float
    recall: float
    silenced: list[str]
    alerts: float
    wrong: list[tuple[str, str, str]]  # (merged | apart, title, title)


(
    STREAM,
    SECOND,
    THIRD,
    FOURTH,
    FIFTH,
    SIXTH,
    SEVENTH,
    EIGHTH,
    NINTH,
    TENTH,
    ELEVENTH,
    TWELFTH,
    THIRTEENTH,
    FOURTEENTH,
    FIFTEENTH,
) = (Path(__file__).parent / f"stream{number}.yaml" for number in ("", 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))


def stream(path: Path = STREAM) -> list[Told]:
    """In the order in which the items are seen; one without a date is seen just after the item above it."""
    families = yaml.safe_load(path.read_text(encoding="utf-8"))
    found: list[tuple[datetime, int, Told]] = []
    seen = datetime.min.replace(tzinfo=UTC)
    for family, stories in families.items():
        for story, items in stories.items():
            for day, tier, title, text, *more in items:
                rest = more[0] if more else {}
                item = _item(len(found), day, tier, title, text, rest.get("link", ""))
                seen = _moment(rest.get("seen", day)) if day else seen
                found.append((seen, len(found), Told(item, f"{family}/{story}", rest.get("claims", ()))))
    return [told for _, _, told in sorted(found, key=lambda row: row[:2])]


def _item(number: int, day: date | None, tier: str, title: str, text: str, link: str) -> NewsItem:
    return NewsItem(
        id=f"i{number}",
        title=title,
        summary=text,
        link=link,
        published=_moment(day) if day else None,
        tier=SourceTier(tier),
        source=f"{tier} {number}",
    )


def _moment(day: Any) -> datetime:
    """A day stands for its noon."""
    return day.replace(tzinfo=UTC) if isinstance(day, datetime) else datetime.combine(day, time(12), UTC)


def score(items: list[Told], groups: Mapping[str, object]) -> Score:
    """`groups`: id of an item → id of its group. Pairs are counted inside a family, where they are hard."""
    tp = fp = fn = 0
    wrong = []
    for a, b in itertools.combinations(items, 2):
        if a.story.partition("/")[0] != b.story.partition("/")[0]:
            continue
        same, merged = a.story == b.story, groups[a.item.id] == groups[b.item.id]
        tp, fp, fn = tp + (same and merged), fp + (merged and not same), fn + (same and not merged)
        if same != merged:
            wrong.append(("merged" if merged else "apart", a.item.title, b.item.title))
    opened: dict[object, str] = {}
    for told in items:
        opened.setdefault(groups[told.item.id], told.story)
    stories = {told.story for told in items}
    silenced = sorted(stories - set(opened.values()))
    return Score(tp / (tp + fp or 1), tp / (tp + fn or 1), silenced, len(opened) / len(stories), wrong)


def garbled(facts: Facts, rng: random.Random, wrong_event: float, lost_drug: float) -> Facts:
    """As a reader that errs would find them: now and then another event, now and then no drug."""
    if rng.random() < wrong_event:
        event = rng.choice([e for e in EventType if e not in {EventType.UNKNOWN, facts.event.type}])
        claims = tuple(c.model_copy(update={"event": event, "status": None}) for c in facts.claims)
        facts = facts.model_copy(update={"event": EventFact(type=event), "claims": claims})
    if rng.random() < lost_drug:
        claims = tuple(c.model_copy(update={"drugs": ()}) for c in facts.claims)
        facts = facts.model_copy(update={"drugs": (), "claims": claims})
    return facts
