# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""

from collections.abc import Sequence
from datetime import datetime

from alerts.model import Grouping, NewsItem, StoryState, Value


class Override(Value):
    """A split or merge by hand: outranks the rules, survives re-runs."""

    kind: str  # merge: the item belongs to story_id · split: the item must not be in story_id
    story_id: int
    author: str = ""


def overridden(grouping: Grouping, overrides: Sequence[Override]) -> Grouping:
    """The decision after the overrides of this item have been heard (the newest is last and wins)."""
    raise NotImplementedError


def merged(into: StoryState, other: StoryState, now: datetime) -> StoryState:
    """`into` after `other` was merged into it by hand; the revision stays, so nothing is sent."""
    raise NotImplementedError


def split_off(story: StoryState, item: NewsItem, author: str) -> Grouping:
    """Decision for an item that a person took out of `story`: a new story, related to the old one."""
    raise NotImplementedError
