# SPDX-License-Identifier: MIT
"""One of two workers over the same store: `python -m tests.delivery.race_worker`.

Says "ready" once everything is imported. For every JSON line it reads ({"settings", "now", "stage": group|match|deliver}) it
does that stage in small bites: one, then says "begun" and waits for a line, so that the other has had one too; then until
nothing is left, and says how many it handled.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial

from alerts.config import Settings
from alerts.facts import concepts, reader
from alerts.pipeline import Pipeline, core


def _drain(pipeline: Pipeline, stage: str, begun: Callable[[], None]) -> int:
    """How many it handled. `begun` returns when the other has taken its first too."""
    handled = next((done for _ in range(10) if (done := _bite(pipeline, stage))), 0)
    begun()
    idle = 0
    while idle < 3:
        done = _bite(pipeline, stage)
        handled, idle = handled + done, 0 if done else idle + 1
    return handled


def _bite(pipeline: Pipeline, stage: str) -> int:
    if stage == "group":
        return pipeline._group()
    return pipeline._match()[0] if stage == "match" else pipeline.deliver_due().handled


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the stages log is no answer
    core.GROUP_BATCH = core.MATCH_BATCH = core.DELIVER_BATCH = 1
    reader(), concepts()

    def begun() -> None:
        print("begun", file=answers, flush=True)
        sys.stdin.readline()

    print("ready", file=answers, flush=True)
    while line := sys.stdin.readline():
        command = json.loads(line)
        pipeline = Pipeline(
            Settings.model_validate(command["settings"]), partial(datetime.fromisoformat, command["now"])
        )
        print(_drain(pipeline, command["stage"], begun), file=answers, flush=True)
        pipeline.close()


if __name__ == "__main__":
    main()
