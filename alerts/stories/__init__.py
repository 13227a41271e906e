"""Group: item + facts → story. Pure; the store answers which stories hold any of these keys.

lookups(item, facts, now)      → what to ask the store for: the candidates
decide(item, facts, candidates, now, concepts) → Grouping, after which `overridden` hears what people said
NEW, UPDATE → open_story(…)    SAME → absorb(…)    keys(item, facts), told_on(item, now) → the rows by which it is found
related(story, others, concepts) → the other stories on its drug, with what keeps them apart
Grouping.also → the further stories of a round-up: no keys, no alert
an edited item → decide_again(…), then rewritten(…) where it is alone in its story, retold(…) for the story it left
"""

from alerts.stories.canonical import is_round_up, story_facts
from alerts.stories.decision import CORRECTED, compared, decide, decide_again
from alerts.stories.keys import Lookup, content_hash, keys, lookups, told_on
from alerts.stories.overrides import Override, overridden
from alerts.stories.related import Related, related, related_lookups
from alerts.stories.round_up import untold
from alerts.stories.shelf import Shelf
from alerts.stories.story import RANK, absorb, headed, leads, open_story, retold, rewritten
from alerts.stories.urls import url_key
from alerts.stories.words import update_line

__all__ = [
    "CORRECTED",
    "RANK",
    "Lookup",
    "Override",
    "Related",
    "Shelf",
    "absorb",
    "compared",
    "content_hash",
    "decide",
    "decide_again",
    "headed",
    "is_round_up",
    "keys",
    "leads",
    "lookups",
    "open_story",
    "overridden",
    "related",
    "related_lookups",
    "retold",
    "rewritten",
    "story_facts",
    "told_on",
    "untold",
    "update_line",
    "url_key",
]
