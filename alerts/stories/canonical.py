# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""

from alerts.model import Facts, NewsItem, StoryFacts


def story_facts(facts: Facts, item: NewsItem | None = None) -> StoryFacts:
    """Canonical facts of an item: the foreground claims of its main event, as a story keeps them."""
    raise NotImplementedError
