# SPDX-License-Identifier: MIT
"""The vocabulary in use: read once, and again when a file in `ONCOWIRE_VAR_DIR/vocabulary` or a change made in the console is new."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import structlog

from alerts.config import settings
from alerts.errors import InputError, OncowireError
from alerts.facts.vocabulary import FILES, Vocabulary, load, load_with
from alerts.facts.vocabulary.overlay import Overlay

CHECK_S = 2.0  # how often the files are looked at: an edit counts within seconds, a lookup costs nothing
log = structlog.get_logger()
T = TypeVar("T")
Stamp = tuple[tuple[str, int], ...]


def team_folder() -> Path:
    """Where this machine's overlay files and a refreshed base lie."""
    return settings().var_dir / "vocabulary"


class Changes(NamedTuple):
    """What people changed in the console. `edition` counts the changes and those taken back; empty: none."""

    edition: str
    overlay: Overlay


NO_CHANGES = Changes("", Overlay())
Source = Callable[[str], Changes]
"""Given the edition in use: the changes as they are now. Raises OncowireError where they cannot be had right now."""


class _Current:
    """The last vocabulary that could be read. A faulty edit later on is logged and the one in use stays."""

    def __init__(self) -> None:
        self._made: Vocabulary | None = None
        self._stamp: Stamp = ()
        self._changes = NO_CHANGES
        self._source: Source | None = None
        self._origin = ""
        self._next_check = 0.0

    def follow(self, source: Source | None, origin: str = "") -> None:
        """Take people's changes from there from now on; None: there are none. `origin`: editions of one origin are one count."""
        same, self._origin = bool(origin) and origin == self._origin, origin
        self._source = source
        self._next_check = 0.0
        if self._changes.edition and not same:  # counted elsewhere
            self._changes = self._changes._replace(edition="?")

    def look_again(self) -> None:
        """Something was changed just now: look at the next use."""
        self._next_check = 0.0

    def __call__(self) -> Vocabulary:
        if self._made is not None and time.monotonic() < self._next_check:
            return self._made
        self._next_check = time.monotonic() + CHECK_S
        stamp, changes = _stamp(team_folder()), self._latest_changes()
        if self._made is None or stamp != self._stamp or changes.edition != self._changes.edition:
            self._made = self._read(team_folder() if stamp else None, changes)
            self._stamp, self._changes = stamp, changes
        return self._made

    def _latest_changes(self) -> Changes:
        if self._source is None:
            return NO_CHANGES
        try:
            return self._source(self._changes.edition)
        except OncowireError as exc:
            log.warning("vocabulary.changes_unseen", code=exc.code)
            return self._changes

    def _read(self, team: Path | None, changes: Changes) -> Vocabulary:
        try:
            load.cache_clear()
            if not changes.edition:
                return load(team)
            return load_with([], team, changes.overlay)._replace(edition=changes.edition)
        except InputError as exc:
            if self._made is None:
                raise
            log.error("vocabulary.kept", code=exc.code, faults=exc.message)  # noqa: TRY400 (an expected error)
            return self._made


def _stamp(team: Path) -> Stamp:
    files = [*team.glob("*.yaml"), *(team / "base" / f"{name}.jsonl" for name in FILES)]
    return tuple((str(f), f.stat().st_mtime_ns) for f in sorted(files) if f.exists())


current = _Current()


class Latest(Generic[T]):
    """What is made from the vocabulary in use: made again only when that changed."""

    def __init__(self, make: Callable[[Vocabulary], T]) -> None:
        self._make = make
        self._of: Vocabulary | None = None
        self._made: T | None = None

    def __call__(self) -> T:
        if self._made is None or current() is not self._of:
            with _kept():
                vocabulary = current()
                self._made, self._of = self._make(vocabulary), vocabulary
        return self._made


@contextmanager
def _kept() -> Iterator[None]:
    """What is made inside stays: no collection walks it while it grows (a third of the start-up), nor later on."""
    collects = gc.isenabled()
    gc.disable()
    gc.unfreeze()  # what an older vocabulary left behind
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
