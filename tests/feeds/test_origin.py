# SPDX-License-Identifier: MIT
"""Every line of the table of politeness (checks.py, checks_timing.py, checks_odd.py) holds against a real origin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.feeds.checks_odd import CHECKS
from tests.feeds.origin import Bench, Origin, running_origin
from tests.feeds.score_origin import table

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as made:
        yield made


@pytest.mark.parametrize("number", range(len(CHECKS)), ids=lambda n: f"{CHECKS[n].area}: {CHECKS[n].sentence[:80]}")
def test_politeness(number: int, origin: Origin, sqlite_template: Path, tmp_path: Path) -> None:
    bench = Bench(origin, sqlite_template, tmp_path / "var")
    try:
        assert CHECKS[number].run(bench), CHECKS[number].sentence
    finally:
        bench.close()


def test_the_table_of_the_documentation_is_what_is_checked() -> None:
    said = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
    assert table() in said, "docs/feeds.md: put what `python -m tests.feeds.score_origin --table` prints"
    assert f"**{len(CHECKS)} of {len(CHECKS)}**" in said
