# SPDX-License-Identifier: MIT
"""A whole stream through `oncowire group`: one group a story, none silenced. Measured on texts that the rules never saw."""

import json
import random
from datetime import UTC
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.cli import app, jsonl
from alerts.facts import concepts, reader
from alerts.model import Facts
from alerts.stories import Shelf
from tests.conftest import NOW, shared
from tests.stories.streams import (
    EIGHTH,
    ELEVENTH,
    FIFTEENTH,
    FIFTH,
    FOURTEENTH,
    FOURTH,
    NINTH,
    SECOND,
    SEVENTH,
    SIXTH,
    TENTH,
    THIRD,
    THIRTEENTH,
    TWELFTH,
    Score,
    Told,
    garbled,
    score,
    stream,
)


def grouped(items: list[Told]) -> Score:
    lines = [
        json.dumps(
            {
                "id": told.item.id,
                "title": told.item.title,
                "summary": told.item.summary,
                "link": told.item.link,
                "published": told.item.published and told.item.published.astimezone(UTC).isoformat(),
                "source": told.item.source,
            }
        )
        for told in items
    ]
    done = CliRunner().invoke(app, ["group", "--jsonl"], input="\n".join(lines))
    assert done.exit_code == 0, done.stderr
    groups = {row["id"]: row["story"] for row in map(json.loads, done.stdout.splitlines())}
    return score(items, groups)


def test_our_own_stream_is_told_once_a_story_and_no_story_is_silenced() -> None:
    found = grouped(stream())
    assert found.silenced == []
    assert found.precision >= 0.98
    assert found.recall >= 0.95
    assert found.alerts <= 1.05


def test_our_second_stream_silences_no_story() -> None:
    """Labelled before the first run: then P .943, R .762, 2 of 89 silenced, 1.21 alerts a story (docs/stories.md)."""
    found = grouped(stream(SECOND))
    assert found.silenced == []
    assert found.precision >= 0.98
    assert found.recall >= 0.95
    assert found.alerts <= 1.05


def test_our_fourth_stream_silences_no_story() -> None:
    """Labelled before the first run: then P 1.000, R .743, none of 77 silenced, 1.25 alerts a story (docs/stories.md)."""
    found = grouped(stream(FOURTH))
    assert found.silenced == []
    assert found.precision >= 0.98
    assert found.recall >= 0.95
    assert found.alerts <= 1.07


# Labelled before their first runs (docs/stories.md): then recall and alerts a story, none silenced and no wrong pair.
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(THIRD, id="texts of real length: .970, 1.05"),
        pytest.param(FIFTH, id="turned sentences: .909, 1.08"),
        pytest.param(SIXTH, id="turned sentences again: .938, 1.03"),
        pytest.param(SEVENTH, id="approvals told for weeks: .870, 1.17"),
        pytest.param(EIGHTH, id="approvals, opinions and readouts: .846, 1.07"),
        pytest.param(THIRTEENTH, id="in the manner of the stream of reference: 1.000, 1.00"),
        pytest.param(FOURTEENTH, id="in that manner by another writer: .957, 1.08"),
    ],
)
def test_a_stream_of_ours_is_told_once_a_story(path: Path) -> None:
    found = grouped(stream(path))
    assert found.silenced == []
    assert (found.precision, found.recall, found.alerts) == (1.0, 1.0, 1.0)


# Both parts of the round-up were told before, and it is attached to both.
ROUND_UP = "roundup/cart-myeloma-2024"


# The first four stand in other words since 2026-11-26; their bounds are what was measured on these, with nothing mended for them.
@pytest.mark.parametrize(
    ("path", "silenced", "recall", "alerts"),
    [
        pytest.param(NINTH, [], 0.88, 1.13, id="bare headlines: .762, 1.23"),
        pytest.param(TENTH, [], 0.93, 1.1, id="by a writer who knew nothing: .750, 1.27"),
        pytest.param(ELEVENTH, [ROUND_UP], 0.90, 1.09, id="by one who never saw the code: .915, 1.08"),
        pytest.param(TWELFTH, [], 0.89, 1.09, id="by the same writer: .837, 1.15"),
        pytest.param(FIFTEENTH, [], 0.9, 1.19, id="in the manner of the stream of reference, 2026: .607, 1.56"),
    ],
)
def test_a_stream_of_press_headlines_is_told_nearly_once_a_story(
    path: Path, silenced: list[str], recall: float, alerts: float
) -> None:
    found = grouped(stream(path))
    assert found.silenced == silenced
    assert found.precision == 1.0
    assert found.recall >= recall
    assert found.alerts <= alerts


@pytest.mark.parametrize("name", ["story-stream-dev.jsonl"])
def test_the_labelled_stream_is_told_once_a_story_and_no_story_is_silenced(name: str) -> None:
    rows = [json.loads(line) for line in shared(f"eval/{name}").read_text(encoding="utf-8").splitlines()]
    items = [Told(jsonl.news_item(row), row["story"].replace("-", "/", 1)) for row in rows]
    found = grouped(items)
    assert found.silenced == []
    assert found.precision >= 0.98
    assert found.recall >= 0.95
    assert found.alerts <= 1.05


def test_a_reader_that_errs_costs_duplicates_and_hardly_ever_a_story() -> None:
    """5 % wrong events and 5 % lost drugs, three times over: about 7 more groups for 60 stories are what was measured."""
    items = stream()
    facts = [reader().read(told.item) for told in items]
    clean = _placed(items, facts)
    dice = random.Random(1)
    runs = [_placed(items, [garbled(f, dice, 0.05, 0.05) for f in facts]) for _ in range(3)]
    assert sum(len(run.silenced) for run in runs) <= 1
    assert sum(run.alerts - clean.alerts for run in runs) / 3 <= 0.2


def _placed(items: list[Told], facts: list[Facts]) -> Score:
    shelf, groups, now = Shelf(concepts()), dict[str, object](), NOW
    for told, read in zip(items, facts, strict=True):
        now = told.item.published or now
        groups[told.item.id], _ = shelf.place(told.item.model_copy(update={"first_seen": now}), read, now)
    return score(items, groups)
