# SPDX-License-Identifier: MIT
"""One of two workers over the same store: `python -m tests.delivery.race_worker`.

Says "ready" once everything is imported, then for every JSON line it reads ({"settings", "now", "stage": group|match|deliver})
does that stage in small bites until nothing is left, and says how many it handled. Small bites, so that both get some.
"""

import json
import os
import sys
from datetime import datetime
from functools import partial

from alerts.config import Settings
from alerts.facts import concepts, reader
from alerts.pipeline import Pipeline, core


def _drain(pipeline: Pipeline, stage: str) -> int:
    handled = idle = 0
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
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        pipeline = Pipeline(
            Settings.model_validate(command["settings"]), partial(datetime.fromisoformat, command["now"])
        )
        print(_drain(pipeline, command["stage"]), file=answers, flush=True)
        pipeline.close()


if __name__ == "__main__":
    main()
