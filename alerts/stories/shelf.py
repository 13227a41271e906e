# SPDX-License-Identifier: MIT
"""Stories in memory, found by the same keys as in the store: for `oncowire group`, rehearsals and tests."""

from datetime import date, datetime
from itertools import count

from alerts.model import Concepts, Decision, Facts, Grouping, NewsItem, StoryState
from alerts.stories.decision import decide
from alerts.stories.keys import Lookup, keys, lookups, told_on
from alerts.stories.story import absorb, open_story


class Shelf:
    """Grows with every item that is placed; nothing is ever forgotten."""

    def __init__(self, concepts: Concepts) -> None:
        self.stories: dict[int, StoryState] = {}
        self._concepts = concepts
        self._by_key: dict[str, dict[int, date]] = {}
        self._numbers = count(1)

    def place(self, item: NewsItem, facts: Facts, now: datetime) -> tuple[int, Grouping]:
        """The story that the item is in now, and why."""
        found = {story_id for look in lookups(item, facts, now) for story_id in self._found(look)}
        grouping = decide(item, facts, [self.stories[number] for number in found], now, self._concepts)
        if grouping.decision is Decision.SAME and grouping.story_id is not None:
            story = absorb(self.stories[grouping.story_id], item, facts, now)
        else:
            story = open_story(next(self._numbers), item, facts, grouping, now)
        self.stories[story.id] = story
        for key in keys(item, facts):
            self._by_key.setdefault(key, {}).setdefault(story.id, told_on(item, now))
        return story.id, grouping

    def _found(self, look: Lookup) -> set[int]:
        return {story_id for key in look.keys for story_id in self._latest(key, look)}

    def _latest(self, key: str, look: Lookup) -> list[int]:
        held = self._by_key.get(key, {})
        near = [(day, story_id) for story_id, day in held.items() if look.first <= day <= look.last]
        return [story_id for _, story_id in sorted(near, reverse=True)[: look.limit]]
