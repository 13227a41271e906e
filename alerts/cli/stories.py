# SPDX-License-Identifier: MIT
"""Commands on stories: group, stories (dump, show, explain, split, merge, regroup)."""

import getpass
import json
from datetime import UTC, datetime
from itertools import count
from typing import Annotated, Any

import typer

from alerts.cli import jsonl
from alerts.cli.deliveries import AsJsonl, dump_rows
from alerts.config import settings
from alerts.facts import concepts, reader
from alerts.pipeline import Pipeline, curation, open_store
from alerts.store import dump
from alerts.stories import Shelf

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
ItemId = Annotated[int, typer.Argument(metavar="ITEM", help="Number of an item (`oncowire items --jsonl`).")]
StoryId = Annotated[int, typer.Argument(metavar="STORY", help="Number of a story (`oncowire stories --jsonl`).")]
By = Annotated[str, typer.Option("--by", help="Who says so; kept with the decision.")]

stories_app = typer.Typer(help="Stories: dump, show, explain, split, merge, regroup.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(group)
    app.add_typer(stories_app, name="stories")


@stories_app.callback()
def stories(context: typer.Context, as_jsonl: AsJsonl = False) -> None:
    """Every story with its items."""
    if context.invoked_subcommand is None:
        dump_rows(dump.stories, as_jsonl)


@stories_app.command()
def show(story: StoryId, as_json: AsJson = False) -> None:
    """A story with all its sources and why each is in it."""
    with open_store(settings()) as store, store.read() as session:
        found = curation.show(session, story)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _story_text(found))


@stories_app.command()
def explain(item: ItemId, as_json: AsJson = False) -> None:
    """Why an item is in its story, and why not in the nearest others."""
    with open_store(settings()) as store, store.read() as session:
        found = curation.explain(session, item, datetime.now(UTC))
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else _explain_text(found))


@stories_app.command()
def split(
    item: ItemId,
    by: By = "",
    tell: Annotated[bool, typer.Option("--tell", help="Alert on the new story as on fresh news.")] = False,
) -> None:
    """Take an item out of its story into one of its own. Nobody is told unless --tell."""
    with open_store(settings()) as store:
        made = curation.split(store, item, by or getpass.getuser(), datetime.now(UTC), tell=tell)
    typer.echo(f"item {item} is story {made} now; subscribers {'will be told' if tell else 'are not told'}")


@stories_app.command()
def merge(
    into: StoryId,
    others: Annotated[list[int], typer.Argument(metavar="STORY...", help="Stories that are the same event.")],
    by: By = "",
) -> None:
    """Put stories together. Nobody is told anything by it, now or later."""
    with open_store(settings()) as store:
        moved = curation.merge(store, into, others, by or getpass.getuser(), datetime.now(UTC))
    typer.echo(f"{moved} items moved into story {into}")


@stories_app.command()
def regroup(
    days: Annotated[int, typer.Option("--days", min=1, help="Items first seen in the last so many days.")] = 45,
) -> None:
    """Read and group again what an older version of the reader understood. Splits and merges by hand stay; nobody is told."""
    now = datetime.now(UTC)
    pipeline = Pipeline(settings())
    try:
        marked = curation.read_again(pipeline.store, reader().version, curation.since(now, days), now)
        while pipeline.process_due().more:
            pass
    finally:
        pipeline.close()
    typer.echo(f"{marked} items read again")


def _story_text(found: dict[str, Any]) -> str:
    lines = [f"{found['id']}  {found['headline']}"]
    lines += [f"    {name}: {_flat(value)}" for name, value in found["facts"].items()]
    if found["follows"]:
        lines.append(f"    update of story {found['follows']}: {found['follows_step']}")
    if found["followed_by"]:
        lines.append(f"    followed by {_flat(found['followed_by'])}")
    lines += [f"    related: {r['story']} {r['headline']} ({r['day']}; {r['why']})" for r in found["related"]]
    if found["silent"]:
        lines.append(f"    told to nobody: {found['silent']}")
    if found["review"]:
        lines.append("    to be looked at: too little is known to be sure that it is a story of its own")
    for item in found["items"]:
        mark = "lead" if item["lead"] else "round-up" if item["round_up"] else "also"
        lines += [
            f"  {mark:8} {item['id']}  {item['title']} ({item['outlet']}, {item['tier']})",
            f"           {item['why']}",
        ]
    return "\n".join(lines)


def _explain_text(found: dict[str, Any]) -> str:
    lines = [f"{found['item']}  {found['title']}"]
    lines += [
        f"  in story {place['story']} ({place['decision']}, {place['code']}): {place['why']}"
        for place in found["places"]
    ]
    lines += [
        f"  {said['author']} said on {said['at'][:10]}: {said['kind']}, story {said['story_id']}"
        for said in found["said"]
    ]
    lines += [f"  not in story {other['story']}: {other['text']}" for other in found["not_in"]]
    return "\n".join(lines if found["places"] else [*lines, "  in no story: it tells of no drug and no cancer"])


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


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
