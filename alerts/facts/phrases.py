# SPDX-License-Identifier: MIT
"""Many regular expressions over one text, fast: an expression is tried only where words that it cannot match without occur.

The words are read off the parsed expression, as RE2's FilteredRE2 does; one automaton finds them all in one pass.
"""

import re
from collections.abc import Iterable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from alerts.facts.kept import kept, shipped

MAX_WORDS = 60  # more ways to write a part tell nothing any more
MIN_CHARS = 2
MANY_WORDS = 1000  # of which a table of all states does not stay in a processor's cache
MAX_PARTS = 3  # sets of words of which an expression needs one each; a fourth hides hardly one expression more
# A word, without a letter that is repeated or left out; one letter or more of a kind.
_WORD = re.compile(r"(?P<word>[A-Za-z][A-Za-z ]*)(?![?*+{])|(?P<letter>[A-Za-z])\+(?![?+])")
_SYNTAX = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[()|]", re.S)  # what is escaped, a class, a bracket or a bar
_PLACED = {"(?<![a-z])": "[a-z]", r"\b": r"\w"}  # where a word begins → what may not stand before it
_EVERYWHERE = frozenset({"in", "at", "re", "on", "as", "of", "to", "and", "is", "for", "with", "("})
_NOTHING: frozenset[str] = frozenset()
_EMPTY = frozenset({""})


class Phrase(NamedTuple):
    """An expression and where it comes from: a number that the caller gives, smaller first."""

    rank: int
    pattern: str


class Phrases:
    """Finds, for each rank, the first place where one of its expressions holds."""

    def __init__(self, patterns: Iterable[tuple[int, str]], keep: str = "") -> None:
        """`keep`: a name under which the words that the expressions need are kept for the next start."""
        self._phrases = [Phrase(rank, b) for rank, p in sorted(patterns) for b in branches(p)]
        each = kept(keep, shipped() if keep else "", lambda: [_parts(p.pattern) for p in self._phrases])
        self._compiled: dict[int, re.Pattern[str]] = {}  # by need: most items ask for few, a start for none
        self._rank_of = [phrase.rank for phrase in self._phrases]
        self._of_rank: dict[int, int] = {}  # as bits
        for at, phrase in enumerate(self._phrases):
            self._of_rank[phrase.rank] = self._of_rank.get(phrase.rank, 0) | 1 << at
        table: dict[str, int] = {}
        self._met = 0  # bits of the parts that need no word
        for at, parts in enumerate(each):
            for part in range(MAX_PARTS):
                bit = 1 << part * len(self._phrases) + at
                for word in parts[part] if part < len(parts) else ():
                    table[word] = table.get(word, 0) | bit
                self._met |= bit if part >= len(parts) else 0
        self._bits = list(table.values())
        self._always = self._all_met(self._met)
        # Few words: a table of all states is small, made at once and the fastest to run.
        few = Implementation.DFA if len(table) < MANY_WORDS else None
        self._automaton = AhoCorasick(list(table), implementation=few)

    def may(self, text: str) -> int:
        """The expressions whose words the text holds, as bits."""
        words = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not words:
            return self._always
        met, bits = self._met, self._bits
        for word, _, _ in words:
            met |= bits[word]
        return self._all_met(met)

    def _all_met(self, met: int) -> int:
        """The expressions of which every part has its word."""
        count = len(self._phrases)
        for _ in range(1, MAX_PARTS):
            met &= met >> count
        return met & (1 << count) - 1

    def ranks(self, may: int) -> list[int]:
        """The ranks of these expressions, smallest first: the expressions stand in the order of their ranks."""
        made = []
        while may:
            rank = self._rank_of[(may & -may).bit_length() - 1]
            made.append(rank)
            may &= ~self._of_rank[rank]
        return made

    def leftmost(self, text: str, rank: int, may: int) -> re.Match[str] | None:
        """Where the first of a rank's expressions holds, of those of `may`."""
        best: re.Match[str] | None = None
        left = may & self._of_rank[rank]
        while left:
            lowest = left & -left
            left ^= lowest
            hit = self._pattern(lowest.bit_length() - 1).search(text)
            if hit and (best is None or hit.start() < best.start()):
                best = hit
        return best

    def holds(self, text: str, rank: int, may: int) -> bool:
        """Does one of a rank's expressions hold, of those of `may`?"""
        left = may & self._of_rank[rank]
        while left:
            lowest = left & -left
            left ^= lowest
            if self._pattern(lowest.bit_length() - 1).search(text):
                return True
        return False

    def _pattern(self, at: int) -> re.Pattern[str]:
        made = self._compiled.get(at)
        if made is None:
            made = self._compiled[at] = re.compile(word_first(self._phrases[at].pattern))
        return made

    def found(self, text: str) -> Iterator[tuple[int, re.Match[str]]]:
        """Rank and leftmost match of each rank that has one, smallest rank first; looked for as they are asked for."""
        may = self.may(text)
        for rank in self.ranks(may) if may else ():
            hit = self.leftmost(text, rank, may)
            if hit:
                yield rank, hit


