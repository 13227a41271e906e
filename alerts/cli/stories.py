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
    shelf, numbers = Shelf(concepts()), count(1)
    jsonl.run(lambda record: _placed(shelf, record, next(numbers)))


def _placed(shelf: Shelf, record: dict[str, Any], number: int) -> dict[str, Any]:
    """An item counts as seen when it was published: the order of the input is the order of time."""
    item = jsonl.news_item(record, number)
    now = item.published or datetime.now(UTC)
    item = item.model_copy(update={"first_seen": now})
    story_id, grouping = shelf.place(item, reader().read(item), now)
    return {
        "id": record.get("id", item.id),
        "story": str(story_id),
        "decision": grouping.decision.value,
        "follows": str(grouping.follows) if grouping.follows else None,
        "also": [str(part.story_id) for part in grouping.also],
        "related": [str(number) for number in grouping.related],
        "reason": grouping.reason.model_dump(mode="json"),
    }
