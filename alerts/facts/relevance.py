# SPDX-License-Identifier: MIT
"""Is an item's main message about cancer or an anticancer drug as such? Words: vocabulary/relevance.yaml."""

import re
from collections.abc import Sequence
from typing import TypeVar

from alerts.facts.concepts import CANCER
from alerts.facts.events import READOUTS
from alerts.facts.phrases import Guarded, Phrases
from alerts.facts.prepare import Part, Sentence
from alerts.facts.roles import about_spans
from alerts.facts.vocabulary import words
from alerts.model import DrugFact, EventType, IndicationFact, Role

F = TypeVar("F", DrugFact, IndicationFact)
_WORDS: dict[str, str] = words("relevance")
CANCER_WORDS = Guarded(_WORDS["cancer"])
THE_FIELD = re.compile(
    r"(?<!of )(?<!for )(?<!clinical )(?<!neuro )(?<!immuno )(?<!medical )(?<!lancet )(?<!jama )\boncology\b(?! (?:drugs? )?(?:panel|advis|committee))"
)
AT_LARGE = re.compile(_WORDS["at_large"])
_FIELD = re.compile(_WORDS["field"])
_OF_FIELD = re.compile(_WORDS["of_field"])
COMPANY_OF_FIELD = re.compile(_WORDS["company_of_field"])
AGAINST_TUMORS, _MEETING = re.compile(_WORDS["against_tumors"]), re.compile(_WORDS["meeting"])
_CONGRESS, _SHOWN = re.compile(_WORDS["congress"]), re.compile(_WORDS["shown"])
# What a title says against it: one look for all.
_FIGURE, _ELSEWHERE, _PERSON, _OTHER = range(4)
_AGAINST = Phrases(
    [
        (_FIGURE, _WORDS["figure"]),
        (_ELSEWHERE, _WORDS["elsewhere"].replace("OTHER", f"(?:{_WORDS['other']})")),
        (_PERSON, _WORDS["person"]),
        (_OTHER, rf"\b(?:{_WORDS['other']})"),
    ]
)
_OTHER_FIELDS = re.compile(
    r"\b(?:infectio|autoimmun|inflammat|rare disease|immun\w+ disease|neuro(?!endo|blast)|cardio|metabolic|other disease)"
)
_JOINS = re.compile(_WORDS["joins"])
_COMPANY_NEWS = {EventType.CORPORATE, EventType.CONFERENCE}
_UNSURE_TIERS = {"novel", "other", "repurposed"}  # not known to be a cancer drug


def is_relevant(
    parts: Sequence[Sentence], drugs: Sequence[DrugFact], cancers: Sequence[IndicationFact], event: EventType
) -> bool:
    """By the title where it says so; company news and other diseases need more than a word of the lead."""
    title = parts[0].keyed.key if parts else ""
    may = _AGAINST.may(title)
    against = {rank for rank in _AGAINST.ranks(may) if _AGAINST.holds(title, rank, may)} if may else set()
    if _FIGURE in against or _ELSEWHERE in against or (not drugs and _PERSON in against):
        return False
    known = [d for d in drugs if d.role is Role.PRIMARY and d.tier not in _UNSURE_TIERS]
    titled_drug = any(m.field == "title" for d in known for m in d.mentions)
    titled_cancer = any(m.field == "title" for c in cancers if c.role is Role.PRIMARY for m in c.mentions)
    field = "oncolog" in title or "cancer" in title
    if event is EventType.CORPORATE and not titled_drug and _JOINS.search(title):
        return False
    if titled_cancer or CANCER_WORDS.holds(_FIELD.sub("", title) if field else title):
        return True
    if _OTHER in against:
        return False
    if event is not EventType.CORPORATE and _CONGRESS.search(title) and (drugs or _SHOWN.search(title)):
        return True
    if field and _FIELD.search(title):
        return event is not EventType.CORPORATE or titled_drug or _OF_FIELD.search(title) is not None
    subjects = [d for d in drugs if d.role is Role.PRIMARY and d.tier != "other"]
    if subjects and event is not EventType.CORPORATE and AGAINST_TUMORS.search(_lead(parts)):
        return True
    if event in _COMPANY_NEWS and not titled_drug:
        if event is not EventType.CONFERENCE:
            return False
        if not subjects:
            return _MEETING.search(title) is not None and (
                _works_on_cancer(parts) or any(c.id != CANCER for c in cancers)
            )
        return CANCER_WORDS.holds(_lead(parts)) or bool(cancers)
    return bool(known) or _beaten(drugs, event) or bool(cancers and CANCER_WORDS.holds(_lead(parts)))


def in_role(facts: Sequence[F], role: Role) -> tuple[F, ...]:
    """All of them in one role."""
    return tuple(f.model_copy(update={"role": role}) for f in facts)


def is_of_the_field(drug: DrugFact, event: EventType) -> bool:
    """Told in an item that is not about cancer, is it an anticancer drug? What nothing knows is one in company news alone."""
    return drug.tier != "other" and (drug.tier != "novel" or event is EventType.CORPORATE)


def as_shown(drugs: Sequence[DrugFact], cancers: tuple[IndicationFact, ...]) -> tuple[IndicationFact, ...]:
    """A company shows its work and names no drug: what it says that it works on is what is shown."""
    if Role.PRIMARY in {*(drug.role for drug in drugs), *(cancer.role for cancer in cancers)}:
        return cancers
    return in_role(cancers, Role.PRIMARY)


def _beaten(drugs: Sequence[DrugFact], event: EventType) -> bool:
    """A readout of a drug without a name, told beside a cancer drug in its title ("… versus Keytruda")."""
    return event in READOUTS and any(d.tier not in _UNSURE_TIERS and d.mentions[0].field == "title" for d in drugs)


def _works_on_cancer(parts: Sequence[Sentence]) -> bool:
    """Does a company say of itself that it works on cancer, and on nothing else?"""
    about = " ".join(s.keyed.key[a:b] for s in parts[1:3] for a, b in about_spans(s.keyed.key))
    return CANCER_WORDS.holds(about) and not _OTHER_FIELDS.search(about)


def _lead(parts: Sequence[Sentence]) -> str:
    """The first two sentences without what a company says of itself."""
    return " ".join(_told(s.keyed.key) for s in parts[1:3] if s.part is Part.BODY)


def _told(key: str) -> str:
    for start, end in reversed(about_spans(key)):
        key = key[:start] + key[end:]
    return key
