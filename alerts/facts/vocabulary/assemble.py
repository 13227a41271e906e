# SPDX-License-Identifier: MIT
"""Sources and overlays put together: rows of the sources first, then each overlay on top, the last one wins."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from alerts.facts.text import key_of
from alerts.facts.vocabulary.entries import Biomarker, Body, Drug, DrugClass, Indication, Vocabulary
from alerts.facts.vocabulary.overlay import (
    BiomarkerEntry,
    BodyEntry,
    DrugEntry,
    IndicationEntry,
    Overlay,
    slug,
)

T = TypeVar("T")
Rows = dict[str, list[dict[str, Any]]]  # file stem → its rows
_CODE_NAME = re.compile(r"[a-z]{2,6}-?\d[\w.-]*$")


def assemble(rows: Rows, overlays: Sequence[Overlay]) -> Vocabulary:
    """One vocabulary. An overlay entry that names nothing known makes a new concept."""
    classes = _classes(overlays)
    drugs = _Drugs(rows["drugs"], {n: c.name for c in classes.values() for n in c.names})
    cancers = {r["id"]: _indication(r) for r in rows["indications"]}
    markers = {
        r["id"]: Biomarker(r["id"], r["preferred"], tuple(r["synonyms"]), tuple(r["sources"]))
        for r in rows["biomarkers"]
    }
    bodies = {r["id"]: _body(r) for r in rows["regulators"]}
    merged: dict[str, str] = {}
    for overlay in overlays:
        drugs.lay(overlay.drugs)
        merged |= _lay_cancers(cancers, overlay.indications)
        for marker, marker_entry in overlay.biomarkers.items():
            markers[marker] = _marker(markers.get(marker), marker, marker_entry)
        for body, body_entry in overlay.bodies.items():
            bodies[body] = _changed_body(bodies.get(body), body, body_entry)
    return Vocabulary(
        drugs=drugs.done(),
        classes=classes,
        indications=cancers,
        biomarkers=markers,
        bodies=bodies,
        registries=tuple((r["registry"], re.compile(r["regex"])) for r in rows["trial_ids"]),
        stems=tuple((re.compile(r["regex"]), r["class"]) for r in rows["inn_stems"]),
        any_stem=re.compile("|".join(f"(?:{r['regex']})" for r in rows["inn_stems"])),
        policies={r["surface"]: r["policy"] for r in rows["ambiguity"]} | _union(o.policies for o in overlays),
        companies=_union(o.companies for o in overlays),
        trials=frozenset(t for o in overlays for t in o.trials),
        trial_words=frozenset(t for o in overlays for t in o.trial_words),
        refused=frozenset(key_of(n) for o in overlays for n in o.not_drugs),
        merged=merged | drugs.merged,
    )


def _union(tables: Iterable[dict[str, T]]) -> dict[str, T]:
    return {name: value for table in tables for name, value in table.items()}


def _more(old: Sequence[str], new: Iterable[str], never: Iterable[str] = ()) -> tuple[str, ...]:
    """Both without repeats, the overlay's first: the name that a person wrote is the one that is shown."""
    out = set(map(key_of, never))
    return tuple(n for n in dict.fromkeys((*new, *old)) if not out or key_of(n) not in out)


def _classes(overlays: Sequence[Overlay]) -> dict[str, DrugClass]:
    """What an overlay says of a class is added to what those before it said."""
    made: dict[str, DrugClass] = {}
    for name, entry in (pair for overlay in overlays for pair in overlay.classes.items()):
        old = made.get(name, DrugClass(name))
        made[name] = DrugClass(name, _more(entry.under, old.under), _more(entry.names, old.names))
    for one in list(made.values()):
        made |= {above: DrugClass(above) for above in one.under if above not in made}
    return made


