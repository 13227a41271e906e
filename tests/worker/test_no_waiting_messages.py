# SPDX-License-Identifier: MIT
"""What is to happen later is a row with its moment: no message waits in the broker or a worker for its time."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.config import ROOT

LATER = {"eta", "countdown"}


def waiting(source: str) -> Iterator[int]:
    """Lines that call something with a moment or a wait for Celery."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and {k.arg for k in node.keywords} & LATER:
            yield node.lineno


@pytest.mark.parametrize("folder", ["alerts", "worker"])
def test_no_task_is_sent_with_an_eta_or_a_countdown(folder: str) -> None:
    files = list(Path(ROOT, folder).rglob("*.py"))
    assert len(files) > 5
    found = [f"{file}:{line}" for file in files for line in waiting(file.read_text(encoding="utf-8"))]
    assert found == []


def test_a_countdown_is_found() -> None:
    assert list(waiting("task.apply_async(countdown=3)\ntask.apply_async(eta=now)\ntask.apply_async()")) == [1, 2]
