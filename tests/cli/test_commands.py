# SPDX-License-Identifier: MIT
"""Which module a command comes from: only that one is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.core
import typer.main

from alerts.cli import GROUPS, made


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_listed_with_the_commands_that_it_has_and_with_their_own_words(group: str) -> None:
    command = typer.main.get_command(made([group]))
    assert isinstance(command, typer.core.TyperGroup)
    told = {name: " ".join((c.help or "").split("\n\n")[0].split()) for name, c in command.commands.items()}
    assert told == GROUPS[group]


def test_the_list_of_commands_loads_none_of_them() -> None:
    told = _told("--help")
    assert told.rstrip().endswith("light")
    assert all(name in told for commands in GROUPS.values() for name in commands)


def test_a_word_that_is_no_command_is_refused() -> None:
    told = subprocess.run([sys.executable, "-m", "alerts.cli", "clasify"], capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "No such command 'clasify'" in told.stderr


def test_reading_items_loads_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none; where there is one, what people changed in the vocabulary is taken from it."""
    monkeypatch.setenv("ONCOWIRE_VAR_DIR", str(tmp_path))
    monkeypatch.delenv("ONCOWIRE_DATABASE_URL", raising=False)
    assert "--explain" in _told("classify", "--help")
    told = _told("classify", "--jsonl")
    assert told.rstrip().endswith("light")


def _told(*words: str) -> str:
    """What the command prints, and behind it whether the store was loaded."""
    code = f"""
import sys
sys.argv = ["oncowire", *{words!r}]
from alerts.cli import main
try:
    main()
except SystemExit:
    print("store" if "alerts.store" in sys.modules else "light")
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, input="", check=True).stdout
