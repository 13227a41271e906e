# SPDX-License-Identifier: MIT
"""Records laid over the rows that are known: pure, and in a fixed order, so that the same input gives the same bytes."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from alerts.facts.text import key_of
from alerts.facts.vocabulary.build.records import Record
from alerts.facts.vocabulary.overlay import slug

Row = dict[str, Any]
FAMILY = {"unii": "unii", "ema": "ema", "nci_dd": "nci", "oncotree": "oncotree", "doid": "doid", "ncit2018": "nci"}
_ID = {"oncotree": "onc:{}", "doid": "doid:{}", "ncit2018": "ncit:{}"}
_TIERS = ("approved", "listed", "other", "stem_only")


class Change(NamedTuple):
    """One difference between two builds. `what`: added · removed · changed."""

    what: str
    concept: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what:8}{self.concept}  {self.detail}".rstrip()


class Loss(NamedTuple):
    """Something known that a fresh download no longer has."""

    concept: str
    name: str
    source: str
    id: str

    def __str__(self) -> str:
        return f"lost: {self.concept} ({self.name}): {self.source} {self.id} is not in the new files"


def merge(kind: str, rows: Sequence[Row], records: Iterable[Record], *, drop: Iterable[Loss] = ()) -> list[Row]:
    """The rows with everything that the records add. `kind`: drug or indication. `drop`: losses that a person accepted."""
    table = _Table(kind, rows)
    for loss in drop:
        table.forget(loss)
    ordered = sorted((r for r in records if r.kind == kind), key=lambda r: (r.source, r.id, r.name))
    for record in (*(r for r in ordered if r.fresh), *ordered):  # what may be new first, so that the rest finds it
        table.take(record)
    return table.done()


def losses(kind: str, rows: Sequence[Row], records: Sequence[Record]) -> list[Loss]:
    """Ids of the known rows that no source has any more, of the families whose sources are all in the records."""
    mine = [r for r in records if r.kind == kind]
    present = {r.source for r in mine}
    there = {(FAMILY[r.source], r.id) for r in mine if r.source in FAMILY} | {x for r in mine for x in r.xrefs}
    made = []
    for row in rows:
        for family, ids in row["ids"].items():
            sources = [s for s in row["sources"] if FAMILY.get(s) == family]
            if sources and present.issuperset(sources):
                made += [Loss(row["id"], row["preferred"], sources[0], i) for i in ids if (family, i) not in there]
    return sorted(made)


def changes(old: Sequence[Row], new: Sequence[Row]) -> list[Change]:
    """Concepts added, removed and changed, by id."""
    before, after = {r["id"]: r for r in old}, {r["id"]: r for r in new}
    made = [Change("added", i, after[i]["preferred"]) for i in after.keys() - before.keys()]
    made += [Change("removed", i, before[i]["preferred"]) for i in before.keys() - after.keys()]
    made += [
        Change("changed", i, _what(before[i], after[i])) for i in before.keys() & after.keys() if before[i] != after[i]
    ]
    return sorted(made)


def _what(old: Row, new: Row) -> str:
    told = []
    for field in sorted(old.keys() | new.keys()):
        a, b = old.get(field), new.get(field)
        if isinstance(a, list) and isinstance(b, list):
            told += [f"+{field} {n}" for n in b if n not in a] + [f"-{field} {n}" for n in a if n not in b]
        elif a != b:
            told.append(f"{field} {json.dumps(a)} → {json.dumps(b)}")
    return "; ".join(told)


class _Table:
    def __init__(self, kind: str, rows: Sequence[Row]) -> None:
        self._kind = kind
        self._rows: dict[str, Row] = {r["id"]: json.loads(json.dumps(r)) for r in rows}
        self._by_source = {
            (f, i): r["id"] for r in rows for f, ids in r["ids"].items() for i in ids if f != "nci_unverified"
        }
        self._by_name: dict[str, str] = {}
        for row in sorted(
            rows, key=lambda r: _TIERS.index(r.get("tier", "approved")) if r.get("tier") in _TIERS else 0
        ):
            for name in (row["preferred"], *row["synonyms"]):
                self._by_name.setdefault(key_of(name), row["id"])
        self._surfaces = {
            key_of(n): r["id"] for r in rows for f in ("synonyms", "brands", "codes") for n in r.get(f, ())
        }
        self._surfaces |= {key_of(r["preferred"]): r["id"] for r in rows}

    def forget(self, loss: Loss) -> None:
        row = self._rows.get(loss.concept)
        if row is None:
            return
        family = FAMILY[loss.source]
        row["ids"][family] = [i for i in row["ids"].get(family, ()) if i != loss.id]
        if not row["ids"][family]:
            del row["ids"][family]
            row["sources"] = [s for s in row["sources"] if s != loss.source]
        if not row["sources"]:
            del self._rows[loss.concept]

    def take(self, record: Record) -> None:
        family = FAMILY.get(record.source)
        found = self._by_source.get((family or "", record.id)) or self._called(record.name)
        if found not in self._rows:
            if not record.fresh:
                return
            found = self._new(record)
        row = self._rows[found]
        if family:
            _add(row["ids"].setdefault(family, []), (record.id,))
        _add(row["sources"], (record.source,))
        for field, names in (("synonyms", record.synonyms), ("brands", record.brands), ("codes", record.codes)):
            if field in row:
                own = key_of(row["preferred"])
                _add(row[field], (n for n in names if self._free(n, found) and key_of(n) != own))
        if self._kind == "indication":
            self._adopt(row, record)

    def _called(self, name: str) -> str | None:
        """Drugs are known by their names; cancers by ids alone, for two organs may share a word."""
        key = key_of(name)
        return (self._by_name.get(key) or self._surfaces.get(key)) if self._kind == "drug" else None

    def _free(self, name: str, concept: str) -> bool:
        """A name that another concept has stays there: a person decides by overlay."""
        return self._surfaces.setdefault(key_of(name), concept) == concept and bool(key_of(name))

    def _new(self, record: Record) -> str:
        concept = _ID.get(record.source, "drug:{}").format(
            slug(record.name) if self._kind == "drug" else record.id.removeprefix("DOID:")
        )
        if concept in self._rows:
            return concept
        row: Row = {"id": concept, "preferred": record.name}
        if self._kind == "drug":
            row |= {"tier": record.tier, "synonyms": [], "brands": [], "codes": [], "classes": [], "targets": []}
        else:
            row |= {"matchable": True, "news_name": None, "synonyms": [], "abbreviations": [], "parents": []}
        self._rows[concept] = (
            row | {"ids": {}, "sources": []} | ({"tissue": None} if self._kind == "indication" else {})
        )
        self._by_name.setdefault(key_of(record.name), concept)
        return concept

    def _adopt(self, row: Row, record: Record) -> None:
        """Parents of a new cancer only: the hierarchy of the known ones is curated (a source's cross-references are not)."""
        if row["parents"] or len(row["sources"]) > 1:
            return
        family = FAMILY[record.source]
        above = (self._by_source.get((family, p)) for p in record.parents)
        _add(row["parents"], (a for a in above if a and a != row["id"]))

    def done(self) -> list[Row]:
        for row in self._rows.values():
            for field in ("synonyms", "brands", "codes", "sources", "abbreviations", "parents"):
                if field in row:
                    row[field] = (
                        sorted(dict.fromkeys(row[field]), key=str.lower)
                        if field != "sources"
                        else sorted(set(row[field]))
                    )
            row["ids"] = {f: sorted(set(ids)) for f, ids in sorted(row["ids"].items())}
        return [self._rows[i] for i in sorted(self._rows)]


def _add(names: list[str], more: Iterable[str]) -> None:
    known = {key_of(n) for n in names}
    for name in more:
        if key_of(name) not in known:
            known.add(key_of(name))
            names.append(name)


def dump(rows: Sequence[Row]) -> str:
    """JSON Lines, the same bytes for the same rows."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
