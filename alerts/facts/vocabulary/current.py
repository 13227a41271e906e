# SPDX-License-Identifier: MIT
"""The vocabulary in use: read once, and again when a team's file in `ONCOWIRE_VAR_DIR/vocabulary` changes."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from alerts.config import settings
from alerts.errors import InputError
from alerts.facts.vocabulary import FILES, Vocabulary, load

CHECK_S = 2.0  # how often the files are looked at: an edit counts within seconds, a lookup costs nothing
log = structlog.get_logger()
T = TypeVar("T")
Stamp = tuple[tuple[str, int], ...]


def team_folder() -> Path:
    """Where a team's overlay files and a refreshed base lie."""
    return settings().var_dir / "vocabulary"


class _Current:
    """The last vocabulary that could be read. A faulty edit later on is logged and the one in use stays."""

    def __init__(self) -> None:
        self._made: Vocabulary | None = None
        self._stamp: Stamp = ()
        self._next_check = 0.0

    def __call__(self) -> Vocabulary:
        if self._made is not None and time.monotonic() < self._next_check:
            return self._made
        self._next_check = time.monotonic() + CHECK_S
        stamp = _stamp(team_folder())
        if self._made is None or stamp != self._stamp:
            self._made = self._read(team_folder() if stamp else None)
            self._stamp = stamp
        return self._made

    def _read(self, team: Path | None) -> Vocabulary:
        try:
            load.cache_clear()
            return load(team)
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
