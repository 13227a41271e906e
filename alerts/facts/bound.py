# SPDX-License-Identifier: MIT
"""Which cancers a claim is for: the narrowest that are named, those that an indication lists with them, those of its own clause."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from alerts.facts.clauses import Second
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.events import REGULATORY
from alerts.facts.pairing import cancers_of
from alerts.facts.prepare import Part
from alerts.facts.reading import Found, Reading
from alerts.facts.roles import is_background, is_digest
from alerts.facts.subjects import BROAD, side_by_side
from alerts.model import Claim, EventType

_OF_INDICATIONS = REGULATORY - {EventType.SAFETY, EventType.WITHDRAWAL}
LISTING_SENTENCES = 2  # of the summary: what an act is for
_LISTS = re.compile(r"(?: \([^()]{1,12}\))?(?:,? (?:and|or)(?: \w+)? |, (?:\w+ )?)")
_ENDS = re.compile(r" or ")


def narrowest(
    tree: VocabularyConcepts, ids: Iterable[str], places: Mapping[str, Sequence[Found]] = MappingProxyType({})
) -> tuple[str, ...]:
    """Without a cancer that others of the claim are kinds of ("NETs, pancreatic as well as extra-pancreatic"), unless the
    places where they are named say that both are meant ("gastric and gastroesophageal junction cancers")."""
    left = list(ids)

    def told_by(broad: str, narrow: str) -> bool:
        below = broad != narrow and broad in tree.ancestors(narrow)
        return below and not side_by_side(places.get(broad, ()), places.get(narrow, ()))

    for one in list(left):
        if any(told_by(one, other) for other in left):
            left.remove(one)
    return tuple(left)


def with_listed(
    reading: Reading, tree: VocabularyConcepts, kind: EventType, cancers: tuple[str, ...]
) -> tuple[str, ...]:
    """With those that an indication lists beside one of them: "ovarian, fallopian tube or primary peritoneal cancer"."""
    if kind not in _OF_INDICATIONS or len(reading.names("indication")) < 2:
        return cancers
    near = {*cancers, *(a for c in cancers for a in tree.ancestors(c))} - BROAD
    for sentence in reading.parts[: LISTING_SENTENCES + 1]:
        here = [f for f in reading.found if f.sentence is sentence and f.hit.kind == "indication" and f.subject]
        for run in _runs(sentence.keyed.key, here):
            ids = {f.hit.id for f in run}
            akin = near & ids or {i for i in ids if set(cancers) & tree.ancestors(i)}
            if len(ids) > 1 and akin and sentence.part is Part.BODY and not is_background(sentence):
                return tuple(dict.fromkeys((*cancers, *(f.hit.id for f in run if f.hit.id not in near))))
    return cancers


def _runs(key: str, here: Sequence[Found]) -> list[list[Found]]:
    """Names that follow each other in one list with an "or"."""
    runs: list[list[Found]] = []
    for place in here:
        if runs and _LISTS.fullmatch(key[runs[-1][-1].hit.end : place.hit.start]):
            runs[-1].append(place)
        else:
            runs.append([place])
    return [run for run in runs if _ENDS.search(key[run[0].hit.end : run[-1].hit.start])]


def of_first(reading: Reading, tree: VocabularyConcepts, news: Claim) -> Claim:
    """Where the title tells a second news, or announces a list: the first with the cancers that are named with it."""
    told = reading.seconds.get(0)
    if told is None:
        news = _without_second(reading, news)
        cancers = _of_list(reading, tree, news)
        return news.model_copy(update={"indications": cancers}) if cancers else news
    before = [f for f in reading.found if f.sentence.number == 0 and f.hit.start < told.start]
    cancers = related(tree, news.indications, {f.hit.id for f in before if f.hit.kind == "indication"})
    cancers = cancers or _of_lead(reading, tree, told) or cancers_of(reading, news.drugs, news.indications)
    return news.model_copy(update={"indications": cancers})


def _without_second(reading: Reading, news: Claim) -> Claim:
    """Without drugs of which the sentence that tells the news tells another act alone: "it approved X, and it rejected Y"."""
    number = reading.main.sentence.number if reading.main else 0
    told = reading.seconds.get(number)
    if told is None:
        return news
    here = [f for f in reading.found if f.sentence.number == number and f.hit.kind == "drug"]
    before = {f.hit.id for f in here if f.hit.start < told.start}
    others = {f.hit.id for f in here} - before
    left = tuple(d for d in news.drugs if d not in others)
    return news.model_copy(update={"drugs": left}) if before & set(left) else news


def _of_list(reading: Reading, tree: VocabularyConcepts, news: Claim) -> tuple[str, ...]:
    """In a digest: the cancers of the sentence that names the first drug."""
    first = next((f for f in reading.found if f.hit.kind == "drug" and f.hit.id in news.drugs), None)
    if first is None or first.titled or not is_digest(reading.parts[0].keyed.key):
        return ()
    here = [f for f in reading.found if f.sentence is first.sentence and f.hit.kind == "indication"]
    return narrowest(tree, ids_of(here))


def _of_lead(reading: Reading, tree: VocabularyConcepts, told: Second) -> tuple[str, ...]:
    """Where the title names cancers with its second news only: those that the first sentence of the lead adds."""
    cancers = [f for f in reading.found if f.hit.kind == "indication" and f.sentence.number <= 1]
    others = {f.hit.id for f in cancers if f.sentence.number == 0 and f.hit.start >= told.start}
    named = ids_of(f for f in cancers if f.sentence.number == 1 and f.subject)
    return narrowest(tree, (c for c in named if c not in others)) if others else ()


def related(tree: VocabularyConcepts, ids: Iterable[str], named: Collection[str]) -> tuple[str, ...]:
    """Those of the cancers that are named, or are kinds of what is named."""
    return tuple(i for i in ids if i in named or tree.ancestors(i) & set(named))


def ids_of(places: Iterable[Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.hit.id for p in places))
