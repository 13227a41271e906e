# SPDX-License-Identifier: MIT
"""`python -m tests.chaos [--database …] [--faults N] [--deliveries N]`: `make chaos`. Exit code 1 if the promise broke."""

import argparse
import random
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.report import table
from tests.chaos.run import SERVICES, Result, run

BACK_LIMIT_S = 15.0
SHORT = (40, 3_000)
RELEASE = (500, 100_000)


def main() -> int:
    given = _arguments()
    faults, deliveries = RELEASE if given.release else SHORT
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    folder = Path(tempfile.mkdtemp(prefix="oncowire-chaos-"))
    _say(f"seed {seed}, logs in {folder}")

    def one(database: str) -> Result:
        return run(database, given.faults or faults, given.deliveries or deliveries, folder / database, _say, seed)

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        results = list(pool.map(one, given.database or list(SERVICES)))
    sys.stdout.write(table(results))
    broken = [f"{result.database}: {line}" for result in results for line in result.faulty(given.back_limit)]
    for line in broken:
        _say(f"BROKEN {line}")
    if not broken:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--database", action="append", choices=sorted(SERVICES), help="default: both, side by side")
    parser.add_argument("--faults", type=int, help=f"on each database; default {SHORT[0]}")
    parser.add_argument("--deliveries", type=int, help=f"on each database; default {SHORT[1]}")
    parser.add_argument("--release", action="store_true", help=f"{RELEASE[0]} faults over {RELEASE[1]} deliveries")
    parser.add_argument("--back-limit", type=float, default=BACK_LIMIT_S, help="seconds until consuming again")
    parser.add_argument("--seed", type=int, help="repeats an order of faults")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
