# SPDX-License-Identifier: MIT
"""Every line of the table of politeness (checks.py, checks_timing.py, checks_odd.py) holds against a real origin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.feeds.checks_odd import CHECKS
from tests.feeds.origin import Bench, Origin, running_origin

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
