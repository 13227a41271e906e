# SPDX-License-Identifier: MIT
"""Short forms that a text spells out itself: "relapsing multiple sclerosis (RMS)" is no rhabdomyosarcoma."""

import re
from collections.abc import Sequence

from alerts.facts.matcher import Hit
from alerts.facts.prepare import Sentence
from alerts.facts.relevance import CANCER_WORDS
from alerts.facts.text import key_of

_WORD = re.compile(r"[A-Za-z]+")
_KINDS = frozenset(("indication", "drug"))
_HOUSE = re.compile(r"\b(?:hospital|institute|university|cent(?:er|re)|college|society|association|network)\b", re.I)
MAX_LETTERS = 6
_WORDS_MORE = 3  # small words between those that give their letters


def abbreviates(name: str, before: str) -> bool:
    """Is it the short form of the words before it, as in "stereotactic radiotherapy (SBRT)"?"""
    letters = [c.lower() for c in name if c.isalpha()]
    matched = 0
    for word in _spelt(name, before):
        if matched < len(letters) and word[0].lower() == letters[matched]:
            matched += 1
    return matched >= max(2, len(letters) - 1)


def without_others(parts: Sequence[Sentence], hits: list[Hit]) -> list[Hit]:
    """Without cancers by a short form that the text spells out as something else, and regimens by that of a house."""
    short = {h: _surface(parts, h) for h in hits if h.kind in _KINDS and h.end - h.start <= MAX_LETTERS}
    wrong = {h for h, s in short.items() if s.isupper() and _is_wrong(h.kind, s, parts, hits)}
    return [h for h in hits if h not in wrong] if wrong else hits


def _is_wrong(kind: str, short: str, parts: Sequence[Sentence], hits: Sequence[Hit]) -> bool:
    if kind == "drug":
        return any(_is_house(short, p) for p in parts)
    return any(_is_other(short, p, n, hits) for n, p in enumerate(parts))


def _is_house(short: str, sentence: Sentence) -> bool:
    """Is it the short form of a hospital or the like: "Children's Hospital of Philadelphia (CHOP)"?"""
    before = sentence.text[: max(0, sentence.text.find(f"({short})"))]
    return abbreviates(short, before) and _HOUSE.search(" ".join(_spelt(short, before))) is not None


def _is_other(short: str, sentence: Sentence, number: int, hits: Sequence[Hit]) -> bool:
    """Does the sentence give the short form in brackets behind words that are no cancer?"""
    at = sentence.text.find(f"({short})")
    if at < 0 or any(h.kind == "indication" and h.sentence == number and _ends_at(sentence, h, at) for h in hits):
        return False
    before = sentence.text[:at]
    return abbreviates(short, before) and not CANCER_WORDS.holds(key_of(" ".join(_spelt(short, before))))


def _ends_at(sentence: Sentence, hit: Hit, at: int) -> bool:
    """Does a name stand right before this place of the text?"""
    return 0 <= at - sentence.keyed.offsets[hit.end - 1] <= 3


def _spelt(short: str, before: str) -> list[str]:
    """The last words before it, a few more than it has letters."""
    return _WORD.findall(before)[-(len(short) + _WORDS_MORE) :]


def _surface(parts: Sequence[Sentence], hit: Hit) -> str:
    sentence = parts[hit.sentence]
    return sentence.text[sentence.keyed.offsets[hit.start] : sentence.keyed.offsets[hit.end - 1] + 1]
