# SPDX-License-Identifier: MIT
"""Which module a command comes from: only that one is loaded."""

import subprocess
import sys

import pytest

from alerts.cli import GROUPS, made


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_listed_with_the_commands_that_it_has(group: str) -> None:
    app = made([group])
    commands = [c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands]
    assert {*commands, *(g.name for g in app.registered_groups)} == set(GROUPS[group])


def test_reading_items_loads_no_store() -> None:
    code = """
import sys
sys.argv = ["oncowire", "classify", "--help"]
from alerts.cli import main
try:
    main()
except SystemExit:
    print("store" if "alerts.store" in sys.modules else "light")
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "--explain" in told
    assert told.rstrip().endswith("light")
