# SPDX-License-Identifier: MIT
"""Commands on stories: group."""

from datetime import UTC, datetime
from itertools import count
from typing import Annotated, Any

import typer

from alerts.cli import jsonl
from alerts.facts import concepts, reader
from alerts.stories import Shelf


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(group)


def group(
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="JSON Lines in and out.")] = False,
) -> None:
    """Group items (in time order) into stories, with the reason for each; nothing is written."""
    if not as_jsonl:
        raise typer.BadParameter("only --jsonl is supported: one JSON object a line on standard input")
    desk = _Desk()
    jsonl.run(desk.place)


class _Desk:
    """Items in time order: each counts as seen when it was published, one without a date when the one before it was."""

    def __init__(self) -> None:
        self._shelf, self._numbers = Shelf(concepts()), count(1)
        self._now = datetime.now(UTC)

    def place(self, record: dict[str, Any]) -> dict[str, Any]:
        item = jsonl.news_item(record, next(self._numbers))
        self._now = item.published or self._now
        item = item.model_copy(update={"first_seen": self._now})
        story_id, grouping = self._shelf.place(item, reader().read(item), self._now)
        return {
            "id": record.get("id", item.id),
            "story": str(story_id),
            "decision": grouping.decision.value,
            "follows": str(grouping.follows) if grouping.follows else None,
            "also": [str(part.story_id) for part in grouping.also],
            "related": [str(number) for number in grouping.related],
            "reason": grouping.reason.model_dump(mode="json"),
        }
