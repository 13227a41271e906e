# SPDX-License-Identifier: MIT
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker import supervisor, tether
from worker.supervisor import Program, Supervisor, restart_wait_s, stale_after

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)",
]
PARENT_OF_TWO = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; c = subprocess.Popen(['sleep', '600']); print(c.pid, flush=True); time.sleep(600)",
]


@contextmanager
def supervised(folder: Path, *programs: Program) -> Iterator[tuple[Supervisor, list[str]]]:
    said: list[str] = []
    made = Supervisor(programs, folder / "log", dict(os.environ), said.append)
    try:
        for program in programs:
            made.start(program.name)
        yield made, said
    finally:
        made.stop()


def until(condition: Callable[[], bool], made: Supervisor | None = None, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        for child in made.children if made else []:
            made.look_after(child) if made else None
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Not gone and not a zombie that merely nobody has waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pid_of(made: Supervisor, number: int = 0) -> int:
    process = made.children[number].process
    return process.pid if process else 0


@given(st.integers(min_value=1, max_value=10_000))
def test_the_wait_before_a_restart_grows_and_never_passes_half_a_minute(deaths: int) -> None:
    assert supervisor.FIRST_RESTART_S <= restart_wait_s(deaths) <= restart_wait_s(deaths + 1) <= 30.0


@pytest.mark.parametrize(("deaths", "wait_s"), [(1, 0.2), (2, 0.4), (3, 0.8), (9, 30.0)])
def test_the_first_restart_comes_at_once_and_later_ones_wait_longer(deaths: int, wait_s: float) -> None:
    assert restart_wait_s(deaths) == pytest.approx(wait_s)


def test_a_worker_whose_heartbeat_is_old_is_stale(tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat-read"
    heartbeat.touch()
    now = heartbeat.stat().st_mtime
    probe = stale_after([heartbeat], 60.0, clock=lambda: now + 61)
    complaint = probe(300.0)
    assert complaint is not None
    assert "heartbeat-read" in complaint


def test_a_heartbeat_from_an_earlier_run_does_not_condemn_a_worker_that_just_started(tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat-read"
    heartbeat.touch()
    now = heartbeat.stat().st_mtime
    assert stale_after([heartbeat], 60.0, clock=lambda: now + 86_400)(5.0) is None


def test_a_worker_that_never_finished_a_sweep_is_stale_after_the_limit(tmp_path: Path) -> None:
    probe = stale_after([tmp_path / "heartbeat-poll"], 60.0)
    assert probe(59.0) is None
    assert probe(61.0) is not None


@pytest.mark.processes
def test_a_child_that_was_killed_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, Program("worker", SLEEPER)) as (made, said):
        first = pid_of(made)
        os.kill(first, signal.SIGKILL)
        until(lambda: pid_of(made) not in {0, first}, made)
        assert lives(pid_of(made))
        assert "worker ended (killed by SIGKILL)" in said[0]


@pytest.mark.processes
def test_a_child_that_dies_again_and_again_shows_its_last_words(tmp_path: Path) -> None:
    hopeless = Program("web", [sys.executable, "-c", "raise SystemExit('no such table')"])
    with supervised(tmp_path, hopeless) as (made, said):
        until(lambda: made.children[0].deaths >= 3, made)
    assert any("web: no such table" in line for line in said)
    assert any("exit code 1" in line for line in said)


@pytest.mark.processes
def test_a_child_that_lives_but_does_not_work_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PROBE_EVERY_S", 0.05)
    monkeypatch.setattr(supervisor, "STOP_S", 0.2)
    complaints = iter(["it does not answer"])
    program = Program("broker", STUBBORN, probe=lambda _up_s: next(complaints, None))
    with supervised(tmp_path, program) as (made, said):
        first = pid_of(made)
        until(lambda: pid_of(made) not in {0, first}, made)
    assert "broker hangs (it does not answer)" in said[0]


@pytest.mark.processes
def test_one_bad_answer_within_the_grace_time_ends_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PROBE_EVERY_S", 0.01)
    answers = iter(["it does not answer", None, None])
    seen: list[str | None] = []

    def probe(_up_s: float) -> str | None:
        seen.append(next(answers, None))
        return seen[-1]

    with supervised(tmp_path, Program("broker", SLEEPER, probe=probe, grace_s=60.0)) as (made, said):
        first = pid_of(made)
        until(lambda: len(seen) >= 3, made)
        assert pid_of(made) == first
    assert not said


@pytest.mark.processes
def test_a_child_that_ignores_the_polite_request_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_S", 0.2)
    with supervised(tmp_path, Program("worker", STUBBORN)) as (made, said):
        until(lambda: made.log_file("worker").read_text() == "here\n")
        pid = pid_of(made)
    assert not lives(pid)
    assert "killed" in said[0]


@pytest.mark.processes
def test_grandchildren_end_with_their_parent(tmp_path: Path) -> None:
    with supervised(tmp_path, Program("worker", PARENT_OF_TWO)) as (made, _said):
        until(lambda: made.log_file("worker").read_text().strip().isdigit())
        grandchild = int(made.log_file("worker").read_text())
        assert lives(grandchild)
    until(lambda: not lives(grandchild))


@pytest.mark.processes
def test_those_that_others_need_are_stopped_last(tmp_path: Path) -> None:
    script = """
import pathlib, signal, sys, time
def note(*_):
    with pathlib.Path(sys.argv[1]).open("a") as order:
        order.write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, note)
print("here", flush=True)
time.sleep(600)
"""
    order = tmp_path / "order"
    programs = [
        Program("broker", [sys.executable, "-c", script, str(order), "broker "], last=True),
        Program("worker", [sys.executable, "-c", script, str(order), "worker "]),
    ]
    with supervised(tmp_path, *programs) as (made, _said):
        until(lambda: all(made.log_file(name).read_text() for name in ("broker", "worker")))
    assert order.read_text() == "worker broker "


@pytest.mark.processes
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at /proc")
def test_nothing_is_left_when_the_supervisor_itself_is_killed(tmp_path: Path) -> None:
    script = f"""
import os, sys
from pathlib import Path
from worker.supervisor import Program, Supervisor
made = Supervisor([Program("worker", {PARENT_OF_TWO!r})], Path({str(tmp_path)!r}), dict(os.environ), print)
print(made.start("worker").process.pid, flush=True)
made.watch()
"""
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout:
        child = int(owner.stdout.readline())
        log = tmp_path / "worker.log"
        until(lambda: log.read_text().strip().isdigit())
        grandchild = int(log.read_text())
        assert lives(child)
        owner.kill()
        owner.wait()
        until(lambda: not lives(child) and not lives(grandchild))


def test_the_companion_knows_which_groups_are_still_held() -> None:
    assert tether.held(iter(["+11\n", "+12\n", "-11\n", "+13\n"])) == {12, 13}  # type: ignore[arg-type]


@pytest.mark.processes
def test_a_long_log_is_put_aside_while_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT_BYTES", 10)
    monkeypatch.setattr(supervisor, "PROBE_EVERY_S", 0.05)
    lines = "import time\nfor n in range(10_000): print('line', n, flush=True); time.sleep(0.01)"
    with supervised(tmp_path, Program("web", [sys.executable, "-c", lines])) as (made, _said):
        first = pid_of(made)
        old = tmp_path / "log" / "web.log.1"
        until(lambda: old.exists() and b"\0" not in made.log_file("web").read_bytes(), made)
        until(lambda: made.log_file("web").read_text().startswith("line"), made)
        assert old.read_text().startswith("line 0")
        assert pid_of(made) == first
