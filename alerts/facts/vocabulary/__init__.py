# SPDX-License-Identifier: MIT
"""The vocabulary: drugs, cancers, biomarkers, bodies, and the surfaces that need care. Sources and licences: SOURCES.md."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent


class Drug(NamedTuple):
    id: str
    name: str  # INN in lower case, a code upper case
    tier: str  # approved · listed · stem_only · regimen
    synonyms: tuple[str, ...]
    brands: tuple[str, ...]
    codes: tuple[str, ...]
    classes: tuple[str, ...]
    targets: tuple[str, ...]


class Indication(NamedTuple):
    id: str
    name: str
    oncotree: str | None
    matchable: bool
    news: bool  # has a name that news uses: wins over the others that share a surface
    synonyms: tuple[str, ...]
    abbreviations: tuple[str, ...]
    parents: tuple[str, ...]


class Biomarker(NamedTuple):
    id: str
    name: str
    synonyms: tuple[str, ...]


class Body(NamedTuple):
    """A regulator, HTA body, guideline or congress."""

    id: str
    short: str  # FDA, EC
    name: str
    kind: str
    synonyms: tuple[str, ...]


class Vocabulary(NamedTuple):
    drugs: dict[str, Drug]
    indications: dict[str, Indication]
    biomarkers: dict[str, Biomarker]
    bodies: dict[str, Body]
    registries: tuple[tuple[str, re.Pattern[str]], ...]  # (registry, id pattern)
    stems: tuple[tuple[re.Pattern[str], str], ...]  # (INN stem, class)
    policies: dict[str, str]  # surface → ambiguity policy
    companies: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def load() -> Vocabulary:
    """The shipped vocabulary with the overlay on top (the overlay wins)."""
    over: dict[str, Any] = yaml.safe_load((FOLDER / "overlay.yaml").read_text(encoding="utf-8"))
    drugs = {r["id"]: _drug(r) for r in [*_rows("drugs"), *over["drugs"]]}
    indications = {r["id"]: _indication(r, over["indications"].get(r["id"], {})) for r in _rows("indications")}
    indications |= {
        i: _indication({"id": i}, extra) for i, extra in over["indications"].items() if i not in indications
    }
    policies = {r["surface"]: r["policy"] for r in _rows("ambiguity")} | over["policies"]
    return Vocabulary(
        drugs=_with_aliases(drugs, over["drug_aliases"]),
        indications=indications,
        biomarkers={r["id"]: Biomarker(r["id"], r["preferred"], tuple(r["synonyms"])) for r in _rows("biomarkers")},
        bodies={r["id"]: _body(r) for r in _rows("regulators")},
        registries=tuple((r["registry"], re.compile(r["regex"])) for r in _rows("trial_ids")),
        stems=tuple((re.compile(r["regex"]), r["class"]) for r in _rows("inn_stems")),
        policies=policies,
        companies={name: tuple(aliases) for name, aliases in over["companies"].items()},
    )


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _drug(row: dict[str, Any]) -> Drug:
    lists = {key: tuple(row.get(key, ())) for key in ("synonyms", "brands", "codes", "classes", "targets")}
    return Drug(id=row["id"], name=row["preferred"], tier=row.get("tier", "approved"), **lists)


def _with_aliases(drugs: dict[str, Drug], aliases: dict[str, list[str]]) -> dict[str, Drug]:
    """Press nicknames and new brands by INN; an INN that no source has becomes a listed drug."""
    by_name = {drug.name.lower(): drug for drug in drugs.values()}
    for inn, names in aliases.items():
        drug = by_name.get(inn) or Drug("drug:" + re.sub(r"[^a-z0-9]", "", inn), inn, "listed", (), (), (), (), ())
        drugs[drug.id] = drug._replace(synonyms=(*drug.synonyms, *names))
    return drugs


def _indication(row: dict[str, Any], extra: dict[str, Any]) -> Indication:
    codes = row.get("ids", {}).get("oncotree", ())
    name = extra.get("name") or row.get("news_name") or row["preferred"]
    return Indication(
        id=row["id"],
        name=name if row.get("news_name") or extra else name.lower() if name[:2].istitle() else name,
        oncotree=extra.get("oncotree") or (codes[0] if codes and row["id"].startswith("onc:") else None),
        matchable=extra.get("matchable", row.get("matchable", True)),
        news=bool(row.get("news_name")) or "name" in extra,
        synonyms=(
            *row.get("synonyms", ()),
            *((row["preferred"],) if "preferred" in row else ()),
            *extra.get("synonyms", ()),
        ),
        abbreviations=(*row.get("abbreviations", ()), *extra.get("abbreviations", ())),
        parents=tuple(dict.fromkeys((*row.get("parents", ()), *extra.get("parents", ())))),
    )


def _body(row: dict[str, Any]) -> Body:
    return Body(row["id"], row["id"].removeprefix("org:"), row["preferred"], row["kind"], tuple(row["synonyms"]))