class _Drugs:
    """Drugs by id while overlays are laid on, with the names that overlays may call them by."""

    def __init__(self, rows: list[dict[str, Any]], class_names: dict[str, str]) -> None:
        self._class_names = class_names
        self._made = {r["id"]: self._from_row(r) for r in rows}
        self._by_name = {drug.name.lower(): drug.id for drug in self._made.values()}
        self._components: dict[str, tuple[str, ...]] = {}
        self.merged: dict[str, str] = {}

    def _from_row(self, row: dict[str, Any]) -> Drug:
        name = row["preferred"]
        return Drug(
            id=row["id"],
            name=name.upper() if _CODE_NAME.match(name) else name,
            tier=row["tier"],
            synonyms=tuple(row["synonyms"]),
            brands=tuple(row["brands"]),
            codes=tuple(row["codes"]),
            classes=tuple(dict.fromkeys(self._class_names.get(c, c) for c in row["classes"])),
            targets=tuple(row["targets"]),
            sources=tuple(row["sources"]),
        )

    def lay(self, entries: dict[str, DrugEntry]) -> None:
        """Repairs and new drugs, then the duplicates, so that a merge sees every name."""
        for name, entry in entries.items():
            if entry.same_as is None:
                self._set(name, entry)
        for name, entry in entries.items():
            if entry.same_as is not None:
                self._merge(name, entry.same_as)

    def _find(self, name: str) -> str | None:
        found = self._by_name.get(name.lower(), f"drug:{slug(name)}")
        return found if found in self._made else None

    def _set(self, name: str, entry: DrugEntry) -> None:
        known = self._find(name)
        old = self._made[known] if known else Drug(entry.id or f"drug:{slug(name)}", name, "listed")
        shown = entry.name or old.name
        renamed = (old.name,) if shown != old.name else ()
        never = old.never | frozenset(map(key_of, entry.never))
        self._made[old.id] = old._replace(
            name=shown,
            tier=entry.tier or old.tier,
            synonyms=_more(old.synonyms, (*entry.synonyms, *renamed), never),
            brands=_more(old.brands, (*filter(None, (entry.brand,)), *entry.brands), never),
            brand=entry.brand or old.brand,
            codes=_more(old.codes, entry.codes, never),
            classes=_placed("class:", old.classes if entry.classes is None else entry.classes, entry),
            targets=_placed("target:", old.targets if entry.targets is None else entry.targets, entry),
            sources=_more(("overlay",), old.sources),
            never=never,
        )
        for called in (name, shown):
            self._by_name[called.lower()] = old.id
        if entry.components:
            self._components[old.id] = entry.components

    def _merge(self, name: str, into: str) -> None:
        target = self._find(into)
        if target is None:
            self._set(into, DrugEntry())
            target = self._find(into)
        assert target is not None
        # The name may have been given to the one that stays: then the twin is known by its id alone.
        gone = f"drug:{slug(name)}" if f"drug:{slug(name)}" in self._made else self._find(name)
        twin = self._made.pop(gone) if gone and gone != target else Drug("", name, "listed")
        kept = self._made[target]
        self._made[target] = kept._replace(
            synonyms=_more((*kept.synonyms, twin.name), twin.synonyms, kept.never),
            brands=_more(kept.brands, twin.brands, kept.never),
            codes=_more(kept.codes, twin.codes, kept.never),
        )
        self._by_name[name.lower()] = target
        if twin.id:
            self.merged[twin.id] = target

    def done(self) -> dict[str, Drug]:
        """All drugs; the components of regimens as ids (a component that is not known is a mistake of the overlay)."""
        for drug_id, names in self._components.items():
            found = [self._find(n) for n in names]
            self._made[drug_id] = self._made[drug_id]._replace(components=tuple(i for i in found if i))
        return self._made


def _placed(prefix: str, above: tuple[str, ...], entry: DrugEntry) -> tuple[str, ...]:
    """Classes or targets after what the overlay adds to them and takes away."""
    more = [u.removeprefix(prefix) for u in entry.under if u.startswith(prefix)]
    gone = {u.removeprefix(prefix).lower() for u in entry.not_under if u.startswith(prefix)}
    return tuple(name for name in dict.fromkeys((*above, *more)) if name.lower() not in gone)


