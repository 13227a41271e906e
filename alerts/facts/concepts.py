# SPDX-License-Identifier: MIT
"""The vocabulary as rules and messages ask for it: names to concepts, the hierarchy upwards (alerts.model.Concepts)."""

import difflib
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from alerts.facts.text import key_of, keys_of
from alerts.facts.vocabulary import DrugClass, Vocabulary
from alerts.facts.vocabulary.current import Latest
from alerts.model import ConceptRef

CANCER, SOLID, HEME = "doid:162", "news:solid-tumors", "doid:2531"
HEME_ROOTS = {HEME, "onc:LYMPH", "onc:MYELOID"}
GENERIC = {CANCER, SOLID, HEME}
ID_ORDER = ("news:", "onc:", "doid:", "ncit:")


class _Row(NamedTuple):
    """A concept as the vocabulary has it. `names`: by what else it is called."""

    kind: str
    id: str
    name: str
    above: tuple[str, ...]
    names: Sequence[str]


class VocabularyConcepts:
    """Concepts over the shipped vocabulary. Nothing changes after construction but what is kept of answers; safe to share."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._rows = list(_rows(vocabulary))
        self._of_id = {row.id: row for row in self._rows}
        # pNET is not PNET: an abbreviation written exactly so comes before any folded name.
        self._exact = {a: i.id for i in vocabulary.indications.values() for a in i.abbreviations if i.news}
        self._merged = vocabulary.merged
        self._ref = lru_cache(maxsize=None)(self._made)
        self._named = lru_cache(maxsize=None)(self._names)  # by kind: a reader asks for none
        self._ancestors: dict[str, frozenset[str]] = {}

    def _made(self, concept_id: str) -> ConceptRef:
        row = self._of_id[concept_id]
        return ConceptRef(kind=row.kind, id=row.id, name=row.name)

    def _names(self, kind: str) -> dict[str, str]:
        """Every name of a kind with its concept, the first one of equal names."""
        table: dict[str, str] = {}
        rows = [row for row in self._rows if row.kind == kind]
        keys = iter(keys_of(name for row in rows for name in (row.name, *row.names)))
        for row in rows:
            table.setdefault(row.id.lower(), row.id)
            for key in islice(keys, 1 + len(row.names)):
                table.setdefault(key, row.id)
        for gone, kept in self._merged.items():  # rules and stored facts may hold the id of a duplicate
            if self._of_id[kept].kind == kind:
                table.setdefault(gone.lower(), kept)
        return table

    def resolve(self, kind: str, name: str) -> ConceptRef | None:
        """A drug's name may also be `class:…` or `target:…`."""
        for prefix in ("class", "target"):
            if kind == "drug" and name.lower().startswith(prefix + ":"):
                kind = prefix
        if kind == "indication" and name in self._exact:
            return self._ref(self._exact[name])
        table = self._named(kind)
        found = table.get(name.lower()) or table.get(key_of(name))
        return self._ref(found) if found else None

    def suggest(self, kind: str, name: str, limit: int = 3) -> Sequence[ConceptRef]:
        kind = "class" if name.lower().startswith("class:") else kind
        shown = {row.name.lower(): row.id for row in self._rows if row.kind == kind}
        near = difflib.get_close_matches(name.lower().removeprefix("class:"), shown, n=limit, cutoff=0.6)
        return [self._ref(shown[n]) for n in near]

    def get(self, concept_id: str) -> ConceptRef | None:
        concept_id = self._merged.get(concept_id, concept_id)
        return self._ref(concept_id) if concept_id in self._of_id else None

    def ancestors(self, concept_id: str) -> frozenset[str]:
        concept_id = self._merged.get(concept_id, concept_id)
        if concept_id not in self._of_id:  # a drug that only the news knows: nothing is kept of it, they never end
            return frozenset((concept_id,))
        if concept_id not in self._ancestors:
            self._ancestors[concept_id] = frozenset(self._above(concept_id))
        return self._ancestors[concept_id]

    def _above(self, concept_id: str) -> set[str]:
        seen, queue = {concept_id}, deque([concept_id])
        while queue:
            for parent in self._parent_ids(queue.popleft(), concept_id):
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)
        return seen

    def _parent_ids(self, current: str, start: str) -> tuple[str, ...]:
        """Parents, and for a cancer at the top of its tree the generic concept that it falls under."""
        row = self._of_id.get(current)
        parents = row.above if row else ()
        if row is None or row.kind != "indication" or current in GENERIC:
            return parents
        if current in HEME_ROOTS:
            return (*parents, HEME)
        at_top = not parents or set(parents) <= {CANCER}
        return (*parents, SOLID) if at_top and not self._is_heme(start) else parents

    def _is_heme(self, concept_id: str) -> bool:
        seen, queue = {concept_id}, deque([concept_id])
        while queue:
            current = queue.popleft()
            if current in HEME_ROOTS:
                return True
            row = self._of_id.get(current)
            fresh = [p for p in (row.above if row else ()) if p not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        return False

    def parents(self, concept_id: str) -> Sequence[ConceptRef]:
        """What an entry falls under directly."""
        return [self._ref(p) for p in self._parent_ids(concept_id, concept_id) if p in self._of_id]

    def children(self, concept_id: str) -> Sequence[ConceptRef]:
        """What falls under an entry directly, by name."""
        below = (i for i, row in self._of_id.items() if concept_id in row.above)
        return sorted(map(self._ref, below), key=lambda r: r.name.lower())

    def path(self, concept_id: str, ancestor_id: str) -> Sequence[ConceptRef]:
        back: dict[str, str | None] = {concept_id: None}
        queue = deque([concept_id])
        while queue and ancestor_id not in back:
            current = queue.popleft()
            for parent in self._parent_ids(current, concept_id):
                if parent not in back:
                    back[parent] = current
                    queue.append(parent)
        steps: list[str] = []
        at: str | None = ancestor_id if ancestor_id in back else None
        while at is not None:
            steps.append(at)
            at = back[at]
        return [self._ref(step) for step in reversed(steps) if step in self._of_id]


def _rows(v: Vocabulary) -> Iterator[_Row]:
    """Every concept, of those of one name the one first that the name stands for."""
    # A medicine that no one knows by anything but a stem gives way to a name that is in use.
    for drug in sorted(v.drugs.values(), key=lambda d: d.tier == "stem_only"):
        above = (*drug.components, *(f"class:{c.lower()}" for c in drug.classes))
        above += tuple(f"target:{t.lower()}" for t in drug.targets)
        yield _Row("drug", drug.id, drug.name, above, (*drug.synonyms, *drug.brands, *drug.codes))
    yield from _classes(v)
    for name in sorted({n for drug in v.drugs.values() for n in drug.targets}):
        yield _Row("target", f"target:{name.lower()}", name, (), (f"target:{name}",))
    for i in sorted(v.indications.values(), key=lambda i: (not i.news, _order(i.id))):
        yield _Row("indication", i.id, i.name, i.parents, (*i.synonyms, *i.abbreviations))
    for marker in v.biomarkers.values():
        above = tuple(b.id for b in v.biomarkers.values() if b is not marker and marker.name.startswith(b.name + " "))
        yield _Row("biomarker", marker.id, marker.name, above, marker.synonyms)
    for body in v.bodies.values():
        yield _Row("regulator", body.id, body.short, (), (body.name, *body.synonyms, body.id.removeprefix("org:")))


def _classes(v: Vocabulary) -> Iterator[_Row]:
    """Classes with what they fall under; `class:PD-1 inhibitor` is a name of one too."""
    unlisted = {n for drug in v.drugs.values() for n in drug.classes} - set(v.classes)
    for one in (*v.classes.values(), *(DrugClass(name) for name in sorted(unlisted))):
        names = (one.name, *one.names)
        above = tuple(f"class:{u.lower()}" for u in one.under)
        yield _Row("class", f"class:{one.name.lower()}", one.name, above, (*names, *(f"class:{n}" for n in names)))


def _order(concept_id: str) -> int:
    return next((n for n, prefix in enumerate(ID_ORDER) if concept_id.startswith(prefix)), len(ID_ORDER))


_latest = Latest(VocabularyConcepts)


def concepts() -> VocabularyConcepts:
    """Concepts of the vocabulary in use."""
    return _latest()
