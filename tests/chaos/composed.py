# SPDX-License-Identifier: MIT
"""Workers and beat as the Compose file starts them, kept running by the product's supervisor instead of the engine."""

import os
import sys
from pathlib import Path

from alerts.config import settings
from worker.supervisor import Program, Supervisor, to_stderr

CONCURRENCY = {"poll": 1, "read": 2, "deliver": 3}


def main() -> None:
    cli = [sys.executable, "-m", "alerts.cli"]
    programs = [
        Program(f"worker-{queue}", [*cli, "worker", queue, "--concurrency", str(count)])
        for queue, count in CONCURRENCY.items()
    ]
    programs.append(Program("beat", [*cli, "beat"]))
    supervisor = Supervisor(programs, Path(settings().var_dir) / "log", dict(os.environ), to_stderr)
    supervisor.handle_signals()
    try:
        for program in programs:
            supervisor.start(program.name)
        supervisor.watch()
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main()
