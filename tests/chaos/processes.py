# SPDX-License-Identifier: MIT
"""Looking at processes and doing things to them (Linux: /proc, prlimit)."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    """The process and all below it, parents first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def below(pid: int, *marks: str) -> list[int]:
    """Processes under `pid` whose command line holds all the marks."""
    return [each for each in family(pid)[1:] if all(mark in command(each) for mark in marks)]


def resident_bytes(pid: int) -> int:
    """Proportional set size: pages shared by forked children count once over all of them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def limit_file_size(pids: Iterable[int], limit_bytes: int | None) -> None:
    """No file can grow beyond the limit: what a full disk looks like from inside. None lifts it.

    As the processes' own user: even root may be refused (in a container without CAP_SYS_RESOURCE).
    """
    limit = "unlimited" if limit_bytes is None else str(limit_bytes)
    for pid in pids:
        with suppress(FileNotFoundError):
            owner = Path(f"/proc/{pid}").stat()
            argv = ["prlimit", "--pid", str(pid), f"--fsize={limit}:"]
            if owner.st_uid == os.getuid():
                subprocess.run(argv, check=False, capture_output=True)
            else:
                subprocess.run(
                    argv, check=False, capture_output=True, user=owner.st_uid, group=owner.st_gid, extra_groups=[]
                )


def until(condition: Callable[[], bool], timeout_s: float) -> bool:
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
