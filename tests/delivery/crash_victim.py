# SPDX-License-Identifier: MIT
"""A process that dies by SIGKILL at a named commit boundary: `python -m tests.delivery.crash_victim`.

It imports the product once, then forks a child for every JSON line it reads; the child runs the stages over a store and
kills itself where it is told to. The product carries no hook for this: the boundaries are wrapped here, from outside.
In: {"settings": …, "start": ISO time, "hours": […], "die": N or null}.
Out: {"signal": …, "points": [labels of the boundaries passed]}.
"""

import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from alerts.config import Settings
from alerts.delivery import Sender, render, render_digest
from alerts.facts import concepts, reader
from alerts.model import ChannelKind, DigestGroup, NewsItem
from alerts.pipeline import Pipeline
from alerts.store.engine import Store
from tests.delivery import samples


class Reaper:
    """Counts the boundaries that are passed, and kills this very process after number `die`."""

    def __init__(self, die: int | None, log: Path) -> None:
        self._die, self._log, self._passed = die, log, 0

    def passed(self, label: str) -> None:
        with self._log.open("a") as file:
            file.write(label + "\n")
        self._passed += 1
        if self._passed == self._die:
            os.kill(os.getpid(), signal.SIGKILL)


def _wrap(reaper: Reaper) -> None:
    """A boundary stands after each commit of the pipeline, and between a send and the commit that records it."""
    write, send = Store.write, Sender.send

    @contextmanager
    def writing(self: Store) -> Iterator[Session]:
        label = _caller()
        with write(self) as session:
            yield session
        reaper.passed(f"commit {label}")

    def sending(self: Sender, *args: Any) -> Any:
        outcome = send(self, *args)
        reaper.passed("sent, not recorded")
        return outcome

    Store.write, Sender.send = writing, sending  # type: ignore[method-assign,assignment]


def _caller() -> str:
    frame = sys._getframe(2)
    while frame.f_back and not frame.f_globals["__name__"].startswith("alerts.pipeline"):
        frame = frame.f_back
    return f"{frame.f_globals['__name__'].removeprefix('alerts.pipeline.')}.{frame.f_code.co_name}"


def _work(command: dict[str, Any], log: Path) -> None:
    """Read, group, match and send what is due at each of these hours."""
    start = now = datetime.fromisoformat(command["start"])
    pipeline = Pipeline(Settings.model_validate(command["settings"]), lambda: now)
    _wrap(Reaper(command["die"], log))
    for hour in command["hours"]:
        now = start + timedelta(hours=hour)
        if hour < 24:  # news comes on the first day only
            pipeline.process_due()
        pipeline.deliver_due()
    pipeline.close()


def _fork(command: dict[str, Any], log: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(2, 1)  # what the stages log is no answer
            _work(command, log)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def _warm_up() -> None:
    """What every child would otherwise do again: vocabulary, templates, style sheets."""
    concepts()
    reader().read(NewsItem(id="0", title="FDA approves cabozantinib for lung cancer"))
    for channel in ChannelKind:
        render(channel, samples.approval(), "<0@x>")
        group = DigestGroup(heading="cabozantinib", alerts=(samples.approval(),))
        render_digest(channel, samples.digest(group), "<0@x>")


def main() -> None:
    _warm_up()
    gc.freeze()  # a child that does not touch its parent's objects need not copy them
    with tempfile.TemporaryDirectory() as folder:
        for number, line in enumerate(sys.stdin):
            log = Path(folder) / str(number)
            log.touch()
            status = _fork(json.loads(line), log)
            answer = {
                "signal": os.WTERMSIG(status),
                "code": os.WEXITSTATUS(status),
                "points": log.read_text().splitlines(),
            }
            print(json.dumps(answer), flush=True)  # noqa: T201 - the answer of this program


if __name__ == "__main__":
    main()
