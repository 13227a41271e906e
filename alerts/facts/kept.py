# SPDX-License-Identifier: MIT
"""Tables that take long to make, kept beside the byte code (`__pycache__`) as Python keeps its own (ADR 0053).

What is kept counts while no file of `alerts/facts` changed. Whoever can write there can change the code as well, so reading a
pickle adds nothing that they could not do. Where the folder cannot be written, each start makes the tables anew.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_FOLDER = Path(__file__).parent
_SUFFIXES = {".py", ".yaml", ".jsonl"}
_DAMAGED = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError, ValueError, TypeError)


@lru_cache(maxsize=1)
def shipped() -> str:
    """A stamp of all code and words of this package: places, sizes and times, as byte code is stamped."""
    stats = [(str(f), f.stat()) for f in sorted(_FOLDER.rglob("*")) if f.suffix in _SUFFIXES]
    told = "\n".join(f"{name} {stat.st_size} {int(stat.st_mtime)}" for name, stat in stats)
    return hashlib.sha256(told.encode()).hexdigest()


def kept(name: str, stamp: str, make: Callable[[], T]) -> T:
    """What `make` made under this stamp, made now where nothing is kept. Without a stamp nothing is looked for or kept."""
    if not stamp:
        return make()
    file = _FOLDER / "__pycache__" / f"{name}.{sys.implementation.cache_tag}.pickle"
    found = _read(file, stamp)
    if found is not None:
        return found  # type: ignore[return-value]
    made = make()
    _write(file, stamp, made)
    return made


def _read(file: Path, stamp: str) -> object | None:
    try:
        content = file.read_bytes()
        return pickle.loads(content[len(stamp) :]) if content.startswith(stamp.encode()) else None  # noqa: S301 (see above)
    except _DAMAGED:
        return None


def _write(file: Path, stamp: str, made: object) -> None:
    """All or nothing: two processes that start at the same time write the same."""
    draft = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        draft.write_bytes(stamp.encode() + pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL))
        draft.replace(file)
