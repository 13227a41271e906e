# SPDX-License-Identifier: MIT
"""Names that mean two things, and names that are too short or too common to be matched without care."""

from collections.abc import Iterator
from typing import NamedTuple

from alerts.facts.matcher import surfaces
from alerts.facts.text import key_of
from alerts.facts.vocabulary.entries import Vocabulary


class Trouble(NamedTuple):
    """`code`: collision (one name, two concepts) · dangling (names nothing that is known) · bare (no class) · loop."""

    code: str
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.subject}: {self.message}"


def check(vocabulary: Vocabulary) -> list[Trouble]:
    """Everything that a person should decide, in a fixed order; empty for a sound vocabulary."""
    return sorted({*_collisions(vocabulary), *_dangling(vocabulary), *_bare(vocabulary), *_loops(vocabulary)})


def _collisions(v: Vocabulary) -> Iterator[Trouble]:
    seen: dict[tuple[str, str | None], dict[str, tuple[str, int]]] = {}
    for surface, name in surfaces(v):
        owners = seen.setdefault((key_of(surface), name.exact), {})
        owners.setdefault(name.id, (name.kind, _rank(v, name.kind, name.id)))
    for (key, _), owners in seen.items():
        best = min(rank for _, rank in owners.values())
        same = sorted(concept for concept, (_, rank) in owners.items() if rank == best)
        if len(same) > 1:
            yield Trouble("collision", key, " and ".join(same))


def _rank(v: Vocabulary, kind: str, concept: str) -> int:
    """Which of two cancers has a shared name: the one that news uses, then OncoTree, Disease Ontology, NCIt (documented)."""
    if kind != "indication":
        return 0
    order = ("onc:", "news:", "doid:", "ncit:")
    return 0 if v.indications[concept].news else 1 + next(n for n, p in enumerate(order) if concept.startswith(p))


def _dangling(v: Vocabulary) -> Iterator[Trouble]:
    for cancer in v.indications.values():
        for parent in cancer.parents:
            if parent not in v.indications:
                yield Trouble("dangling", cancer.id, f"its parent {parent} is unknown")
    for one in v.classes.values():
        for above in one.under:
            if above not in v.classes:
                yield Trouble("dangling", one.name, f"the class above it, {above}, is unknown")


def _bare(v: Vocabulary) -> Iterator[Trouble]:
    for drug in v.drugs.values():
        if drug.tier == "approved" and not drug.classes:
            yield Trouble("bare", drug.id, "an approved drug without a class")


def _loops(v: Vocabulary) -> Iterator[Trouble]:
    """Names of one OncoTree node may stand above each other (bladder cancer, urothelial carcinoma); every other loop is a fault."""
    for start, cancer in v.indications.items():
        node = cancer.oncotree
        seen = set[tuple[str, bool]]()
        todo = [(parent, node is None) for parent in cancer.parents]  # and whether the way there leaves the node
        while todo:
            at, left = todo.pop()
            here = v.indications.get(at)
            left = left or here is None or here.oncotree != node
            if at == start and left:
                yield Trouble("loop", start, "it is above itself")
                break
            if (at, left) not in seen and here is not None:
                seen.add((at, left))
                todo += [(parent, left) for parent in here.parents]
