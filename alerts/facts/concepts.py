# SPDX-License-Identifier: MIT
"""The vocabulary as rules and messages ask for it: names to concepts, the hierarchy upwards (alerts.model.Concepts)."""

import difflib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from alerts.facts.text import key_of
from alerts.facts.vocabulary import DrugClass, Vocabulary
from alerts.facts.vocabulary.current import Latest
from alerts.model import ConceptRef

CANCER, SOLID, HEME = "doid:162", "news:solid-tumors", "doid:2531"
HEME_ROOTS = {HEME, "onc:LYMPH", "onc:MYELOID"}
GENERIC = {CANCER, SOLID, HEME}
ID_ORDER = ("news:", "onc:", "doid:", "ncit:")


class VocabularyConcepts:
    """Concepts over the shipped vocabulary. Read-only after construction, safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._refs: dict[str, ConceptRef] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._shown: dict[str, dict[str, str]] = {}
        # pNET is not PNET: an abbreviation written exactly so comes before any folded name.
        self._exact = {a: i.id for i in vocabulary.indications.values() for a in i.abbreviations if i.news}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._merged = vocabulary.merged
        for ref, parents, names in self._all(vocabulary):
            self._refs[ref.id] = ref
            self._parents[ref.id] = parents
            table = self._names.setdefault(ref.kind, {})
            for name in (ref.id.lower(), *map(key_of, (ref.name, *names))):
                table.setdefault(name, ref.id)
            self._shown.setdefault(ref.kind, {})[ref.name.lower()] = ref.id
        for gone, kept in vocabulary.merged.items():  # rules and stored facts may hold the id of a duplicate
            self._names[self._refs[kept].kind].setdefault(gone.lower(), kept)

    def _all(self, v: Vocabulary) -> Iterator[tuple[ConceptRef, tuple[str, ...], Iterable[str]]]:
        # A medicine that no one knows by anything but a stem gives way to a name that is in use.
        for drug in sorted(v.drugs.values(), key=lambda d: d.tier == "stem_only"):
            above = (*drug.components, *(f"class:{c.lower()}" for c in drug.classes))
            above += tuple(f"target:{t.lower()}" for t in drug.targets)
            yield (
                ConceptRef(kind="drug", id=drug.id, name=drug.name),
                above,
                (*drug.synonyms, *drug.brands, *drug.codes),
            )
        yield from _classes(v)
        for name in sorted({n for drug in v.drugs.values() for n in drug.targets}):
            yield ConceptRef(kind="target", id=f"target:{name.lower()}", name=name), (), (f"target:{name}",)
        for i in sorted(v.indications.values(), key=lambda i: (not i.news, _order(i.id))):
            ref = ConceptRef(kind="indication", id=i.id, name=i.name)
            yield ref, i.parents, (*i.synonyms, *i.abbreviations)
        for marker in v.biomarkers.values():
            above = tuple(
                b.id for b in v.biomarkers.values() if b is not marker and marker.name.startswith(b.name + " ")
            )
            yield ConceptRef(kind="biomarker", id=marker.id, name=marker.name), above, marker.synonyms
        for body in v.bodies.values():
            yield ConceptRef(kind="regulator", id=body.id, name=body.short), (), (body.name, *body.synonyms)

    def resolve(self, kind: str, name: str) -> ConceptRef | None:
        """A drug's name may also be `class:…` or `target:…`."""
        for prefix in ("class", "target"):
            if kind == "drug" and name.lower().startswith(prefix + ":"):
                kind = prefix
        if kind == "indication" and name in self._exact:
            return self._refs[self._exact[name]]
        table = self._names.get(kind, {})
        found = table.get(name.lower()) or table.get(key_of(name))
        return self._refs[found] if found else None

    def suggest(self, kind: str, name: str, limit: int = 3) -> Sequence[ConceptRef]:
        shown = self._shown.get("class" if name.lower().startswith("class:") else kind, {})
        near = difflib.get_close_matches(name.lower().removeprefix("class:"), shown, n=limit, cutoff=0.6)
        return [self._refs[shown[n]] for n in near]

    def get(self, concept_id: str) -> ConceptRef | None:
        return self._refs.get(self._merged.get(concept_id, concept_id))

    def ancestors(self, concept_id: str) -> frozenset[str]:
        concept_id = self._merged.get(concept_id, concept_id)
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
        parents = self._parents.get(current, ())
        ref = self._refs.get(current)
        if ref is None or ref.kind != "indication" or current in GENERIC:
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
            fresh = [p for p in self._parents.get(current, ()) if p not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        return False

    def parents(self, concept_id: str) -> Sequence[ConceptRef]:
        """What an entry falls under directly."""
        return [self._refs[p] for p in self._parent_ids(concept_id, concept_id) if p in self._refs]

    def children(self, concept_id: str) -> Sequence[ConceptRef]:
        """What falls under an entry directly, by name."""
        below = (i for i, parents in self._parents.items() if concept_id in parents)
        return sorted((self._refs[i] for i in below), key=lambda r: r.name.lower())

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
        return [self._refs[step] for step in reversed(steps) if step in self._refs]


def _classes(v: Vocabulary) -> Iterator[tuple[ConceptRef, tuple[str, ...], Iterable[str]]]:
    """Classes with what they fall under; `class:PD-1 inhibitor` is a name of one too."""
    unlisted = {n for drug in v.drugs.values() for n in drug.classes} - set(v.classes)
    for one in (*v.classes.values(), *(DrugClass(name) for name in sorted(unlisted))):
        names = (one.name, *one.names)
        ref = ConceptRef(kind="class", id=f"class:{one.name.lower()}", name=one.name)
        yield ref, tuple(f"class:{u.lower()}" for u in one.under), (*names, *(f"class:{n}" for n in names))


def _order(concept_id: str) -> int:
    return next((n for n, prefix in enumerate(ID_ORDER) if concept_id.startswith(prefix)), len(ID_ORDER))


_latest = Latest(VocabularyConcepts)


def concepts() -> VocabularyConcepts:
    """Concepts of the vocabulary in use."""
    return _latest()
