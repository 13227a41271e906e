# SPDX-License-Identifier: MIT
"""`python -m tests.feeds.score_origin`: the table of politeness against a real origin, one line a check. With `--table`
it prints the table of docs/feeds.md instead."""

import sys
import tempfile
from pathlib import Path

import structlog

from alerts.config import load
from alerts.store.migrate import upgrade
from tests.feeds.checks_odd import CHECKS
from tests.feeds.origin import Bench, running_origin


def table() -> str:
    """The table of docs/feeds.md: what is checked, by area, in the order of the checks."""
    areas = list(dict.fromkeys(each.area for each in CHECKS))
    rows = [f"| {each.area} | {escaped(each.sentence)} |" for area in areas for each in CHECKS if each.area == area]
    return "\n".join(["| area | what holds |", "|---|---|", *rows]) + "\n"


def escaped(sentence: str) -> str:
    return sentence.replace("<", "&lt;").replace("|", "\\|")


def main() -> int:
    """Exit code 1 if any check fails."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    passed = 0
    with tempfile.TemporaryDirectory() as name, running_origin() as origin:
        folder = Path(name)
        upgrade(load({"ONCOWIRE_VAR_DIR": str(folder)}))
        for number, each in enumerate(CHECKS, 1):
            bench = Bench(origin, folder / "oncowire.db", folder / str(number))
            good = each.run(bench)
            bench.close()
            passed += good
            sys.stdout.write(f"{number:3} {'pass' if good else 'FAIL'}  {each.area:11} {each.sentence}\n")
    sys.stdout.write(f"{passed} of {len(CHECKS)} checks pass\n")
    return int(passed < len(CHECKS))


if __name__ == "__main__":
    sys.exit(sys.stdout.write(table()) and 0 if "--table" in sys.argv else main())
