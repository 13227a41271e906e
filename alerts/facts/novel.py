# SPDX-License-Identifier: MIT
"""Drugs that no vocabulary knows, shown by an INN stem or by the pattern of a company code. For the review queue too."""

import re
from collections.abc import Sequence

from alerts.facts.prepare import Part, Sentence
from alerts.facts.vocabulary import Vocabulary
from alerts.model import DrugFact, Mention, NewsItem, Role

_WORD = re.compile(r"\b[a-zA-Z]{7,30}\b")
_CODE = re.compile(r"\b[A-Z]{2,6}-?\d{3,6}[A-Z]?\b|\b[A-Z]{2,5}-\d-\d{3}\b")
_NO_CODE = re.compile(
    r"^(?:NCT|COVID|SARS|ISO|PMID|DOI|CD|IL|HER|KRAS|BRAF|EGFR|FY|USD|EUR|ASCO|ESMO|ASH|AACR|EHA|SABCS|ICD|GRCH|HLA|PSMA|CA|VEGF|Q)-?\d",
    re.I,
)
_TRIALS = re.compile(
    r"^(?:KEYNOTE|LEAP|DESTINY|COSMIC|CONTACT|NRG|SWOG|GOG|JCOG|NADIM|RUBY|ZUMA|EV|NSABP|CALGB|ECOG|RTOG|EORTC|EMPOWER|ORIENT)"
)
# Stems short or common enough to end ordinary words are left to people.
_ORDINARY = re.compile(r"(?:carabine|colleague|pedanib)$")


def novel_drugs(
    item: NewsItem, parts: list[Sentence], taken: Sequence[Mention], vocabulary: Vocabulary, *, any_primary: bool
) -> tuple[DrugFact, ...]:
    """Unknown words with an INN stem, unknown codes; primary only in the title and where nothing known is the subject."""
    known = {(m.field, p) for m in taken for p in range(m.start, m.end)}
    found: dict[str, list[tuple[Sentence, Mention]]] = {}
    for sentence in parts:
        if sentence.part is Part.BOILERPLATE or sentence.shouting:
            continue
        for name, start, end in _candidates(sentence, vocabulary):
            mention = _mention(item, sentence, start, end)
            if (mention.field, mention.start) not in known:
                found.setdefault(name, []).append((sentence, mention))
    return tuple(_fact(name, places, any_primary) for name, places in found.items())


def _candidates(sentence: Sentence, vocabulary: Vocabulary) -> list[tuple[str, int, int]]:
    made = []
    for hit in _WORD.finditer(sentence.text):
        word = hit.group().lower()
        if not _ORDINARY.search(word) and any(p.search(word) for p, _ in vocabulary.stems):
            made.append((word, hit.start(), hit.end()))
    for hit in _CODE.finditer(sentence.text):
        if not _NO_CODE.match(hit.group()) and not _TRIALS.match(hit.group()):
            made.append((hit.group().upper(), hit.start(), hit.end()))
    return made


def _mention(item: NewsItem, sentence: Sentence, start: int, end: int) -> Mention:
    source = item.title if sentence.field == "title" else item.summary
    first, last = sentence.offsets[start], sentence.offsets[end - 1] + 1
    return Mention(
        field="title" if sentence.field == "title" else "summary", start=first, end=last, text=source[first:last]
    )


def _fact(name: str, places: list[tuple[Sentence, Mention]], any_primary: bool) -> DrugFact:
    early = any(s.number == 0 for s, _ in places) or (not any_primary and any(s.number == 1 for s, _ in places))
    return DrugFact(
        id=f"novel:{re.sub(r'[^a-z0-9]', '', name.lower())}",
        name=name,
        role=Role.PRIMARY if early else Role.MENTIONED,
        tier="novel",
        mentions=tuple(m for _, m in places),
    )
