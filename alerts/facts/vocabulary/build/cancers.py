# SPDX-License-Identifier: MIT
"""Importers of cancer sources: files of a folder → records. Each yields nothing where its file is absent."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alerts.facts.vocabulary.build.records import Record

_OBO = "http://purl.obolibrary.org/obo/"
_QUOTED = re.compile(r'"([^"]+)" EXACT')
_CANCER = re.compile(r"neoplasm|carcinoma|cancer|leuk|lymphom|myelom|melanom|sarcom|tumor|gliom|blastom|metast", re.I)
_MAX_NAME = 80


def oncotree(folder: Path) -> Iterator[Record]:
    """OncoTree: a tree of codes. Its codes are ids and never names; its `MT` (malignant tumour) hangs under the brain and is never made anew."""
    for file in sorted(folder.glob("**/oncotree*.json")):
        tree = json.loads(file.read_text(encoding="utf-8"))
        yield from _codes(tree["TISSUE"]["children"])


def _codes(nodes: dict[str, Any]) -> Iterator[Record]:
    for code, node in nodes.items():
        parent = node.get("parent")
        above = (parent,) if parent and parent != "TISSUE" else ()
        nci = tuple(("nci", n) for n in node.get("externalReferences", {}).get("NCI", ()))
        yield Record("oncotree", "indication", code, node["name"], parents=above, xrefs=nci, fresh=code != "MT")
        yield from _codes(node.get("children") or {})


def doid(folder: Path) -> Iterator[Record]:
    """Human Disease Ontology: the cancer slim (OBO graph) decides which diseases are cancers, both files name them."""
    slim = set()
    for file in sorted(folder.glob("**/DO_cancer_slim*.json")):
        graph = json.loads(file.read_text(encoding="utf-8"))["graphs"][0]
        slim |= {_doid(n["id"]) for n in graph["nodes"] if n["id"].startswith(_OBO + "DOID_")}
        yield from _graph("doid", graph, _doid, fresh=True)
    for file in sorted(folder.glob("**/NCIthesaurus_subset*.obo.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as text:
            for term in text.read().split("\n[Term]\n")[1:]:
                record = _term(term)
                if record is not None and record.id not in slim:
                    yield record


def _doid(uri: str) -> str:
    return uri.removeprefix(_OBO).replace("_", ":")


def _term(term: str) -> Record | None:
    """A stanza of an OBO file; None for what is obsolete."""
    lines = [line.split(": ", 1) for line in term.split("\n\n", 1)[0].splitlines() if ": " in line]
    of = {key: [v for k, v in lines if k == key] for key in ("id", "name", "synonym", "is_a", "is_obsolete", "xref")}
    if not of["id"] or not of["name"] or of["is_obsolete"]:
        return None
    exact = [hit.group(1) for s in of["synonym"] if (hit := _QUOTED.match(s))]
    parents = tuple(p.split(" ! ")[0].split(" {")[0] for p in of["is_a"])
    nci = tuple(("nci", x.removeprefix("NCI:")) for x in of["xref"] if x.startswith("NCI:"))
    return Record(
        "doid", "indication", of["id"][0], of["name"][0], _names(exact), parents=parents, xrefs=nci, fresh=False
    )


def ncit2018(folder: Path) -> Iterator[Record]:
    """NCI Thesaurus, disease branch of 2018 (OBO graph): names for cancers that are known by their NCI code."""
    for file in sorted(folder.glob("**/ncit-disease*.json.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as text:
            graph = json.load(text)["graphs"][0]
        yield from _graph("ncit2018", graph, lambda uri: uri.removeprefix(_OBO + "NCIT_"), fresh=False)


def _graph(source: str, graph: dict[str, Any], to_id: Any, *, fresh: bool) -> Iterator[Record]:
    parents: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        if edge["pred"] == "is_a":
            parents.setdefault(to_id(edge["sub"]), []).append(to_id(edge["obj"]))
    for node in graph["nodes"]:
        if node.get("lbl") and node.get("type") == "CLASS" and not node.get("meta", {}).get("deprecated"):
            exact = [s["val"] for s in node.get("meta", {}).get("synonyms", ()) if s["pred"] == "hasExactSynonym"]
            refs = (x["val"] for x in node.get("meta", {}).get("xrefs", ()))
            nci = tuple(("nci", x.removeprefix("NCI:")) for x in refs if x.startswith("NCI:"))
            concept = to_id(node["id"])
            above = tuple(parents.get(concept, ()))
            yield Record(
                source, "indication", concept, node["lbl"], _names(exact), parents=above, xrefs=nci, fresh=fresh
            )


def _names(names: list[str]) -> tuple[str, ...]:
    return tuple(n for n in names if 4 < len(n) <= _MAX_NAME and _CANCER.search(n) and not n.endswith(", NOS"))
