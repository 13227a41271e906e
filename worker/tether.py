# SPDX-License-Identifier: MIT
"""Ends process groups when the process that started them is gone, even by kill -9: no orphans.

    owner ──pipe──▶ companion (this file run as a program, in a session of its own)

The owner writes "+PID" for each group it starts and "-PID" for each that ended. The kernel closes the pipe when the
owner dies; the companion then ends what is still held. (PR_SET_PDEATHSIG would do for Linux alone.)
"""

import os
import signal
import subprocess
import sys
import time
from typing import IO

POLITE_S = 5.0


class Tether:
    """The owner's end."""

    def __init__(self) -> None:
        # -I -S: nothing but the standard library, so it starts in a few milliseconds and needs no package of ours.
        self._companion = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True, bufsize=0
        )

    def hold(self, pid: int) -> None:
        """End the group of `pid` when this process is gone."""
        self._write(f"+{pid}\n")

    def release(self, pid: int) -> None:
        """The group has ended; its number may belong to somebody else from now on."""
        self._write(f"-{pid}\n")

    def close(self) -> None:
        """No more need of the companion; what is still held is ended."""
        if self._companion.stdin and not self._companion.stdin.closed:
            self._companion.stdin.close()
        self._companion.wait()

    def _write(self, line: str) -> None:
        assert self._companion.stdin is not None
        try:
            self._companion.stdin.write(line.encode())
        except BrokenPipeError:
            sys.stderr.write("the companion process that prevents orphans is gone\n")


def held(lines: IO[str]) -> set[int]:
    """Read until the pipe closes; the groups that are held then."""
    pids: set[int] = set()
    for line in lines:
        (pids.add if line.startswith("+") else pids.discard)(int(line[1:]))
    return pids


def end_groups(pids: set[int], polite_s: float = POLITE_S) -> None:
    """SIGTERM to each group, SIGKILL to those that remain after `polite_s`."""
    alive = {pid for pid in pids if _signal(pid, signal.SIGTERM)}
    end = time.monotonic() + polite_s
    while alive and time.monotonic() < end:
        time.sleep(0.05)
        alive = {pid for pid in alive if _signal(pid, 0)}
    for pid in alive:
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> bool:
    """True while the group exists."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    end_groups(held(sys.stdin))
