# SPDX-License-Identifier: MIT
"""The smaller facts: setting, biomarker status, results, flags."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from alerts.facts.phrases import Guarded, Phrases
from alerts.facts.prepare import Part, Sentence
from alerts.facts.roles import was_before
from alerts.facts.vocabulary import words
from alerts.model import Mention, NewsItem, Setting

MAX_RESULTS = 4
_WORDS: dict[str, Any] = words("details")


class _Tables:
    """Tables of names, each with the words that show it; the first name of a table wins. One look for all tables."""

    def __init__(self, *tables: str) -> None:
        rows = [(name, row) for name in tables for row in _WORDS[name]]
        self._rows = [(name, row["name"]) for name, row in rows]
        self._phrases = Phrases((at, row["words"]) for at, (_, row) in enumerate(rows))

        self._firsts = lru_cache(maxsize=16)(self._look)  # an item's lead is often the whole of it

    def firsts(self, text: str, *wanted: str) -> list[str | None]:
        """The first name of each of these tables that the text shows."""
        made = self._firsts(text)
        return [made.get(table) for table in wanted]

    def _look(self, text: str) -> dict[str, str]:
        made: dict[str, str] = {}
        may = self._phrases.may(text)
        for rank in self._phrases.ranks(may) if may else ():
            table, name = self._rows[rank]
            if table not in made and self._phrases.leftmost(text, rank, may):
                made[table] = name
        return made


_SETTING, _STATUS, _ANALYSIS = _Tables("lines", "stages", "groups"), _Tables("status"), _Tables("analyses")
_NUMBERS = Guarded(
    r"%(?:(?<=[0-9]%)|(?<=[0-9] %))|\d ?percent|\d ?months?|\d ?weeks|\bhazard ratio|\bhr[ ,=(]|\b95% ci|\bp ?[<=] ?0"
)
_CYRILLIC_OR_GREEK = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def setting(parts: Sequence[Sentence], whole: str) -> Setting:
    """Line, stage and population, from the first words of each that the item has; not those of an earlier act."""
    now = [p.keyed.key for p in parts if not was_before(p.keyed.key)]
    told = whole if len(now) == len(parts) else " ".join(now)
    line, stage, population = _SETTING.firsts(told, "lines", "stages", "groups")
    return Setting.of(line=line, stage=stage, population=population)


def setting_words(parts: list[Sentence]) -> str | None:
    """The setting of the lead in words: "unresectable or metastatic, previously treated"."""
    lead = " ".join(s.keyed.key for s in parts[:4] if s.part is not Part.BOILERPLATE and not was_before(s.keyed.key))
    return ", ".join(filter(None, _SETTING.firsts(lead, "stages", "lines"))) or None


def analysis(told: str) -> str | None:
    """Which analysis of a trial a text tells of: "topline", "final", "interim"."""
    return _ANALYSIS.firsts(told, "analyses")[0]


def biomarker_status(contexts: list[str]) -> str | None:
    return next((s for c in contexts for s in _STATUS.firsts(c, "status") if s), None)


def results(item: NewsItem, parts: list[Sentence]) -> tuple[Mention, ...]:
    """Sentences with numbers, to be quoted as the source gives them."""
    hits = [s for s in parts if s.part is Part.BODY and len(s.text) < 600 and _NUMBERS.holds(s.keyed.key)]
    return tuple(s.text_span(item, 0, len(s.text)) for s in hits[:MAX_RESULTS])


def flags(item: NewsItem) -> tuple[str, ...]:
    """What a person should know of the text itself."""
    text = f"{item.title} {item.summary}"
    found = []
    foreign = not text.isascii()
    if foreign and _CYRILLIC_OR_GREEK.search(text) and _any_mixed(_CYRILLIC_OR_GREEK.sub("\0", text)):
        found.append("homoglyph")
    if foreign and _BIDI.search(text):
        found.append("bidi")
    if not text.isprintable() and _CONTROLS.search(text[:5000]):
        found.append("control_characters")
    return tuple(found)


def _any_mixed(text: str) -> bool:
    return any(_mixed(word) for word in text.split() if "\0" in word)


def _mixed(word: str) -> bool:
    """Latin letters around a Cyrillic or Greek one: a name that only looks like itself."""
    return bool(re.search(r"[A-Za-z]{2}\0|\0[A-Za-z]{2}", word))
