# SPDX-License-Identifier: MIT
"""Rendering a team's template in a child process that is ended when it takes too long."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alerts.delivery.templating.lint import Fault
from alerts.model import ChannelKind

CHILD = Path(__file__).with_name("child.py")
CPU_S = 3  # for one message; a trial on many stories gets a little more for each
WALL_S = 20.0  # a busy machine may need this long to start the child


class Failed(Exception):
    """A template could not be rendered: `fault` tells its owner why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.part}:{fault.line}: {fault.code}: {fault.message}")
        self.fault = fault


def render_parts(
    channel: ChannelKind, parts: Mapping[str, str], contexts: Sequence[Mapping[str, Any]], wall_s: float = WALL_S
) -> list[dict[str, str] | Fault]:
    """For each context the text of every part, or the fault. Raises Failed if the child ended before it was done."""
    cpu_s = CPU_S + len(contexts) // 10
    given = {"channel": channel.value, "parts": dict(parts), "contexts": list(contexts), "cpu_s": cpu_s}
    with tempfile.TemporaryFile() as answer:
        try:
            ended = subprocess.run(
                [sys.executable, "-I", str(CHILD)],
                input=json.dumps(given).encode(),
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=wall_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(Fault("", 1, "time_limit", f"it took more than {wall_s:.0f} s")) from None
        if ended.returncode:
            why = "it used up its CPU time or memory" if ended.returncode < 0 else "it ended with an error"
            raise Failed(Fault("", 1, "render_ended", f"{why} ({ended.returncode})"))
        answer.seek(0)
        return [_read(row) for row in json.load(answer)]


def _read(row: dict[str, Any]) -> dict[str, str] | Fault:
    error = row.get("error")
    return Fault(error["part"], error["line"], error["code"], error["message"]) if error else row["parts"]
