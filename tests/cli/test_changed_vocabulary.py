# SPDX-License-Identifier: MIT
"""Commands read as the service reads: with what people changed in the vocabulary, where there is a database that knows of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.config import Settings
from alerts.facts.vocabulary import edits
from alerts.facts.vocabulary.current import current
from alerts.pipeline import vocabulary as changes
from alerts.store.engine import Store

pytestmark = pytest.mark.processes
ITEM = json.dumps({"id": "1", "title": "FDA approves Zyxobrand for lung cancer"}) + "\n"
RULE = "name: Zyxwotinib\nrule: {drugs: {any: [Zyxobrand]}}\nchannels: [{email: alice@example.org}]\nstate: draft\n"


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    current.follow(None)


def oncowire(words: str, var: Path, database: str = "", given: str = "") -> subprocess.CompletedProcess[str]:
    """A real process in an environment that knows nothing but these."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("ONCOWIRE_")}
    environ = known | {"ONCOWIRE_VAR_DIR": str(var), "ONCOWIRE_DATABASE_URL": database}
    command = [sys.executable, "-m", "alerts.cli", *words.split()]
    return subprocess.run(command, env=environ, input=given, capture_output=True, text=True, timeout=100, check=False)


def drugs(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [drug["id"] for drug in json.loads(done.stdout)["drugs"]]


def added(store: Store) -> int:
    """An admin adds a drug with a brand."""
    edit = edits.new_drug("zyxwotinib", ["Zyxobrand"])
    return changes.save(store, edit, "alice", datetime.now(UTC)).edit_id


def test_classify_reads_what_an_admin_added_and_says_by_which_vocabulary(
    store: Store, store_settings: Settings
) -> None:
    added(store)
    database = "" if store.is_sqlite else store_settings.database
    done = oncowire("classify --jsonl", store_settings.var_dir, database, ITEM)
    assert drugs(done) == ["drug:zyxwotinib"]
    assert json.loads(done.stdout)["extractor_version"].endswith("+1")
    assert done.stderr == ""


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_rule_files_may_name_what_an_admin_added_until_it_is_taken_back(
    store: Store, store_settings: Settings, tmp_path: Path
) -> None:
    var, file = store_settings.var_dir, tmp_path / "rule.yaml"
    file.write_text(RULE, encoding="utf-8")
    change = added(store)
    tried = oncowire(f"rules test {file} --jsonl", var, given=ITEM)
    assert json.loads(tried.stdout)["match"] is True, tried.stderr
    assert oncowire(f"rules apply {file}", var).stdout == "created: Zyxwotinib\n"
    assert "drug:zyxwotinib" in oncowire("vocab lookup Zyxobrand", var).stdout
    changes.undo(store, change, "alice", datetime.now(UTC))
    assert "unknown_drug" in oncowire(f"rules check {file}", var).stdout


def test_a_database_that_is_away_is_told_of_and_costs_only_the_changes(tmp_path: Path) -> None:
    alone = oncowire("classify --jsonl", tmp_path / "none", given=ITEM)
    away = oncowire("classify --jsonl", tmp_path / "none", "postgresql://127.0.0.1:1/nothing", ITEM)
    assert drugs(alone) == []
    assert (away.returncode, away.stdout) == (0, alone.stdout)
    assert away.stderr.startswith("oncowire: database_away:")
    assert "without the changes that people made to the vocabulary" in away.stderr
    assert alone.stderr == ""
    assert not (tmp_path / "none" / "oncowire.db").exists(), "reading makes no database"