class Guarded:
    """One expression of which only is asked whether it holds: tried only where its words occur."""

    def __init__(self, pattern: str) -> None:
        self._phrases = Phrases([(0, pattern)])

    def may(self, text: str) -> bool:
        """Do its words occur?"""
        return self._phrases.may(text) != 0

    def holds(self, text: str) -> bool:
        may = self._phrases.may(text)
        return may != 0 and self._phrases.holds(text, 0, may)


def word_first(pattern: str) -> str:
    """The same expression, faster: `re` runs to the next place of a word, but tries every place where the word is behind a condition."""
    placed = next((p for p in _PLACED if pattern.startswith(p)), None)
    return (placed and _moved(_PLACED[placed], pattern[len(placed) :])) or pattern


def _moved(before: str, rest: str) -> str | None:
    """The expression with the condition (not `before`) behind its first word; None where it does not begin with one."""
    if rest.startswith("(?:"):
        end = next(at for at, char, depth in _syntax(rest) if char == ")" and not depth)
        each = [_moved(before, b) for b in branches(rest[3:end])]
        optional = rest[end + 1 : end + 2] in {"?", "*", "+", "{"}
        return None if optional or None in each else f"(?:{'|'.join(filter(None, each))}){rest[end + 1 :]}"
    found = _WORD.match(rest)
    if found is None:
        return None
    word = found["word"] or found["letter"]
    more = f"{word}*" if found["letter"] else ""
    return f"{word}(?<!{before}{word}){more}{rest[found.end() :]}"


def branches(pattern: str) -> list[str]:
    """The alternatives at the top level of an expression."""
    bars = [at for at, char, depth in _syntax(pattern) if char == "|" and not depth]
    return [pattern[a:b] for a, b in zip([0, *(at + 1 for at in bars)], [*bars, None], strict=True)]


def _syntax(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Place, character and depth of the brackets and bars that are neither escaped nor in a class."""
    depth = 0
    for found in _SYNTAX.finditer(pattern):
        char = found.group()
        if len(char) == 1:
            depth += (char == "(") - (char == ")")
            yield found.start(), char, depth


def needed(pattern: str) -> frozenset[str]:
    """Words of which any text that matches holds at least one; empty where none can be told."""
    return next(iter(needs(pattern)), _NOTHING)


def needs(pattern: str) -> list[frozenset[str]]:
    """Sets of words, the most telling first: any text that matches holds at least one of each set."""
    return _telling(_parser.parse(pattern))


def _parts(pattern: str) -> list[frozenset[str]]:
    """The sets of words that are looked for; beside the first, what stands in almost every sentence only costs time."""
    first, *more = needs(pattern) or [_NOTHING]
    more = [words for words in more if not any(w.strip() in _EVERYWHERE for w in words)]
    return [first, *more][:MAX_PARTS] if first else []


def _telling(parts: Iterable[Any]) -> list[frozenset[str]]:
    found = (words for words in _needed(parts) if _worth(words)[0] >= MIN_CHARS)
    return [_fewest(words) for words in sorted(dict.fromkeys(found), key=_worth, reverse=True)]


def _needed(parts: Iterable[Any]) -> Iterator[frozenset[str]]:
    run = _EMPTY
    for op, value in _items(parts):
        exact = _exact_part(op, value)
        if exact is not None and len(run) * len(exact) <= MAX_WORDS:
            run = frozenset(a + b for a in run for b in exact)
            continue
        yield run
        yield from _needed_part(op, value)
        run = exact if exact is not None else _EMPTY
    yield run


def _items(parts: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of a parsed expression, letters that stand side by side as one word."""
    word = ""
    for op, value in getattr(parts, "data", parts):  # its own iteration takes as long as all else
        if op is _constants.LITERAL:
            word += chr(value)
            continue
        if word:
            yield _constants.LITERAL, word
            word = ""
        yield op, value
    if word:
        yield _constants.LITERAL, word


def _fewest(words: frozenset[str]) -> frozenset[str]:
    """Without those that hold another one."""
    return frozenset(w for w in words if not any(o in w for o in words if o != w))


def _worth(words: frozenset[str]) -> tuple[int, int]:
    """Longer shortest word first, then fewer words."""
    return (min(map(len, words)), -len(words)) if words else (0, 0)


def _needed_part(op: Any, value: Any) -> Iterator[frozenset[str]]:
    if op is _constants.SUBPATTERN:
        yield from _needed(value[3])
    elif op is _constants.MAX_REPEAT and value[0] >= 1:
        yield from _needed(value[2])
    elif op is _constants.BRANCH:
        each = [next(iter(_telling(b)), _NOTHING) for b in value[1]]
        yield frozenset().union(*each) if all(each) else _NOTHING


def _exact_part(op: Any, value: Any) -> frozenset[str] | None:
    """Every text that a part can stand for, None where they are too many."""
    if op is _constants.LITERAL:
        return frozenset({value})
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
    for op, value in _items(parts):
        exact = _exact_part(op, value)
        if exact is None or len(made) * len(exact) > MAX_WORDS:
            return None
        made = frozenset(a + b for a in made for b in exact)
    return made


def _small(words: Iterator[str]) -> frozenset[str] | None:
    made = frozenset(words)
    return made if len(made) <= MAX_WORDS else None
