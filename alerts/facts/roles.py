# SPDX-License-Identifier: MIT
"""Which part a name plays: subject of the event, or comparator, prior therapy, background. Words: vocabulary/roles.yaml."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from alerts.facts.phrases import Guarded, Phrases, word_first
from alerts.facts.prepare import Sentence
from alerts.facts.vocabulary import words
from alerts.model import EventType

_WORDS: dict[str, Any] = words("roles")
_NOT_SUBJECT = Guarded(rf"\b(?:{_WORDS['compared']}|{_WORDS['prior']}){_WORDS['link']} $")
_HARM_AFTER = re.compile(_WORDS["harm_after"])
_LISTED = re.compile(_WORDS["listed"])
_AFTER_NAME = re.compile(_WORDS["after_name"])
_BACKGROUND = Guarded(f"{_WORDS['was_before']}|{_WORDS['background']}")
_WAS_BEFORE = re.compile(_WORDS["was_before"])
_STANDING = Guarded(_WORDS["standing"])
_OF_THE_DAY = re.compile(_WORDS["of_the_day"])
_FURTHER = Guarded(_WORDS["further"])
_DESCRIBES = re.compile(_WORDS["describes"])
_IDIOM, _HOUSE = re.compile(_WORDS["idiom"]), re.compile(_WORDS["house"])
_MARKETED = re.compile(_WORDS["marketed"])
_BYWORD = re.compile(_WORDS["byword"])
_DIGEST = re.compile(_WORDS["digest"])
_WENT_BEFORE = re.compile(_WORDS["went_before"])
_ACTS, _HARM = re.compile(_WORDS["acts"]), re.compile(_WORDS["harm"])
_ABOUT = re.compile(_WORDS["about"])
_ASIDE, _SEEN_IN = re.compile(_WORDS["aside"]), re.compile(_WORDS["seen_in"])
_SOLD, _SALES_OF = re.compile(_WORDS["sold"]), re.compile(_WORDS["sales_of"])
_TREATED = re.compile(_WORDS["treated"])
_STATE, _DERIVED = re.compile(_WORDS["state"]), re.compile(_WORDS["derived"])
_EXAMPLE, _ELSEWHERE = re.compile(_WORDS["example"]), re.compile(_WORDS["elsewhere"])
_COMBINED = re.compile(_WORDS["combined"])
_COMES_BACK = re.compile(_WORDS["comes_back"])
_OPENED_WITH = re.compile(_WORDS["opened_with"])
_JOINED = re.compile(_WORDS["joined"])
_APART = re.compile(_WORDS["apart"])
_RIVAL_OF = re.compile(
    r"^ (?:rival|challenger|contender|competitor|alternative|successor) (?:drug |pill )?$"
)  # "X rival Y": Y is the subject
_PARTNER_CHARS = 90  # further apart, two names are no regimen


class Land(NamedTuple):
    """A land's name stands for its body in these acts."""

    body: str
    acts: frozenset[EventType]
    words: re.Pattern[str]


_LAND_NAMES = [rf"\b(?:{row['words']})(?!\w)" for row in _WORDS["lands"]]
_LANDS = tuple(
    Land(row["body"], frozenset(map(EventType, row["acts"])), re.compile(word_first(names)))
    for row, names in zip(_WORDS["lands"], _LAND_NAMES, strict=True)
)
_LANDS_ACTS = frozenset().union(*(land.acts for land in _LANDS))
_LAND_WORDS = Phrases(enumerate(_LAND_NAMES))


def lands(key: str, kind: EventType) -> list[Land]:
    """The lands that may stand in a sentence for their bodies, in acts of this kind."""
    if kind not in _LANDS_ACTS:
        return []
    found = (_LANDS[rank] for rank in _LAND_WORDS.ranks(_LAND_WORDS.may(key)))
    return [land for land in found if kind in land.acts]


def was_before(key: str) -> bool:
    """Does the sentence begin with an act of a body that lies back a month or more?"""
    return _WAS_BEFORE.match(key) is not None


def is_subject(key: str, start: int, end: int, earlier: Sequence[tuple[int, int, bool]]) -> bool:
    """May the name be what the sentence is about? `earlier`: (start, end, subject) of the drug names before it."""
    before = key[max(0, start - 90) : start]
    if _AFTER_NAME.search(key[end : end + 24]):
        return False
    if earlier and _RIVAL_OF.match(key[earlier[-1][1] : start]):
        return True
    if _NOT_SUBJECT.holds(before):
        return not earlier and bool(_HARM_AFTER.search(before))
    if earlier and _LISTED.search(before):
        _, last_end, last_subject = earlier[-1]
        if start - last_end <= 6:
            return last_subject
    return True


