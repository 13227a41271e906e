# SPDX-License-Identifier: MIT
"""A short run in every `make test`; `make chaos` is the long one."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.report import table
from tests.chaos.run import SERVICES, Result, run

SHORT = (
    faults.Fault("kill -9 of a worker tree", "worker", faults.kill_worker_tree),
    faults.Fault("kill -9 of the broker, nothing kept", "broker", faults.kill_broker),
    faults.Fault("receivers take the message and hang up", "receivers", faults.hang_up),
)


@pytest.mark.processes
@pytest.mark.redis
@pytest.mark.enable_socket
@pytest.mark.timeout(300)
def test_nothing_is_lost_and_nothing_repeated_without_a_send_in_flight(tmp_path: Path) -> None:
    said: list[str] = []
    result = run("sqlite", SHORT, 90, tmp_path / "sqlite", said.append, seed=1)
    assert result.expected == 90
    assert result.faults.total() == len(SHORT)
    assert result.faulty(back_limit_s=60) == [], said  # `make chaos` judges the 15 s; here other tests run beside it


@pytest.mark.parametrize("database", SERVICES)
def test_every_kind_of_fault_comes_equally_often(database: str) -> None:
    kinds = faults.FAULTS[SERVICES[database]]
    drawn = Counter(fault.name for fault in faults.plan(SERVICES[database], 3 * len(kinds), random.Random(7)))
    assert drawn == {fault.name: 3 for fault in kinds}


def test_a_broken_promise_is_named() -> None:
    kept = Result("sqlite", expected=90, repeats=2, in_flight=Counter(worker_died=2), broker_back_s=[3.0])
    assert kept.faulty(15) == []
    broken = Result("sqlite", expected=90, lost=1, repeats=3, repeats_unexplained=1, broker_back_s=[16.0])
    assert [line.split()[0] for line in broken.faulty(15)] == ["1", "1", "consuming"]


def test_the_report_has_a_column_for_each_database() -> None:
    results = [Result("sqlite", Counter(FLUSHALL=1), {"FLUSHALL": [2.0]}, [2.0]), Result("postgres")]
    assert "| FLUSHALL | 1 (2.0, 2.0) | – |" in table(results)
