"""Group: item + facts → story. Pure; the store answers "which stories hold any of these keys since then".

for lookup in lookups(item, facts, now):      # the candidates
grouping = decide(item, facts, candidates, now, concepts)
NEW / UPDATE → open_story(…)    SAME → absorb(…)    story_key rows: keys(item, facts)
"""

from alerts.stories.canonical import story_facts
from alerts.stories.decision import decide
from alerts.stories.keys import Lookup, content_hash, keys, lookups
from alerts.stories.story import absorb, leads, open_story
from alerts.stories.urls import url_key

__all__ = [
    "Lookup",
    "absorb",
    "content_hash",
    "decide",
    "keys",
    "leads",
    "lookups",
    "open_story",
    "story_facts",
    "url_key",
]
