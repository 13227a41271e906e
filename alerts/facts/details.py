# SPDX-License-Identifier: MIT
"""The smaller facts: setting, biomarker status, results, language, flags."""

import re
import unicodedata

from alerts.facts.prepare import Part, Sentence
from alerts.model import Mention, NewsItem, Setting

MAX_RESULTS = 4
_LINES = (
    ("first-line", r"\b(?:first|1st|front) ?line|\b1l\b|treatment naive|previously untreated|newly diagnosed"),
    ("second-line", r"\b(?:second|2nd) ?line|\b2l\b"),
    ("third-line or later", r"\b(?:third|fourth|3rd|later) ?line|\b3l\b|heavily pre ?treated"),
    ("maintenance", r"\bmaintenance"),
    (
        "previously treated",
        r"previously (?:been )?treated|relapsed|refractory|after (?:prior|progress\w+)|pre ?treated|prior (?:systemic )?(?:therapy|treatment|line)|previously undergone",
    ),
)
_STAGES = (
    ("neoadjuvant", r"\bneo ?adjuvant|perioperative"),
    ("adjuvant", r"(?<!neo)(?<!neo )\badjuvant"),
    ("unresectable or metastatic", r"unresectable or metastatic|metastatic or unresectable"),
    ("locally advanced or metastatic", r"locally advanced or metastatic"),
    ("metastatic", r"\bmetastatic"),
    ("unresectable", r"\bunresectable"),
    ("locally advanced", r"locally advanced"),
    ("advanced", r"\badvanced"),
    ("early-stage", r"\bearly(?: stage)?(?: \w+)? cancer|\bearly stage"),
)
_GROUPS = (
    ("paediatric", r"\bpediatric|\bchildren|\bchildhood|\badolescents?"),
    ("elderly", r"\belderly|\bolder (?:adults|patients)"),
    ("adults", r"\badults?\b|\badult patients"),
)
_STATUS = (
    ("positive", r"positive|\+|amplified|overexpress\w*|expressing"),
    ("negative", r"negative"),
    ("ultralow", r"ultra ?low"),
    ("low", r"\blow\b"),
    ("high", r"\bhigh\b"),
    ("mutated", r"mut\w*|altered|rearrang\w*|fusion|insertion|deletion"),
    ("wild-type", r"wild ?type"),
)
_NUMBERS = re.compile(
    r"\d+(?:\.\d+)? ?(?:%|percent|months?|weeks)|\bhazard ratio|\bHR[ ,=(]|\b95% CI|\bp ?[<=] ?0", re.I
)
_ENGLISH = re.compile(r"\b(?:the|of|and|in|for|to|with|on|by|from|is|are|was|at)\b")
_CYRILLIC_OR_GREEK = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def setting(whole: str) -> Setting:
    """Line, stage and population, from the first words of each that the item has."""
    return Setting(line=_first(_LINES, whole), stage=_first(_STAGES, whole), population=_first(_GROUPS, whole))


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, text)), None)


def setting_words(parts: list[Sentence]) -> str | None:
    """The setting of the lead in words: "unresectable or metastatic, previously treated"."""
    lead = " ".join(s.keyed.key for s in parts[:4] if s.part is not Part.BOILERPLATE)
    words = [w for table in (_STAGES, _LINES) if (w := _first(table, lead))]
    return ", ".join(words) or None


def biomarker_status(contexts: list[str]) -> str | None:
    return next((s for c in contexts for s in [_first(_STATUS, c)] if s), None)


def results(item: NewsItem, parts: list[Sentence]) -> tuple[Mention, ...]:
    """Sentences with numbers, to be quoted as the source gives them."""
    hits = [s for s in parts if s.part is Part.BODY and _NUMBERS.search(s.text) and len(s.text) < 600]
    return tuple(s.text_span(item, 0, len(s.text)) for s in hits[:MAX_RESULTS])


def language(whole: str) -> str | None:
    """ "en" where English function words show it, None where the text is too short, "und" where it is something else."""
    words = whole.split()
    if len(words) < 12:
        return None
    return "en" if len(_ENGLISH.findall(whole)) / len(words) > 0.06 else "und"


def flags(item: NewsItem) -> tuple[str, ...]:
    """What a person should know of the text itself."""
    text = f"{item.title} {item.summary}"
    found = []
    if any(_mixed(word) for word in _CYRILLIC_OR_GREEK.sub("\0", text).split() if "\0" in word):
        found.append("homoglyph")
    if _BIDI.search(text):
        found.append("bidi")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in text[:5000]):
        found.append("control_characters")
    return tuple(found)


def _mixed(word: str) -> bool:
    """Latin letters around a Cyrillic or Greek one: a name that only looks like itself."""
    return bool(re.search(r"[A-Za-z]{2}\0|\0[A-Za-z]{2}", word))
