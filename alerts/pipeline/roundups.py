# SPDX-License-Identifier: MIT
"""What an item is news of in its own story: of a round-up only what no other story had told."""

from sqlmodel import Session

from alerts.facts import concepts
from alerts.model import Facts
from alerts.store import items, stories
from alerts.store.items import StoredItem
from alerts.stories import is_round_up, untold


def news_of(session: Session, item: StoredItem, story_id: int) -> Facts:
    """The facts that rules are tried on and that an alert of this story states."""
    facts = items.facts_of(session, item)
    if not is_round_up(facts):
        return facts
    parts = [place.story_id for place in stories.places(session, item.id) if place.part and place.story_id != story_id]
    return untold(facts, [stories.load(session, number).facts for number in parts], concepts())
