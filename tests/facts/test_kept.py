# SPDX-License-Identifier: MIT
"""Tables that are kept for the next start: taken where nothing changed, made anew in every other case."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import kept as module
from alerts.facts.kept import kept
from alerts.facts.matcher import surfaces
from alerts.facts.text import key_of, keys_of
from alerts.facts.vocabulary import load, overlay_files, rows_of
from alerts.facts.vocabulary.assemble import assemble
from alerts.facts.vocabulary.overlay import read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    return tmp_path / "__pycache__"


def test_what_was_made_under_the_same_stamp_is_not_made_again(folder: Path) -> None:
    assert kept("names", "one", lambda: [1, 2]) == [1, 2]
    assert kept("names", "one", lambda: [3]) == [1, 2]
    assert len([*folder.iterdir()]) == 1


def test_a_change_of_any_file_makes_it_anew(folder: Path) -> None:
    kept("names", "one", lambda: [1])
    assert kept("names", "two", lambda: [2]) == [2]
    assert kept("names", "two", lambda: [3]) == [2]


def test_without_a_stamp_nothing_is_kept(folder: Path) -> None:
    kept("names", "", lambda: [1])
    assert not folder.exists()


@pytest.mark.parametrize("rest", [b"", b"no pickle", b"\x80\x05."])
def test_a_damaged_file_is_made_anew(folder: Path, rest: bytes) -> None:
    kept("names", "one", lambda: [1])
    (file,) = folder.iterdir()
    file.write_bytes(b"one" + rest)
    assert kept("names", "one", lambda: [2]) == [2]
    assert kept("names", "one", lambda: [3]) == [2]


def test_a_folder_that_cannot_be_written_costs_time_only(folder: Path) -> None:
    folder.write_text("a file where the folder would be")
    assert kept("names", "one", lambda: [1]) == [1]


def test_the_stamp_changes_with_a_word_and_with_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    stamps = set()
    for name, text in (
        ("a.py", "x"),
        ("a.py", "xy"),
        ("words.yaml", "x"),
        ("drugs.jsonl", "{}"),
        ("drugs.jsonl", "{ }"),
    ):
        (tmp_path / name).write_text(text)
        stamps.add(module.shipped.__wrapped__())
    assert len(stamps) == 5


def test_the_kept_vocabulary_is_the_one_of_the_files() -> None:
    made = assemble(rows_of(), [read(file)[0] for file in overlay_files()])
    assert load()._replace(stamp="") == made


@given(st.lists(st.text(max_size=12) | st.text("aé-' ™\0/tumouroesoph", max_size=20)))
def test_many_keys_at_once_are_the_keys_one_by_one(names: list[str]) -> None:
    assert keys_of(names) == [key_of(name) for name in names]


def test_every_name_has_the_same_key_alone_and_among_all() -> None:
    names = [surface for surface, _ in surfaces(load())]
    assert keys_of(names) == [*map(key_of, names)]


def test_a_second_start_reads_what_the_first_one_kept() -> None:
    code = """
from alerts.facts import kept, reader
reader()
print(kept.kept("vocabulary", kept.shipped(), lambda: None) is not None)
"""
    for _ in range(2):
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "True"
