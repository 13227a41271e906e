"""Group: item + facts → story. Pure; the store answers "which stories hold any of these keys since then".

for lookup in lookups(item, facts, now):          # 1–3 look-ups, each: keys, since, limit
    candidates += stories that hold any of lookup.keys with last_seen >= lookup.since
grouping = decide(item, facts, candidates, now, concepts)
NEW / UPDATE → open_story(0, item, facts, grouping, now)   SAME → absorb(story, item, facts, now)
story_key rows: keys(item, facts), for the story and every item that joins it (none for `grouping.also`)
grouping.also: story_item rows only
"""

from alerts.stories.canonical import story_facts
from alerts.stories.decision import decide, decide_again
from alerts.stories.keys import Lookup, content_hash, keys, lookups
from alerts.stories.overrides import Override, merged, overridden, split_off
from alerts.stories.story import absorb, leads, open_story
from alerts.stories.urls import url_key
from alerts.stories.words import update_line

__all__ = [
    "Lookup",
    "Override",
    "absorb",
    "content_hash",
    "decide",
    "decide_again",
    "keys",
    "leads",
    "lookups",
    "merged",
    "open_story",
    "overridden",
    "split_off",
    "story_facts",
    "update_line",
    "url_key",
]
