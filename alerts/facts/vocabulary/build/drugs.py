# SPDX-License-Identifier: MIT
"""Importers of drug sources: files of a folder → records. Each takes the folder and yields nothing where its file is absent."""

import gzip
import json
import re
import warnings
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from alerts.errors import InputError
from alerts.facts.vocabulary.build.records import Record

_SALTS = re.compile(
    r" (?:hydrochloride|dihydrochloride|mesylate|mesilate|tosylate|ditosylate|s-?malate|malate|maleate|fumarate|succinate|phosphate|sodium|disodium|acetate"
    r"|citrate|tartrate|sulfate|besylate|hydrobromide|hydrate|monohydrate|potassium|lactate|camsylate|esylate|anhydrous|free base|\(1:1\))+$"
)
_ONCOLOGY_ATC = ("L01", "L02", "V10")
_CANCER_AREA = re.compile(
    r"neoplasm|carcinoma|cancer|leuk|lymphoma|myeloma|melanoma|sarcoma|tumor|glioma|blastoma", re.I
)
_SEVERAL = re.compile(r" / |/|, | and | \+ ")
_MAX_NAME = 60  # longer ones are chemistry, no names
_CHEMISTRY = re.compile(r"[\[\]{};]|\d,\d|\(\d")


def unii(folder: Path) -> Iterator[Record]:
    """FDA UNII names (tab-separated: unii, display, type, name; types of/cn official and common, cd code, bn brand)."""
    for file in sorted(folder.glob("unii*.tsv.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines][1:]
        for code, group in groupby(sorted(rows), key=lambda r: r[0]):
            names = list(group)
            display = _SALTS.sub("", names[0][1].lower())
            of_kind = {kind: [n[3] for n in names if n[2] == kind] for kind in ("bn", "cd", "of", "cn")}
            yield Record(
                source="unii",
                kind="drug",
                id=code,
                name=display,
                brands=tuple(_title(n) for n in of_kind["bn"] if _usable(n)),
                codes=tuple(n for n in of_kind["cd"] if _usable(n) and any(map(str.isdigit, n)) and " " not in n),
                tier="stem_only",
            )


def ema(folder: Path) -> Iterator[Record]:
    """EMA medicines table: oncology products with their brands; of other fields the substance alone, as tier `other`."""
    for file in sorted(folder.glob("**/medicines*report*.xlsx")):
        rows = iter(list(_sheet(file)))
        head = next((r for r in rows if "Name of medicine" in r), None)
        if head is None:
            raise InputError("bad_source", f"{file}: no column 'Name of medicine'")
        column = {str(name).replace("\n", " "): at for at, name in enumerate(head) if name}
        for row in rows:
            cell = {name: str(row[at] or "").strip() for name, at in column.items() if at < len(row)}
            if cell.get("Category") == "Human":
                yield from _ema_row(cell)


def _sheet(file: Path) -> Iterator[tuple[Any, ...]]:
    import openpyxl  # only builds need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the workbook has no default style
        book = openpyxl.load_workbook(file, read_only=True)
        try:
            yield from book.worksheets[0].iter_rows(values_only=True)
        finally:
            book.close()


def _ema_row(cell: dict[str, str]) -> Iterator[Record]:
    inn = next((v for k, v in cell.items() if k.startswith("International non-proprietary")), "").lower()
    number = cell["EMA product number"]
    name = _SALTS.sub("", inn)
    if cell.get("Medicine status") != "Authorised" or not inn or _SEVERAL.search(inn) or len(inn) > _MAX_NAME:
        if number:  # a known product keeps its number; it makes no new one
            yield Record("ema", "drug", number, name or number, fresh=False)
        return
    atc = cell.get("ATC code (human)", "")
    if atc.startswith(_ONCOLOGY_ATC) and _CANCER_AREA.search(cell.get("Therapeutic area (MeSH)", "")):
        brand = cell["Name of medicine"]
        own = not brand.lower().startswith(name.split()[0])  # "Bortezomib Accord" is no brand
        yield Record("ema", "drug", number, name, brands=(brand,) if own and "(" not in brand else (), tier="approved")
        return
    new = len(name) >= 7 and bool(re.fullmatch(r"[a-z -]+", name)) and not atc.startswith(("J07", "B05", "V"))
    yield Record("ema", "drug", number, name, tier="other", fresh=new)


def nci_dd(folder: Path) -> Iterator[Record]:
    """NCI Drug Dictionary, saved answers of its API (`expand_*.json.gz`, `getAll_term_*.json.gz`)."""
    for file in sorted(folder.glob("**/*.json.gz")):
        if not file.name.startswith(("expand_", "getAll_term_")):
            continue
        with gzip.open(file, "rt", encoding="utf-8") as text:
            results = json.load(text)["results"]
        for row in results:
            if row.get("type") == "DrugTerm" and row.get("nciConceptId"):
                yield _nci_row(row)


def _nci_row(row: dict[str, Any]) -> Record:
    aliases: dict[str, list[str]] = {}
    for alias in row.get("aliases") or ():
        aliases.setdefault(alias["type"], []).append(alias["name"])
    return Record(
        source="nci_dd",
        kind="drug",
        id=row["nciConceptId"],
        name=row["name"],
        brands=tuple(n for t in ("USBrandName", "ForeignBrandName") for n in aliases.get(t, ()) if _usable(n)),
        codes=tuple(n for n in aliases.get("CodeName", ()) if _usable(n) and any(map(str.isdigit, n))),
        tier="listed",
        fresh="antineoplastic" in str((row.get("definition") or {}).get("text", "")).lower(),
    )


def geniebpc(folder: Path) -> Iterator[Record]:
    """GENIE BPC regimen list, an R data file: "Anastrozole(Arimidex,ICID1033)". Needs the package `rdata` (extra `vocabulary`)."""
    for file in sorted(folder.glob("**/*.rda")):
        try:
            import rdata
        except ImportError:
            raise InputError("missing_package", f"{file.name} needs the package rdata (pip install rdata)") from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = rdata.read_rda(str(file))["drug_regimen_list"]
        for full in sorted({str(n).strip() for n in table["drug_name_full"].dropna()}):
            name, _, rest = full.partition("(")
            inn = _SALTS.sub("", name.strip().lower())
            more = [n for n in rest.rstrip(")").split(",") if _usable(n.strip())]
            codes = tuple(n.strip() for n in more if any(map(str.isdigit, n)))
            brands = tuple(n.strip() for n in more if not any(map(str.isdigit, n)) and n.strip()[:1].isupper())
            yield Record("geniebpc", "drug", inn, inn, brands=brands, codes=codes, fresh=False)


def _usable(name: str) -> bool:
    return 2 < len(name) <= _MAX_NAME and not _CHEMISTRY.search(name) and "FREE BASE" not in name


def _title(name: str) -> str:
    """UNII shouts its brands: KEYTRUDA → Keytruda."""
    return " ".join(w.capitalize() if w.isupper() and len(w) > 3 else w for w in name.split())
