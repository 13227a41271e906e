# SPDX-License-Identifier: MIT
"""The whole of embedded mode with real processes: it comes up, survives what dies in it, and stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.redis, pytest.mark.enable_socket, pytest.mark.timeout(180)]

CHILDREN = ("broker", "worker", "beat", "web")


class Up:
    """A running `oncowire up`, its folder and what it said."""

    def __init__(self, folder: Path) -> None:
        self.var_dir = folder / "var"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("ONCOWIRE_")}
        ours = {"VAR_DIR": str(self.var_dir), "WEB_PORT": "0", "STARTER_FEEDS": "0", "SWEEP_S": "0.5"}
        self.said = folder / "said"
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker.embedded"],
                env=clean | {f"ONCOWIRE_{key}": value for key, value in ours.items()},
                cwd=folder, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        until(lambda: "Oncowire is up: " in self.said.read_text(), timeout_s=90)
        until((self.var_dir / "heartbeat-read").exists, timeout_s=60)
        self.address = next(
            w for w in self.said.read_text().split() if w.startswith("http://") and "/welcome/" not in w
        )

    def children(self) -> dict[str, int]:
        """Name → process id of what the supervisor started."""
        found: dict[str, int] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
                command = (path.parent / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == self.process.pid and fields[0] != "Z":
                marks = {"broker": "valkey", "worker": "worker\0--pool", "beat": "\0beat\0", "web": "uvicorn"}
                found |= {name: int(path.parent.name) for name, mark in marks.items() if mark in command}
        return found

    def swept_since(self, moment: float) -> bool:
        return (self.var_dir / "heartbeat-read").stat().st_mtime > moment


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    if not Path("/proc").exists():
        pytest.skip("looks at /proc")
    running = Up(tmp_path)
    yield running
    if running.process.poll() is None:
        running.process.terminate()
        running.process.wait(30)


def test_it_comes_up_with_a_console_and_stops_within_ten_seconds_without_orphans(up: Up) -> None:
    connection = HTTPConnection(up.address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    children = up.children()
    assert set(children) == set(CHILDREN)
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(10) == 0
    assert [name for name, pid in children.items() if lives(pid)] == []
    assert not (up.var_dir / "broker.sock").exists()


@pytest.mark.parametrize("victim", CHILDREN)
def test_whatever_is_killed_comes_back_and_sweeps_go_on(up: Up, victim: str) -> None:
    before = up.children()[victim]
    os.kill(before, signal.SIGKILL)
    until(lambda: up.children().get(victim, before) != before)
    moment = time.time()
    until(lambda: up.swept_since(moment))


def test_killing_the_supervisor_leaves_no_orphan(up: Up) -> None:
    children = up.children()
    up.process.kill()
    up.process.wait()
    until(lambda: not any(lives(pid) for pid in children.values()))
