# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""

from datetime import datetime

from alerts.model import Facts, Grouping, NewsItem, StoryState


def open_story(story_id: int, item: NewsItem, facts: Facts, grouping: Grouping, now: datetime) -> StoryState:
    """The story that a NEW or UPDATE item opens (id 0 where the store gives the id)."""
    raise NotImplementedError


def absorb(story: StoryState, item: NewsItem, facts: Facts, now: datetime, *, edited: bool = False) -> StoryState:
    """The story after an item joined (or, `edited`, after its only item changed). Unknown facts are filled, known ones stay."""
    raise NotImplementedError


def leads(story: StoryState, item: NewsItem) -> bool:
    """Is the item a better source than the story's lead (then its title heads the story, without a new alert)?"""
    raise NotImplementedError
