# SPDX-License-Identifier: MIT
"""Type-ahead over the vocabulary: what somebody has typed so far → concepts, with the name that was hit and what is below.

Names are found from the start of any of their words, in the matcher's spelling: "tumour" finds tumor, "bms 98" finds
BMS-986178. Order: the whole name first, then a preferred name that begins so, then names used in the news, then the rest.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.text import key_of
from alerts.facts.vocabulary import Vocabulary
from alerts.facts.vocabulary.current import Latest
from alerts.model import ConceptRef

MAX_SCANNED = 4000
WELL_KNOWN = {"approved", "regimen"}


class Hit(NamedTuple):
    """A concept that fits what was typed. `by`: the synonym, brand or code that was hit, empty for the name itself."""

    ref: ConceptRef
    by: str
    below: int  # concepts below it, for "includes …"


class Place(NamedTuple):
    """Where a concept stands among all that fit; the lowest `order` is the best."""

    order: tuple[int, ...]
    concept: str
    by: str


class Card(NamedTuple):
    """All that the vocabulary says of a concept."""

    ref: ConceptRef
    names: tuple[str, ...]  # synonyms, brands, codes
    above: tuple[ConceptRef, ...]
    below: tuple[ConceptRef, ...]  # directly below


class _Entry(NamedTuple):
    start: str  # key of the name from one of its words on
    whole: bool  # from its first word
    concept: str
    name: str


class Lookup:
    """Read-only after construction, safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, known: VocabularyConcepts) -> None:
        self._known = known
        self._names = {concept: tuple(names) for concept, names in _names(vocabulary)}
        self._above = {concept: tuple(parents) for concept, parents in _parents(vocabulary)}
        self._below: dict[str, list[str]] = defaultdict(list)
        for concept, parents in self._above.items():
            for parent in parents:
                self._below[parent].append(concept)
        self._rank = {d.id: 0 if d.tier in WELL_KNOWN else 1 for d in vocabulary.drugs.values()}
        self._rank |= {i.id: 0 if i.news else 1 for i in vocabulary.indications.values()}
        self._counts: dict[str, int] = {}
        self._entries = sorted(self._all())
        self._starts = [entry.start for entry in self._entries]

    def _all(self) -> Iterator[_Entry]:
        for concept, names in self._names.items():
            for name in dict.fromkeys(names):
                key = key_of(name)
                starts = [0, *(at + 1 for at, char in enumerate(key) if char == " ")][:8]
                for at in starts:
                    yield _Entry(key[at:], at == 0, concept, name)
                if " " in key and any(char.isdigit() for char in key):  # a code is also typed in one: XL184, BMS986178
                    yield _Entry(key.replace(" ", ""), True, concept, name)

    def suggest(self, kinds: Iterable[str], typed: str, limit: int = 12) -> list[Hit]:
        """Concepts of these kinds, best first; of the first 4,000 names that begin so."""
        return [self.hit(place) for place in self.ranked(kinds, typed, MAX_SCANNED)[:limit]]

    def hit(self, place: Place) -> Hit:
        """A place as it is shown. `place`: of this look-up."""
        ref = self._known.get(place.concept)
        assert ref is not None
        return Hit(ref, place.by, self.count_below(place.concept))

    def ranked(self, kinds: Iterable[str], typed: str, most: int | None = None) -> list[Place]:
        """All that fits, best first. `most`: look at so many names only."""
        wanted, key = set(kinds), key_of(typed[:100])
        if not key:
            return []
        best: dict[str, Place] = {}
        at = bisect_left(self._starts, key)
        for entry in self._entries[at : None if most is None else at + most]:
            if not entry.start.startswith(key):
                break
            ref = self._known.get(entry.concept)
            if ref is None or ref.kind not in wanted:
                continue
            preferred = entry.name == ref.name
            order = (
                0 if entry.start == key and entry.whole else 1,
                0 if entry.whole else 1,
                self._rank.get(ref.id, 0),
                0 if preferred else 1,
                len(entry.name),
            )
            if ref.id not in best or order < best[ref.id].order:
                best[ref.id] = Place(order, ref.id, "" if preferred else entry.name)
        return sorted(best.values())

    def exact(self, kinds: Iterable[str], typed: str) -> ConceptRef | None:
        """The best concept that has exactly this name, code or brand; None if there is none."""
        key = key_of(typed)
        for hit in self.suggest(kinds, typed, 1):
            name = key_of(hit.by or hit.ref.name)
            if key in {name, name.replace(" ", "")}:
                return hit.ref
        return None

    def count_below(self, concept: str) -> int:
        if concept not in self._counts:
            self._counts[concept] = len(self._all_below(concept))
        return self._counts[concept]

    def _all_below(self, concept: str) -> set[str]:
        seen: set[str] = set()
        queue = list(self._below.get(concept, ()))
        while queue:
            one = queue.pop()
            if one not in seen:
                seen.add(one)
                queue += self._below.get(one, ())
        return seen

    def card(self, concept: str) -> Card | None:
        """None if no vocabulary knows the id."""
        ref = self._known.get(concept)
        if ref is None:
            return None
        names = tuple(n for n in dict.fromkeys(self._names.get(concept, ())) if n != ref.name)
        return Card(ref, names, self._refs(self._above.get(concept, ())), self._refs(self._below.get(concept, ())))

    def _refs(self, ids: Sequence[str]) -> tuple[ConceptRef, ...]:
        found = [ref for one in ids if (ref := self._known.get(one)) is not None]
        return tuple(sorted(found, key=lambda ref: ref.name.lower()))


def _names(v: Vocabulary) -> Iterator[tuple[str, list[str]]]:
    for drug in v.drugs.values():
        yield drug.id, [drug.name, *drug.brands, *drug.synonyms, *drug.codes]
    for one in v.classes.values():
        yield f"class:{one.name.lower()}", [one.name, *one.names]
    for kind, field in (("class", "classes"), ("target", "targets")):
        for name in sorted({n for drug in v.drugs.values() for n in getattr(drug, field)}):
            if kind != "class" or name not in v.classes:
                yield f"{kind}:{name.lower()}", [name]
    for i in v.indications.values():
        codes = [i.oncotree] if i.oncotree else []
        yield i.id, [i.name, *i.synonyms, *i.abbreviations, *codes]
    for marker in v.biomarkers.values():
        yield marker.id, [marker.name, *marker.synonyms]
    for body in v.bodies.values():
        yield body.id, [body.short, body.name, *body.synonyms]


def _parents(v: Vocabulary) -> Iterator[tuple[str, list[str]]]:
    for drug in v.drugs.values():
        yield drug.id, [*(f"class:{c.lower()}" for c in drug.classes), *(f"target:{t.lower()}" for t in drug.targets)]
    for one in v.classes.values():
        yield f"class:{one.name.lower()}", [f"class:{u.lower()}" for u in one.under]
    for i in v.indications.values():
        yield i.id, list(i.parents)


_latest = Latest(lambda vocabulary: Lookup(vocabulary, VocabularyConcepts(vocabulary)))


def lookup() -> Lookup:
    """Over the vocabulary in use."""
    return _latest()
