# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""

from collections.abc import Sequence
from datetime import datetime

from alerts.model import Concepts, Facts, Grouping, NewsItem, StoryState


def decide(
    item: NewsItem, facts: Facts, candidates: Sequence[StoryState], now: datetime, concepts: Concepts
) -> Grouping:
    """New story, same story or update, with the reason in words. `candidates`: what `lookups` found; order is irrelevant."""
    raise NotImplementedError


def decide_again(
    item: NewsItem,
    facts: Facts,
    story: StoryState,
    members: int,
    candidates: Sequence[StoryState],
    now: datetime,
    concepts: Concepts,
) -> Grouping:
    """An edited item (same guid, new facts) of `story` that has `members` items: SAME if it stays, else as `decide`."""
    raise NotImplementedError
