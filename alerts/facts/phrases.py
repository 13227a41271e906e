# SPDX-License-Identifier: MIT
"""Many regular expressions over one text, fast: an expression is tried only where words that it cannot match without occur.

The words are read off the parsed expression, as RE2's FilteredRE2 does; one automaton finds them all in one pass.
"""

import re
from collections.abc import Iterable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick

MAX_WORDS = 60  # more ways to write a part tell nothing any more
MIN_CHARS = 2
_NOTHING: frozenset[str] = frozenset()
_EMPTY = frozenset({""})


class Phrase(NamedTuple):
    """An expression and where it comes from: a number that the caller gives, smaller first."""

    rank: int
    pattern: re.Pattern[str]


class Phrases:
    """Finds, for each rank, the first place where one of its expressions holds."""

    def __init__(self, patterns: Iterable[tuple[int, str]]) -> None:
        self._phrases = [Phrase(rank, re.compile(b)) for rank, p in patterns for b in branches(p)]
        table: dict[str, list[int]] = {}
        self._always: list[int] = []
        for at, phrase in enumerate(self._phrases):
            words = needed(phrase.pattern.pattern)
            for word in words:
                table.setdefault(word, []).append(at)
            if not words:
                self._always.append(at)
        self._at = list(table.values())
        self._automaton = AhoCorasick(list(table))

    def first(self, text: str) -> dict[int, re.Match[str]]:
        """The leftmost match of each rank that has one."""
        tried = set(self._always)
        for word, _, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            tried.update(self._at[word])
        found: dict[int, re.Match[str]] = {}
        for at in tried:
            rank, pattern = self._phrases[at]
            hit = pattern.search(text)
            if hit and (rank not in found or hit.start() < found[rank].start()):
                found[rank] = hit
        return found


def branches(pattern: str) -> list[str]:
    """The alternatives at the top level of an expression."""
    made, depth, start, at, in_class = [], 0, 0, 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and not depth:
            made.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*made, pattern[start:]]


def needed(pattern: str) -> frozenset[str]:
    """Words of which any text that matches holds at least one; empty where none can be told."""
    return _needed(_parser.parse(pattern))


def _needed(parts: Iterable[Any]) -> frozenset[str]:
    best, run = _NOTHING, _EMPTY
    for op, value in parts:
        exact = _exact_part(op, value)
        if exact is not None and len(run) * len(exact) <= MAX_WORDS:
            run = frozenset(a + b for a in run for b in exact)
            continue
        best = max(best, run, _needed_part(op, value), key=_worth)
        run = exact if exact is not None else _EMPTY
    best = max(best, run, key=_worth)
    return best if _worth(best)[0] >= MIN_CHARS else _NOTHING


def _worth(words: frozenset[str]) -> tuple[int, int]:
    """Longer shortest word first, then fewer words."""
    return (min(map(len, words)), -len(words)) if words else (0, 0)


def _needed_part(op: Any, value: Any) -> frozenset[str]:
    if op is _constants.SUBPATTERN:
        return _needed(value[3])
    if op is _constants.MAX_REPEAT and value[0] >= 1:
        return _needed(value[2])
    if op is _constants.BRANCH:
        each = [_needed(b) for b in value[1]]
        return frozenset().union(*each) if all(each) else _NOTHING
    return _NOTHING


def _exact_part(op: Any, value: Any) -> frozenset[str] | None:
    """Every text that a part can stand for, None where they are too many."""
    if op is _constants.LITERAL:
        return frozenset({chr(value)})
    if op in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.AT):
        return _EMPTY
    if op is _constants.SUBPATTERN:
        return _exact(value[3])
    if op is _constants.BRANCH:
        each = [_exact(b) for b in value[1]]
        return _small(w for e in each for w in e) if all(e is not None for e in each) else None  # type: ignore[union-attr]
    if op is _constants.IN and all(o is _constants.LITERAL for o, _ in value):
        return frozenset(chr(v) for _, v in value)
    if op is _constants.MAX_REPEAT and value[1] == 1:
        inner = _exact(value[2])
        return inner | _EMPTY if inner is not None else None
    return None


def _exact(parts: Iterable[Any]) -> frozenset[str] | None:
    made = _EMPTY
    for op, value in parts:
        exact = _exact_part(op, value)
        if exact is None or len(made) * len(exact) > MAX_WORDS:
            return None
        made = frozenset(a + b for a in made for b in exact)
    return made


def _small(words: Iterator[str]) -> frozenset[str] | None:
    made = frozenset(words)
    return made if len(made) <= MAX_WORDS else None
