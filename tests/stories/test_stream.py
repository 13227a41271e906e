# SPDX-License-Identifier: MIT
"""A whole stream through `oncowire group`: one group a story, none silenced. Measured on texts that the rules never saw."""

import json
from datetime import UTC

import pytest
from typer.testing import CliRunner

from alerts.cli import app, jsonl
from tests.conftest import shared
from tests.stories.streams import Score, Told, score, stream


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
    assert found.recall >= 0.88
    assert found.alerts <= 1.15


@pytest.mark.parametrize("name", ["story-stream-dev.jsonl"])
def test_the_labelled_stream_is_told_once_a_story_and_no_story_is_silenced(name: str) -> None:
    rows = [json.loads(line) for line in shared(f"eval/{name}").read_text(encoding="utf-8").splitlines()]
    items = [Told(jsonl.news_item(row), row["story"].replace("-", "/", 1)) for row in rows]
    found = grouped(items)
    assert found.silenced == []
    assert found.precision >= 0.98
    assert found.recall >= 0.95
    assert found.alerts <= 1.05
