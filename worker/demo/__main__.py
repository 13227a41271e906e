# SPDX-License-Identifier: MIT
"""`python -m worker.demo [--once] [--json]`: see docs in worker/demo/__init__.py and `oncowire demo --help`."""

import argparse
import json
import signal
import sys
from typing import Any

from alerts.errors import OncowireError
from worker.demo.director import Demo, Report
from worker.demo.news import load
from worker.demo.screen import Screen, summary

INTERRUPTED = 130


def main() -> int:
    """Exit code 0: everybody was told what they had to be told, and nothing else; 1: not so, or it did not start."""
    parser = argparse.ArgumentParser(prog="oncowire demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop when the sample news has been told")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # end like Ctrl-C: everything that was started is stopped
    try:
        return _play(once=options.once, as_json=options.json)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return INTERRUPTED
    except OncowireError as exc:
        sys.stderr.write(f"oncowire: {exc.code}: {exc.message}\n")
        return 1


def _play(*, once: bool, as_json: bool) -> int:
    newsroom = load()
    with Demo(newsroom) as demo:
        with Screen(len(demo.expected)) as screen:
            report = demo.run(screen)
        if as_json:
            sys.stdout.write(json.dumps(as_record(report)) + "\n")
        else:
            summary(newsroom, report.snapshot.deliveries)
            _where(report)
        for fault in report.faults:
            sys.stderr.write(f"oncowire: demo_mismatch: {fault}\n")
        sys.stdout.flush()
        if not once:
            return _stay(demo)
    return 1 if report.faults else 0


def as_record(report: Report) -> dict[str, Any]:
    """The JSON of the contract; `faults` only where there are any."""
    record: dict[str, Any] = {
        "items": report.snapshot.items,
        "stories": report.snapshot.stories,
        "alerts": report.snapshot.alerts,
        "deliveries": report.received,
        "seconds": report.seconds,
        "outbox": str(report.outbox),
    }
    return record | ({"faults": report.faults} if report.faults else {})


def _where(report: Report) -> None:
    received = ", ".join(f"{count} by {channel}" for channel, count in report.received.items())
    made = report.snapshot
    sys.stdout.write(
        f"\n{made.items} items → {made.stories} stories → {made.alerts} alerts → {received}"
        f" in {report.seconds:g} s\nWhat the receivers got: {report.outbox}\nConsole: {report.login} (logs you in, once)\n"
    )


def _stay(demo: Demo) -> int:
    """Until Ctrl-C, which is the good end of a demo."""
    sys.stderr.write("Ctrl-C ends all of it.\n")
    try:
        return demo.wait()
    except KeyboardInterrupt:
        sys.stderr.write("\nstopping …\n")
        return 0


if __name__ == "__main__":
    sys.exit(main())
