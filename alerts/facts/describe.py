# SPDX-License-Identifier: MIT
"""An entry of the vocabulary with everything around it, for `oncowire vocab lookup` and the console."""

from collections.abc import Iterable
from typing import Any

from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.matcher import surfaces
from alerts.facts.text import key_of
from alerts.facts.vocabulary import Vocabulary
from alerts.model import ConceptRef

KINDS = ("drug", "class", "target", "indication", "biomarker", "regulator")
MAX_CHILDREN = 40  # "cancer" has thousands below it
Ref = dict[str, str]


def named(tree: VocabularyConcepts, name: str) -> list[ConceptRef]:
    """Every entry that a name, synonym, brand, code or id may mean, one a kind."""
    found = (tree.resolve(kind, name) for kind in KINDS)
    return list({ref.id: ref for ref in found if ref is not None}.values())


def plain(v: Vocabulary, name: str) -> list[dict[str, Any]]:
    """Companies and trials of this name, as `describe` gives an entry: they are read as written and stand in no tree."""
    key = key_of(name)
    companies = [(n, given) for n, given in v.companies.items() if key in map(key_of, (n, *given))]
    told = [{"kind": "company", "id": n, "name": n, "synonyms": [g for g in given if g != n]} for n, given in companies]
    return told + [{"kind": "trial", "id": one, "name": one} for one in sorted(v.trials) if key == key_of(one)]


def near(tree: VocabularyConcepts, name: str) -> list[str]:
    """Known names that look like an unknown one, best first a kind."""
    return [s.name for kind in ("drug", "indication", "biomarker") for s in tree.suggest(kind, name)]


def describe(v: Vocabulary, tree: VocabularyConcepts, ref: ConceptRef) -> dict[str, Any]:
    """The entry as plain data: names, what is above and below it, where it comes from, how its names are matched."""
    told: dict[str, Any] = {"kind": ref.kind, "id": ref.id, "name": ref.name, **_own(v, ref)}
    children = [_ref(c) for c in tree.children(ref.id)]
    told["parents"] = [_ref(p) for p in tree.parents(ref.id)]
    told["above"] = [_ref(c) for i in sorted(tree.ancestors(ref.id) - {ref.id}) if (c := tree.get(i))]
    told["children"] = children[:MAX_CHILDREN]
    told["children_count"] = len(children)
    told["care"] = _care(v, ref)
    return told


def _ref(ref: ConceptRef) -> Ref:
    return {"id": ref.id, "name": ref.name}


def _own(v: Vocabulary, ref: ConceptRef) -> dict[str, Any]:
    table: dict[str, dict[str, Any]] = {
        "drug": v.drugs,
        "indication": v.indications,
        "biomarker": v.biomarkers,
        "regulator": v.bodies,
    }
    entry = table.get(ref.kind, {}).get(ref.id)
    if entry is None:
        one = v.classes.get(ref.name)
        return {"synonyms": list(one.names) if one else []}
    fields = ("tier", "kind", "oncotree", "matchable", "synonyms", "abbreviations", "brands", "codes")
    more = ("classes", "targets", "components", "sources")
    shown = {f: getattr(entry, f) for f in (*fields, *more) if hasattr(entry, f)}
    if ref.kind == "regulator":
        shown = {"full_name": entry.name, "body": shown.pop("kind"), **shown}
    return {f: list(value) if isinstance(value, tuple) else value for f, value in shown.items()}


def _care(v: Vocabulary, ref: ConceptRef) -> list[dict[str, str]]:
    """Names of the entry that are not matched wherever they stand, and what they need."""
    own = _own(v, ref)
    names: Iterable[str] = (n for f in ("synonyms", "abbreviations", "brands", "codes") for n in own.get(f, ()))
    kept = {key_of(surface): name for surface, name in surfaces(v) if name.id == ref.id}
    cared = []
    for name in dict.fromkeys((ref.name, *names)):
        held = kept.get(key_of(name))
        if held is None and ref.kind in {"drug", "indication"}:
            cared.append({"name": name, "needs": v.policies.get(name, "not matched in text")})
        elif held is not None and (held.exact or held.context):
            needs = [*(("this spelling",) if held.exact else ()), *(("a word of its field",) if held.context else ())]
            cared.append({"name": name, "needs": " and ".join(needs)})
    return cared
