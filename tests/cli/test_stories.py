# SPDX-License-Identifier: MIT
"""`oncowire stories`: dump, show, explain, split, merge, regroup on a real store."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.cli import app
from alerts.config import Settings
from tests.pipeline.newsdesk import Desk

NET = "European Commission approves cabozantinib for neuroendocrine tumours"


@pytest.fixture
def store_settings(settings: Settings, sqlite_template: Path) -> Settings:
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    (settings.var_dir / "oncowire.db").write_bytes(sqlite_template.read_bytes())
    return settings


@pytest.fixture(autouse=True)
def filled(store_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(store_settings)
    desk.report("a", NET)
    desk.report("b", "Cabometyx wins EU approval in neuroendocrine tumors", tier="wire")
    desk.report("k", "European Commission approves cabozantinib for renal cell carcinoma")
    desk.work()
    desk.pipeline.close()
    monkeypatch.setattr("alerts.cli.stories.settings", lambda: store_settings)
    monkeypatch.setattr("alerts.cli.deliveries.settings", lambda: store_settings)


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["stories", *words])
    assert done.exit_code == code, done.output
    return done


def last(done: Result) -> str:
    """What the command says; lines above are logs, which `main` sends to standard error."""
    return done.stdout.splitlines()[-1]


def test_stories_are_dumped_shown_split_and_merged() -> None:
    dumped = [json.loads(line) for line in run("--jsonl").stdout.splitlines()]
    assert [s["items"] for s in dumped] == [["1", "2"], ["3"]]
    assert "also     2  Cabometyx wins EU approval" in run("show", "1").stdout
    assert last(run("split", "2", "--by", "alice")) == "item 2 is story 3 now; subscribers are not told"
    assert "Split off story 1 by alice" in run("explain", "2").stdout
    assert last(run("merge", "1", "3", "--by", "bob")) == "1 items moved into story 1"
    shown = json.loads(run("show", "3", "--json").stdout)
    assert (shown["id"], shown["merged"], [i["id"] for i in shown["items"]]) == (1, [3], [1, 2])
    assert "bob said on" in run("explain", "2").stdout


def test_regrouping_with_the_same_reader_reads_nothing_again() -> None:
    assert last(run("regroup")) == "0 items read again"


def test_a_number_that_is_not_there_is_said_as_such() -> None:
    from alerts.errors import InputError

    done = CliRunner().invoke(app, ["stories", "show", "99"])
    assert isinstance(done.exception, InputError)
    assert done.exception.code == "no_such_story"
