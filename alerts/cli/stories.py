# SPDX-License-Identifier: MIT
"""Commands on stories: group."""

from datetime import UTC, datetime
from itertools import count
from typing import Annotated, Any

import typer

from alerts.cli import jsonl
from alerts.facts import concepts, reader
from alerts.model import Decision, StoryState
from alerts.stories import absorb, decide, keys, lookups, open_story


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(group)


class _Memory:
    """A store for one run of `group`: the same look-ups as the database, nothing is written."""

    def __init__(self) -> None:
        self._stories: dict[int, StoryState] = {}
        self._by_key: dict[str, dict[int, datetime]] = {}
        self._numbers = count(1)

    def place(self, record: dict[str, Any], number: int) -> dict[str, Any]:
        item = jsonl.news_item(record, number)
        now = item.published or datetime.now(UTC)
        item = item.model_copy(update={"first_seen": now})
        facts = reader().read(item)
        found = {
            s
            for look in lookups(item, facts, now)
            for k in look.keys
            for s, at in self._by_key.get(k, {}).items()
            if at >= look.since
        }
        grouping = decide(item, facts, [self._stories[s] for s in found], now, concepts())
        if grouping.decision is Decision.SAME and grouping.story_id is not None:
            story = absorb(self._stories[grouping.story_id], item, facts, now)
        else:
            story = open_story(next(self._numbers), item, facts, grouping, now)
        self._stories[story.id] = story
        for key in keys(item, facts):
            self._by_key.setdefault(key, {})[story.id] = now
        follows = str(grouping.follows) if grouping.follows else None
        reason = grouping.reason.model_dump(mode="json")
        return {
            "id": record.get("id", item.id),
            "story": str(story.id),
            "decision": grouping.decision.value,
            "follows": follows,
            "reason": reason,
        }


def group(
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON Lines in and out.")] = False,
) -> None:
    """Group items (in time order) into stories, with the reason for each; nothing is written."""
    if not as_jsonl:
        raise typer.BadParameter("only --jsonl is supported: one JSON object a line on standard input")
    memory, numbers = _Memory(), count(1)
    jsonl.run(lambda record: memory.place(record, next(numbers)))