def _indication(row: dict[str, Any]) -> Indication:
    codes = row["ids"].get("oncotree", ())
    name = row["news_name"] or row["preferred"]
    return Indication(
        id=row["id"],
        name=name if row["news_name"] else name.lower() if name[:2].istitle() else name,
        oncotree=codes[0] if codes and row["id"].startswith("onc:") else None,
        matchable=row["matchable"],
        news=bool(row["news_name"]),
        synonyms=(*row["synonyms"], row["preferred"]),
        abbreviations=tuple(row["abbreviations"]),
        parents=tuple(row["parents"]),
        sources=tuple(row["sources"]),
    )


def _lay_cancers(cancers: dict[str, Indication], entries: dict[str, IndicationEntry]) -> dict[str, str]:
    """Repairs and new cancers in place; duplicates are merged and told as old id → id that stays."""
    merged: dict[str, str] = {}
    if not entries:
        return merged
    known = _ids_by_name(cancers)
    for name in entries:
        known.setdefault(name.lower(), name if ":" in name else f"news:{'-'.join(key_of(name).split())}")
    for name, entry in entries.items():
        concept = known[name.lower()]
        old = cancers.get(concept) or Indication(concept, name.split(":")[-1], None, True, ":" not in name, (), (), ())
        entry = entry.model_copy(update={"parents": tuple(known.get(p.lower(), p) for p in entry.parents)})
        cancers[concept] = _changed(old, entry)
    for name, entry in entries.items():
        concept, stays = known[name.lower()], known.get((entry.same_as or "").lower())
        if stays in cancers and stays != concept:
            twin, kept = cancers.pop(concept), cancers[stays]
            cancers[kept.id] = kept._replace(
                synonyms=_more((*kept.synonyms, twin.name), twin.synonyms, kept.never),
                abbreviations=_more(kept.abbreviations, twin.abbreviations, kept.never),
                parents=_more(kept.parents, twin.parents, {kept.id}),
            )
            merged[concept] = kept.id
    for one in [c for c in cancers.values() if merged.keys() & set(c.parents)]:
        above = tuple(dict.fromkeys(merged.get(p, p) for p in one.parents if merged.get(p, p) != one.id))
        cancers[one.id] = one._replace(parents=above)
    return merged


def _ids_by_name(cancers: dict[str, Indication]) -> dict[str, str]:
    """Names that an overlay may call a cancer by: its id, its name; the one that news uses wins."""
    ordered = sorted(cancers.values(), key=lambda c: (c.news, c.id.startswith("onc:")))
    return {c.name.lower(): c.id for c in ordered} | {c.id.lower(): c.id for c in ordered}


def _changed(old: Indication, entry: IndicationEntry) -> Indication:
    never = old.never | frozenset(map(key_of, entry.never))
    renamed = (old.name,) if entry.name and entry.name != old.name else ()
    return old._replace(
        name=entry.name or old.name,
        oncotree=entry.oncotree or old.oncotree,
        matchable=old.matchable if entry.matchable is None else entry.matchable,
        news=old.news or entry.name is not None,
        synonyms=_more(old.synonyms, (*entry.synonyms, *renamed), never),
        abbreviations=_more(old.abbreviations, entry.abbreviations, never),
        parents=_more(entry.parents, old.parents, entry.no_parents),
        sources=_more(("overlay",), old.sources),
        never=never,
    )


def _marker(old: Biomarker | None, concept: str, entry: BiomarkerEntry) -> Biomarker:
    old = old or Biomarker(concept, concept.removeprefix("bm:"), ())
    return Biomarker(concept, entry.name or old.name, _more(old.synonyms, entry.synonyms, entry.never), ("overlay",))


def _body(row: dict[str, Any]) -> Body:
    short = row["id"].removeprefix("org:")
    return Body(row["id"], short, row["preferred"], row["kind"], tuple(row["synonyms"]), tuple(row["sources"]))


def _changed_body(old: Body | None, concept: str, entry: BodyEntry) -> Body:
    slug = concept.removeprefix("org:")
    old = old or Body(concept, slug, entry.name or slug, entry.kind or "regulator", ())
    names = _more(old.synonyms, entry.synonyms, entry.never)
    return Body(concept, entry.short or old.short, entry.name or old.name, entry.kind or old.kind, names, ("overlay",))
