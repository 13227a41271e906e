# SPDX-License-Identifier: MIT
"""The smaller facts: setting, biomarker status, results, flags."""

import re
from typing import Any

from alerts.facts.phrases import Guarded, Phrases
from alerts.facts.prepare import Part, Sentence
from alerts.facts.vocabulary import words
from alerts.model import Mention, NewsItem, Setting

MAX_RESULTS = 4
_WORDS: dict[str, Any] = words("details")


class _Table:
    """Names, each with the words that show it; the first name of the table wins."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self._names = [row["name"] for row in rows]
        self._phrases = Phrases((at, row["words"]) for at, row in enumerate(rows))

    def first(self, text: str) -> str | None:
        return next((self._names[at] for at, _ in self._phrases.found(text)), None)


_LINES, _STAGES, _GROUPS, _STATUS = (_Table(_WORDS[name]) for name in ("lines", "stages", "groups", "status"))
_NUMBERS = Guarded(r"\d ?%|\d ?percent|\d ?months?|\d ?weeks|\bhazard ratio|\bhr[ ,=(]|\b95% ci|\bp ?[<=] ?0")
_CYRILLIC_OR_GREEK = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def setting(whole: str) -> Setting:
    """Line, stage and population, from the first words of each that the item has."""
    return Setting(line=_LINES.first(whole), stage=_STAGES.first(whole), population=_GROUPS.first(whole))


def setting_words(parts: list[Sentence]) -> str | None:
    """The setting of the lead in words: "unresectable or metastatic, previously treated"."""
    lead = " ".join(s.keyed.key for s in parts[:4] if s.part is not Part.BOILERPLATE)
    words = [w for table in (_STAGES, _LINES) if (w := table.first(lead))]
    return ", ".join(words) or None


def biomarker_status(contexts: list[str]) -> str | None:
    return next((s for c in contexts for s in [_STATUS.first(c)] if s), None)


def results(item: NewsItem, parts: list[Sentence]) -> tuple[Mention, ...]:
    """Sentences with numbers, to be quoted as the source gives them."""
    hits = [s for s in parts if s.part is Part.BODY and _NUMBERS.holds(s.text.lower()) and len(s.text) < 600]
    return tuple(s.text_span(item, 0, len(s.text)) for s in hits[:MAX_RESULTS])


def flags(item: NewsItem) -> tuple[str, ...]:
    """What a person should know of the text itself."""
    text = f"{item.title} {item.summary}"
    found = []
    if not text.isascii() and any(_mixed(word) for word in _CYRILLIC_OR_GREEK.sub("\0", text).split() if "\0" in word):
        found.append("homoglyph")
    if not text.isascii() and _BIDI.search(text):
        found.append("bidi")
    if _CONTROLS.search(text[:5000]):
        found.append("control_characters")
    return tuple(found)


def _mixed(word: str) -> bool:
    """Latin letters around a Cyrillic or Greek one: a name that only looks like itself."""
    return bool(re.search(r"[A-Za-z]{2}\0|\0[A-Za-z]{2}", word))
