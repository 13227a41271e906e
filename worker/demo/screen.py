# SPDX-License-Identifier: MIT
"""What a person sees: progress on standard error while it works, then who was told of what on standard output."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from alerts.model import DeliveryState
from worker.demo.news import Newsroom
from worker.demo.results import Sent


class Screen:
    """A bar of deliveries with a line for each step; plain lines where standard error is no terminal."""

    def __init__(self, expected: int) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(
            *columns, console=self._console, disable=not self._console.is_terminal, transient=True
        )
        self._task = self._progress.add_task("starting", total=expected)
        self._started = time.monotonic()
        self._shown = 0

    def __enter__(self) -> "Screen":
        self._progress.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self._progress.stop()

    def step(self, text: str) -> None:
        """A new step of the demo."""
        self._progress.update(self._task, description=text)
        self.line(text)

    def line(self, text: str) -> None:
        self._console.print(f"{time.monotonic() - self._started:5.1f} s  {text}", markup=False)

    def sent(self, newsroom: Newsroom, deliveries: Sequence[Sent]) -> None:
        """Show the deliveries that are new since the last call."""
        done = [one for one in deliveries if one.state is DeliveryState.SENT]
        for one in done[self._shown :]:
            self.line(f"  → {newsroom.people.get(one.subscription, one.subscription)} by {one.channel}: {one.subject}")
        self._shown = max(self._shown, len(done))
        self._progress.update(self._task, completed=len(done))


def summary(newsroom: Newsroom, deliveries: Sequence[Sent], console: Console | None = None) -> None:
    """Who was told of what and why, and of what nobody was told."""
    console = console or Console(highlight=False)
    table = Table(title="What was told to whom", title_justify="left", expand=False)
    for heading in ("Time", "Who", "Channel", "Message", "Because"):
        table.add_column(heading, overflow="fold")
    for one in sorted(deliveries, key=lambda one: one.at):
        kind = "" if one.kind == "story" else f" ({one.kind})"
        who = newsroom.people.get(one.subscription, one.subscription)
        table.add_row(f"{one.at.astimezone():%H:%M:%S}", who, f"{one.channel}{kind}", one.subject, one.why)
    console.print(table)
    titles = {item.id: item.title for item in newsroom.items}
    console.print("Nobody was told of:")
    for item, because in newsroom.quiet.items():
        console.print(f"  · {titles[item]}: {because}", markup=False)
    told = {one.subscription for one in deliveries}
    for subscription, who in newsroom.people.items():
        if subscription not in told:
            console.print(
                f"  · {who} got nothing for “{subscription}”: the drug appears only as comparator", markup=False
            )
