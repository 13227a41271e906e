# SPDX-License-Identifier: MIT
"""What is different between two vocabularies, as far as stored news could notice it. Pure."""

from typing import Any, NamedTuple, TypeVar

from alerts.facts.matcher import surfaces
from alerts.facts.text import key_of
from alerts.facts.vocabulary.entries import Vocabulary

T = TypeVar("T")


class Difference(NamedTuple):
    """`names`: surfaces that mean something else now. `moved`: ids of entries that stand elsewhere in the hierarchy.

    `called`: ids of entries with other names than before, those included that no text is matched by (a short code).
    """

    names: tuple[str, ...]
    moved: frozenset[str]
    called: frozenset[str]

    @property
    def nothing(self) -> bool:
        return not (self.names or self.moved or self.called)


def difference(old: Vocabulary, new: Vocabulary) -> Difference:
    """Names in the order of the new vocabulary, those that are gone last."""
    before, after = _meanings(_unlike(old, new)), _meanings(_unlike(new, old))
    names = [surface for surface, meaning in after.items() if before.get(surface) != meaning]
    names += [surface for surface in before if surface not in after]
    names += sorted(old.refused ^ new.refused)
    unique = {key_of(name): name for name in reversed(names)}
    before_called, called = _called(_unlike(old, new)), _called(_unlike(new, old))
    renamed = frozenset(
        one for one in before_called.keys() | called.keys() if before_called.get(one) != called.get(one)
    )
    return Difference(tuple(reversed(unique.values())), _moved(old, new), renamed)


def _unlike(v: Vocabulary, other: Vocabulary) -> Vocabulary:
    """Only the entries that the other has not, or not so: few, where there are tens of thousands."""
    if v.policies != other.policies:  # they are about names of any entry
        return v

    def fresh(mine: dict[str, T], theirs: dict[str, T]) -> dict[str, T]:
        return {key: entry for key, entry in mine.items() if theirs.get(key) != entry}

    return v._replace(
        drugs=fresh(v.drugs, other.drugs),
        classes=fresh(v.classes, other.classes),
        indications=fresh(v.indications, other.indications),
        biomarkers=fresh(v.biomarkers, other.biomarkers),
        bodies=fresh(v.bodies, other.bodies),
        companies=fresh(v.companies, other.companies),
        trials=v.trials - other.trials,
        trial_words=v.trial_words - other.trial_words,
        stamp="",
    )


def _called(v: Vocabulary) -> dict[str, frozenset[str]]:
    found: dict[str, list[str]] = {d.id: [d.name, *d.brands, *d.synonyms, *d.codes] for d in v.drugs.values()}
    found |= {f"class:{c.name.lower()}": [c.name, *c.names] for c in v.classes.values()}
    found |= {i.id: [i.name, *i.synonyms, *i.abbreviations] for i in v.indications.values()}
    return {concept: frozenset(names) for concept, names in found.items()}


def _meanings(v: Vocabulary) -> dict[str, list[tuple[Any, ...]]]:
    """A pattern is told by its text: one of the same words is the same."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for surface, name in surfaces(v):
        found.setdefault(surface, []).append((name.kind, name.id, name.exact, name.strict, name.context or ""))
    return found


def _moved(old: Vocabulary, new: Vocabulary) -> frozenset[str]:
    before, after = _places(old), _places(new)
    return frozenset(one for one, place in before.items() if one in after and after[one] != place)


def _places(v: Vocabulary) -> dict[str, Any]:
    drugs = {d.id: (set(d.classes), set(d.targets), d.components) for d in v.drugs.values()}
    classes = {f"class:{c.name.lower()}": set(c.under) for c in v.classes.values()}
    return {**drugs, **classes, **{i.id: set(i.parents) for i in v.indications.values()}}
