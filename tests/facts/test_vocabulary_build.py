# SPDX-License-Identifier: MIT
"""Sources → rows: every importer reads its form, the same input gives the same bytes, and nothing known is lost unasked."""

import gzip
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from alerts.cli import app
from alerts.errors import InputError
from alerts.facts.vocabulary import build, load, rows_of
from alerts.facts.vocabulary.build import Record
from tests.conftest import shared

OBO = "http://purl.obolibrary.org/obo/"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with a small file of each source, in our own words."""
    folder = tmp_path / "raw"
    folder.mkdir()
    unii = ["unii\tdisplay\ttype\tname", "AAA\tQWERTINIB MESYLATE\tbn\tQWERTIX", "AAA\tQWERTINIB MESYLATE\tcd\tQW-101"]
    (folder / "unii_small.tsv.gz").write_bytes(gzip.compress("\n".join(unii).encode()))
    _workbook(folder / "medicines-report.xlsx")
    term = {
        "type": "DrugTerm", "nciConceptId": "C1", "name": "asdfumab", "definition": {"text": "with antineoplastic activity"},
        "aliases": [{"type": "CodeName", "name": "AS 202"}, {"type": "USBrandName", "name": "Asdfra"}],
    }  # fmt: skip
    _zipped(folder / "expand_A.json.gz", {"results": [term]})
    tree = {
        "BOWEL": {
            "name": "Bowel",
            "parent": "TISSUE",
            "children": {"QCA": {"name": "Qwerty Cancer", "parent": "BOWEL"}},
        }
    }
    (folder / "oncotree.json").write_text(json.dumps({"TISSUE": {"children": tree}}), encoding="utf-8")
    graph = {
        "nodes": [_node("DOID_99", "zxcv carcinoma", "zxcv cancer"), _node("DOID_162", "cancer")],
        "edges": [{"sub": OBO + "DOID_99", "pred": "is_a", "obj": OBO + "DOID_162"}],
    }
    (folder / "DO_cancer_slim.json").write_text(json.dumps({"graphs": [graph]}), encoding="utf-8")
    ncit = {"nodes": [_node("NCIT_C3224", "Melanoma", "Melanoma of the Qwerty Tumor")], "edges": []}
    _zipped(folder / "ncit-disease-2018.json.gz", {"graphs": [ncit]})
    return folder


def _zipped(file: Path, value: object) -> None:
    file.write_bytes(gzip.compress(json.dumps(value).encode()))


def _node(concept: str, label: str, synonym: str = "") -> dict[str, object]:
    synonyms = [{"pred": "hasExactSynonym", "val": synonym}] if synonym else []
    return {"id": OBO + concept, "lbl": label, "type": "CLASS", "meta": {"synonyms": synonyms}}


def _workbook(file: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    head = (
        *("Category", "Name of medicine", "EMA product number", "Medicine status"),
        *("International non-proprietary name (INN) / common name", "Therapeutic area (MeSH)", "ATC code (human)"),
    )
    for row in (
        ("Medicine",),
        head,
        ("Human", "Zxcvix", "EMEA/H/C/1", "Authorised", "zxcvitinib", "Carcinoma, Renal Cell", "L01EX01"),
        ("Human", "Painex", "EMEA/H/C/2", "Authorised", "painoprofen", "Pain", "M01A"),
        ("Veterinary", "Doggix", "EMEA/V/C/3", "Authorised", "doggitinib", "", ""),
    ):
        sheet.append(row)
    book.save(file)


def test_every_importer_reads_its_form(sources: Path) -> None:
    found = build.read_sources(sources).records
    drugs = {r.name: r for s in ("unii", "ema", "nci_dd") for r in found[s]}
    assert (drugs["qwertinib"].brands, drugs["qwertinib"].codes) == (("Qwertix",), ("QW-101",))
    assert (drugs["zxcvitinib"].brands, drugs["zxcvitinib"].tier) == (("Zxcvix",), "approved")
    assert (drugs["painoprofen"].brands, drugs["painoprofen"].tier) == ((), "other")
    assert "doggitinib" not in drugs
    assert (drugs["asdfumab"].brands, drugs["asdfumab"].codes) == (("Asdfra",), ("AS 202",))
    assert [(r.id, r.parents) for r in found["oncotree"]] == [("BOWEL", ()), ("QCA", ("BOWEL",))]
    assert ("DOID:99", ("zxcv cancer",), ("DOID:162",)) in [(r.id, r.synonyms, r.parents) for r in found["doid"]]
    assert [r.synonyms for r in found["ncit2018"]] == [("Melanoma of the Qwerty Tumor",)]


def test_the_regimen_list_of_genie_is_read_or_told_why_not() -> None:
    folder = shared("vocabulary/raw/geniebpc")
    try:
        import rdata  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="rdata"):
            build.read_sources(folder, ("geniebpc",))
        return
    records = {r.name: r for r in build.read_sources(folder, ("geniebpc",)).records["geniebpc"]}
    assert "Arimidex" in records["anastrozole"].brands


def test_a_build_adds_what_the_sources_have_and_keeps_what_is_known(sources: Path) -> None:
    old = rows_of()
    new = build.rebuilt(old, build.read_sources(sources))
    told = {(c.what, c.concept) for file in build.KINDS for c in build.changes(old[file], new[file])}
    assert ("added", "drug:qwertinib") in told
    assert ("added", "onc:QCA") in told
    assert ("added", "doid:99") in told
    assert not [c for c in told if c[0] == "removed"]
    qca = next(r for r in new["indications"] if r["id"] == "onc:QCA")
    assert qca["parents"] == ["onc:BOWEL"]
    melanoma = next(r for r in new["indications"] if r["id"] == "onc:MEL")
    assert "Melanoma of the Qwerty Tumor" in melanoma["synonyms"]


def test_the_same_input_in_any_order_gives_the_same_bytes_and_a_second_build_changes_nothing(sources: Path) -> None:
    rows, records = rows_of()["drugs"], build.read_sources(sources).everything
    once = build.merge("drug", rows, records)
    assert build.dump(build.merge("drug", list(reversed(rows)), list(reversed(records)))) == build.dump(once)
    assert build.changes(once, build.merge("drug", once, records)) == []


def test_a_name_that_another_drug_has_stays_there() -> None:
    thief = Record("unii", "drug", "ZZZ", "thiefinib", brands=("Keytruda",))
    made = build.merge("drug", rows_of()["drugs"], [thief])
    assert next(r for r in made if r["id"] == "drug:thiefinib")["brands"] == []


def test_the_shipped_rows_are_what_the_raw_sources_give() -> None:
    raw = shared("vocabulary/raw")
    sources = build.read_sources(raw, ("doid", "nci_dd", "oncotree", "unii"))
    old = rows_of()
    new = build.rebuilt(old, sources)
    assert [str(c) for file in build.KINDS for c in build.changes(old[file], new[file])] == []


def test_a_refresh_that_would_lose_something_changes_nothing_and_tells_what(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = tmp_path / "vocabulary"
    monkeypatch.setattr("alerts.cli.vocab.team_folder", lambda: team)
    call = ["vocab", "refresh", "--from", str(sources), "--source", "oncotree"]
    refused = CliRunner().invoke(app, call)
    assert isinstance(refused.exception, InputError)
    assert refused.exception.code == "would_lose"
    assert "lost: onc:MEL (Melanoma): oncotree MEL is not in the new files" in refused.stdout
    assert not team.exists()
    assert CliRunner().invoke(app, [*call, "--accept-loss"]).exit_code == 0
    refreshed = load(team)
    assert "onc:QCA" in refreshed.indications
    assert "onc:MEL" in refreshed.indications  # two other sources have it


def test_a_folder_without_sources_and_a_broken_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as nothing:
        build.read_sources(tmp_path)
    assert nothing.value.code == "no_sources"
    (tmp_path / "oncotree.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError) as broken:
        build.read_sources(tmp_path)
    assert broken.value.code == "bad_source"