def is_background(sentence: Sentence) -> bool:
    """Does the sentence tell of something that was so before this news?"""
    return _is_background(sentence.keyed.key, sentence.number <= 1 or sentence.opens)


@lru_cache(maxsize=64)  # the steps of reading an item ask its sentences again and again
def _is_background(key: str, opens: bool) -> bool:
    if _BACKGROUND.holds(key):
        return True
    return not opens and _STANDING.holds(key) and not _OF_THE_DAY.search(key)


def is_further(key: str) -> bool:
    """Does the sentence add a piece of news ("also", "in addition")?"""
    return _FURTHER.holds(key)


def about_spans(key: str) -> list[tuple[int, int]]:
    """Where a company says what it is ("a clinical-stage company that develops …")."""
    return [hit.span() for hit in _ABOUT.finditer(key)] if "today" in key or "announc" in key else []


def went_before(before: str) -> bool:
    """Do the words ahead of a body's name say that its act came first ("Following the FDA in June, the EC …")?"""
    return _WENT_BEFORE.search(before) is not None


def is_byword(before: str) -> bool:
    """Do the words ahead of a body's name only say of a product that it let it onto the market ("the drug approved by the …")?"""
    return _BYWORD.search(before) is not None


def is_digest(title: str) -> bool:
    """Does a title announce a list of acts ("October at the FDA: two decisions")?"""
    return _DIGEST.search(title) is not None


def is_idiom(after: str) -> bool:
    """Do the words behind a body's name make it an ordinary word in capitals?"""
    return _IDIOM.match(after) is not None


def is_label(key: str, start: int, end: int) -> bool:
    """Does a body's name only say of a product that it is on the market: "an FDA-approved antibody"?"""
    return key.startswith(" approved ", end) and _MARKETED.search(key[:start]) is not None


def is_example(before: str, after: str) -> bool:
    """Is a name one example of a kind ("inhibitors such as X and Y"), or what goes on elsewhere ("Z is being tested")?"""
    return _EXAMPLE.search(before[-_PARTNER_CHARS:]) is not None or _ELSEWHERE.match(after) is not None


def is_house(key: str, start: int, end: int) -> bool:
    """Does the name of a cancer stand in that of a society or an institute?"""
    return any(h.start() <= start and end <= h.end() for h in _HOUSE.finditer(key))


def is_state(after: str) -> bool:
    """Do the words behind a drug's short form make it the state of a disease ("BCG-unresponsive")?"""
    return _STATE.match(after) is not None


def is_derived(between: str) -> bool:
    """Does the second of two drug names only say what the first is made from ("X, a masked interferon")?"""
    return _DERIVED.match(between) is not None


def acts_before(before: str) -> bool:
    """Does an act stand right before a land: "approved in"?"""
    return bool(_ACTS.search(before))


def is_harm(before: str) -> bool:
    """Is the cancer that follows one that a drug is said to cause: "second", "reports of"? Ask it in news of a harm only."""
    return bool(_HARM.search(before))


def is_aside(before: str) -> bool:
    """Do the words ahead of a cancer's name say that it is another name of what was named?"""
    return _ASIDE.search(before[-_PARTNER_CHARS:]) is not None


def is_seen_in(before: str) -> bool:
    """Do the words ahead of a cancer's name make it one of those where a target is found: "often deleted in lung and"?"""
    return _SEEN_IN.search(before[-_PARTNER_CHARS:]) is not None


def is_sold(before: str, after: str) -> bool:
    """Do the words around a drug's name tell of its sales?"""
    return _SOLD.match(after) is not None or _SALES_OF.search(before) is not None


def is_treated(before: str) -> bool:
    """Do the words ahead of a cancer's name say that it is what is treated, and not one of a list?"""
    return _TREATED.search(before[-_PARTNER_CHARS:]) is not None and _EXAMPLE.search(before[-_PARTNER_CHARS:]) is None


def describes_drug(after: str) -> bool:
    """Does the cancer whose name ends here say what a drug is known for?"""
    return bool(_DESCRIBES.match(after))


def is_combined(between: str) -> bool:
    """Do the words between two drug names make them parts of one regimen?"""
    if _COMES_BACK.search(between) and "." not in between:
        return True
    return len(between) <= _PARTNER_CHARS and bool(_COMBINED.search(between)) and not _APART.search(between)


def is_joined(before: str) -> bool:
    """Do the words ahead of a drug's name say that it is given with what the sentence is about?"""
    return _JOINED.search(before) is not None


def opens_with_partners(before: str) -> bool:
    """Do the words ahead of a sentence's first drug name say that it and its like are partners of what follows?"""
    return _OPENED_WITH.match(before) is not None
