# SPDX-License-Identifier: MIT
"""Keeps a few processes running: starts them in order, restarts what dies or hangs, stops all of it in seconds.

Each child is the head of its own process group (Ctrl-C in a terminal reaches only the supervisor, which then stops them
in order) and writes to its own log file. A small companion process holds the reading end of a pipe: when the supervisor
is gone for whatever reason, kill -9 included, the pipe closes and the companion ends the groups (worker/tether.py).
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from worker import tether

FIRST_RESTART_S = 0.2
LONGEST_RESTART_S = 30.0
GOOD_RUN_S = 60.0  # a child that lived this long has earned a fresh back-off
PROBE_EVERY_S = 5.0
TICK_S = 0.1
STOP_S = 6.0  # for a child to finish what it does; the whole stop stays under 10 s
STOP_LAST_S = 2.0  # for those that others need while they stop (the broker)
LOG_LIMIT_BYTES = 20_000_000
LOG_TAIL_LINES = 8

Say = Callable[[str], None]
Probe = Callable[[float], str | None]  # seconds since the child was started → what is wrong with it, or None


@dataclass(frozen=True)
class Program:
    """What to run. `probe` finds a child that lives but does not work; `grace_s` is how long that may last."""

    name: str
    argv: Sequence[str]
    probe: Probe | None = None
    grace_s: float = 0.0
    last: bool = False  # stopped after the others


@dataclass
class Child:
    """A program with its process and its history."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0  # when to start it (again)
    deaths: int = 0  # in a row, without a good run between them
    unwell_since: float | None = None
    probed_at: float = 0.0


def restart_wait_s(deaths: int) -> float:
    """Seconds to wait after `deaths` quick deaths in a row: 0.2, 0.4, 0.8 … at most 30."""
    doublings = min(max(deaths - 1, 0), 20)
    return min(FIRST_RESTART_S * 2.0**doublings, LONGEST_RESTART_S)


def stale_after(heartbeats: Sequence[Path], limit_s: float, clock: Callable[[], float] = time.time) -> Probe:
    """A probe: complains when one of the files was not touched for `limit_s`, counted from the child's own start."""

    def probe(up_s: float) -> str | None:
        for path in heartbeats:
            try:
                age_s = clock() - path.stat().st_mtime
            except FileNotFoundError:
                age_s = up_s
            if min(age_s, up_s) > limit_s:
                return f"{path.name} was not touched for {min(age_s, up_s):.0f} s"
        return None

    return probe


@dataclass
class Supervisor:
    """Runs `programs` until `stop` is asked for. `say` gets one line for each thing a person should know."""

    programs: Sequence[Program]
    log_dir: Path
    env: Mapping[str, str]
    say: Say
    clock: Callable[[], float] = time.monotonic
    children: list[Child] = field(init=False)
    stopping: bool = field(default=False, init=False)
    _tether: tether.Tether = field(init=False)

    def __post_init__(self) -> None:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self.children = []
        self._tether = tether.Tether()

    def handle_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP ask for a stop; a second one changes nothing, the stop is short anyway."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.ask_to_stop())

    def ask_to_stop(self) -> None:
        self.stopping = True

    def start(self, name: str) -> Child:
        """Start one program for the first time."""
        child = Child(next(program for program in self.programs if program.name == name))
        self.children.append(child)
        self._spawn(child)
        return child

    def watch(self, until: Callable[[], bool] | None = None) -> None:
        """Keep the children alive until a stop is asked for, or until `until()` is true."""
        while not self.stopping and not (until and until()):
            for child in self.children:
                self.look_after(child)
            time.sleep(TICK_S)

    def look_after(self, child: Child) -> None:
        """Notice a death or a hang and do what is due about it; one look, without waiting."""
        now = self.clock()
        if child.process is None:
            if now >= child.start_at:
                self._spawn(child)
        elif child.process.poll() is not None:
            self._mourn(child, now)
        elif now - child.probed_at >= PROBE_EVERY_S:
            child.probed_at = now
            _keep_short(self.log_file(child.program.name))
            self._examine(child, now)

    def _spawn(self, child: Child) -> None:
        with self.log_file(child.program.name).open("ab") as log:
            child.process = subprocess.Popen(
                child.program.argv, env=dict(self.env), process_group=0,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._tether.hold(child.process.pid)
        child.started_at = child.probed_at = self.clock()
        child.unwell_since = None

    def _mourn(self, child: Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        _signal_group(child.process, signal.SIGKILL)  # what the dead one may have left behind
        self._tether.release(child.process.pid)
        child.deaths = 1 if now - child.started_at > GOOD_RUN_S else child.deaths + 1
        wait_s = restart_wait_s(child.deaths)
        child.process, child.start_at = None, now + wait_s
        self.say(f"{child.program.name} ended ({_how(code)}); starting it again in {wait_s:g} s")
        if child.deaths > 1:
            self.say(self.log_tail(child.program.name))

    def _examine(self, child: Child, now: float) -> None:
        complaint = child.program.probe(now - child.started_at) if child.program.probe else None
        if complaint is None:
            child.unwell_since = None
            return
        child.unwell_since = child.unwell_since if child.unwell_since is not None else now
        if now - child.unwell_since >= child.program.grace_s and child.process is not None:
            self.say(f"{child.program.name} hangs ({complaint}); ending it")
            _signal_group(child.process, signal.SIGKILL)  # the next look finds it dead

    def stop(self) -> None:
        """End every child: politely at first, by force when its time is over; those marked `last` after the others."""
        self.stopping = True
        for last, time_s in ((False, STOP_S), (True, STOP_LAST_S)):
            self._stop_all([c.process for c in self.children if c.process and c.program.last is last], time_s)
        self._tether.close()

    def _stop_all(self, processes: Sequence[subprocess.Popen[bytes]], time_s: float) -> None:
        for process in processes:
            _signal_group(process, signal.SIGTERM)
        end = self.clock() + time_s
        for process in processes:
            try:
                process.wait(max(end - self.clock(), 0.0))
            except subprocess.TimeoutExpired:
                self.say(f"process {process.pid} did not stop within {time_s:g} s; killed")
            _signal_group(process, signal.SIGKILL)
            process.wait()
            self._tether.release(process.pid)

    def log_file(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"

    def log_tail(self, name: str) -> str:
        """The last lines a child wrote."""
        try:
            text = self.log_file(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(f"  {name}: {line}" for line in text.splitlines()[-LOG_TAIL_LINES:])


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody left in it (macOS says EPERM for a group of zombies)
        os.killpg(process.pid, number)


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _keep_short(log_file: Path) -> None:
    """One old log is kept. Copied, then emptied: the child goes on with the same file (opened to append)."""
    if log_file.exists() and log_file.stat().st_size > LOG_LIMIT_BYTES:
        shutil.copyfile(log_file, log_file.with_suffix(".log.1"))
        os.truncate(log_file, 0)


def to_stderr(line: str, sink: IO[str] | None = None) -> None:
    (sink or sys.stderr).write(line + "\n")
    (sink or sys.stderr).flush()
