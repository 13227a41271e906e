# SPDX-License-Identifier: MIT
"""Drugs that no vocabulary knows, shown by an INN stem or by the pattern of a company code. Words: vocabulary/novel.yaml."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from alerts.facts.matcher import Hit
from alerts.facts.phrases import Guarded
from alerts.facts.prepare import Part, Sentence
from alerts.facts.relevance import CANCER_WORDS
from alerts.facts.text import key_of
from alerts.facts.vocabulary import Vocabulary, words

_WORDS: dict[str, Any] = words("novel")
# What a code would go on with; Chinese or Japanese around it is another word.
_LATIN = r"A-Za-z0-9_À-ʯͰ-ӿ"
_CODE = re.compile(rf"(?<![{_LATIN}-])(?:{'|'.join(_WORDS['codes'])})(?![{_LATIN}]|-\d)")
_GROUPS = words("trials")["groups"]
_NO_CODE = re.compile(rf"^(?:{'|'.join((*_WORDS['no_codes'], *_GROUPS))})-?[A-Z]?\d", re.I)
_PAIR = re.compile(rf"(?<![\w-])(?:{'|'.join(_WORDS['pairs'])})(?![\w-])", re.I)
_ORDINARY = re.compile(rf"(?:{'|'.join(_WORDS['ordinary'])})$", re.I)
_OF_PAIR = Guarded("|".join(_WORDS["pairs"]))  # a first look, at text in lower case
# A trade mark where a drug of a trial stands: "a phase 1 study of Xyzmune™ in patients".
_MARK = re.compile(r" ?[™®](?= (?:\([^)]*\) )?(?:in|for|plus|as|combined|with)\b)")
_BRAND = re.compile(
    r"\b(?:of|with|for|evaluating|evaluate|testing|receiving|immunotherapy|therapy|vaccine|antibody|candidate|conjugate|inhibitor) (?P<name>[A-Z][A-Za-z]{3,}(?:-?\d+)?)$"
)
_BRAND_CHARS = 60
_KIND_CHARS = 80  # behind a short code may stand what it is: "(B7-H4 ADC)"
_CODE_LIKE = re.compile(r"[A-Z](?:-?\d|-[A-Z]|[a-z]-)")  # a first look
MAX_KNOWN_WORDS = 50_000
_FROM_DIGIT = re.compile(r"\d\S*")
_WORD = re.compile(r"\b[a-zA-Z]{7,30}\b")
# A code in brackets behind a drug's name, or the name behind its code, is that drug.
_ALIAS = re.compile(r"^\W{0,3}[(\[,/]\W{0,2}(?:formerly |also known as |also called |or |previously )?$", re.I)
# A code in brackets behind the word trial is the trial's.
_OF_TRIAL = re.compile(r"\b(?:[Tt]rial|[Ss]tudy|[Rr]egistry) \((?:[A-Z]+: ?)?$")
_TRIAL_CHARS = 16
_NOVEL = "novel:"


class NovelFinder:
    """Finds unknown drugs in sentences. Made once per vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        stems = [p.pattern for p, _ in vocabulary.stems]
        stem = re.compile(rf"(?:{'|'.join(stems)}|(?:{'|'.join(_WORDS['stems'])})$)")

        @lru_cache(maxsize=10_000)
        def has_stem(word: str) -> bool:
            return bool(stem.search(word.lower())) and not _ORDINARY.search(word)

        self._has_stem = has_stem
        self._stemless: set[str] = set()  # words seen without one: most of any text
        self._refused = vocabulary.refused

    def hits(self, parts: Sequence[Sentence], taken: dict[int, list[tuple[int, int, bool]]]) -> Iterator[Hit]:
        """Unknown drugs. `taken`: (start, end, is a drug) of known names and trials, text positions by sentence number."""
        whole = " ".join(s.text for s in parts)
        pairs, stemmed = _OF_PAIR.holds(whole.lower()), self._stemmed(whole)
        for at, sentence in enumerate(parts):
            if sentence.part is Part.BOILERPLATE or sentence.shouting:
                continue
            held = sorted(taken.get(sentence.number, ()))
            for name, start, end in _candidates(sentence, stemmed, pairs=pairs):
                if all(end <= s or start >= e for s, e, _ in held) and key_of(name) not in self._refused:
                    alias = _is_alias(sentence.text, start, end, held)
                    held.append((start, end, True))
                    if not alias:
                        yield _hit(name, at, sentence, start, end)

    def _stemmed(self, text: str) -> set[str]:
        """The words with a stem. Of the pieces between blanks most have none, and are looked at once."""
        made: set[str] = set()
        for piece in set(text.split()) - self._stemless:
            with_stem = list(filter(self._has_stem, _WORD.findall(piece)))
            made.update(with_stem)
            if not with_stem:
                self._stemless.add(piece)
        if len(self._stemless) > MAX_KNOWN_WORDS:
            self._stemless.clear()
        return made


def _candidates(sentence: Sentence, stemmed: set[str], *, pairs: bool) -> Iterator[tuple[str, int, int]]:
    """`stemmed`: the item's words with a stem. `pairs`: it may hold names of two words."""
    text = sentence.text
    for hit in _PAIR.finditer(text) if pairs else ():
        yield hit.group().lower(), hit.start(), hit.end()
    for hit in _WORD.finditer(text) if stemmed else ():
        if hit.group() in stemmed:
            yield hit.group().lower(), hit.start(), hit.end()
    if "™" in text or "®" in text:
        yield from _brands(text)
    for hit in _codes(text) if sentence.digits else ():
        if not _NO_CODE.match(hit.group()) and not _OF_TRIAL.search(
            text, max(0, hit.start() - _TRIAL_CHARS), hit.start()
        ):
            yield hit.group(), hit.start(), hit.end()


def _codes(text: str) -> Iterator[re.Match[str]]:
    """Codes hold no blank: looked for in the pieces with a digit."""
    end = 0
    for rest in _FROM_DIGIT.finditer(text):
        start, end = max(end, text.rfind(" ", 0, rest.start()) + 1), rest.end()
        if _CODE_LIKE.search(text, start, end):
            found = _CODE.finditer(text, start, end + _KIND_CHARS)
            yield from (hit for hit in found if hit.start() < rest.end())


def _brands(text: str) -> Iterator[tuple[str, int, int]]:
    for mark in _MARK.finditer(text):
        first = max(0, mark.start() - _BRAND_CHARS)
        hit = _BRAND.search(text[first : mark.start()])
        if hit and CANCER_WORDS.holds(text.lower()):
            yield hit["name"], first + hit.start("name"), mark.start()


def _is_alias(text: str, start: int, end: int, held: Sequence[tuple[int, int, bool]]) -> bool:
    return any(
        drug and (_ALIAS.match(text[e:start]) if e <= start else _ALIAS.match(text[end:s])) for s, e, drug in held
    )


def _hit(name: str, at: int, sentence: Sentence, start: int, end: int) -> Hit:
    """Text positions → key positions."""
    offsets = sentence.keyed.offsets
    return Hit("drug", novel_id(name), at, bisect_left(offsets, start), bisect_left(offsets, end))


def is_novel(concept: str) -> bool:
    """Was the id made here?"""
    return concept.startswith(_NOVEL)


def novel_id(name: str) -> str:
    return _NOVEL + re.sub(r"[^a-z0-9]", "", name.lower())


def novel_name(text: str) -> str:
    """A code as printed, a name in lower case."""
    return re.sub("[‐‑]", "-", text) if any(c.isdigit() for c in text) else text.lower()
