# SPDX-License-Identifier: MIT
"""The vocabulary: sound, with a class for every approved drug, and open to a team's own names."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.cli import app
from alerts.errors import InputError
from alerts.facts import concepts, reader
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.reader import Reader
from alerts.facts.vocabulary import load, load_with, overlay_files
from alerts.facts.vocabulary.check import check
from alerts.facts.vocabulary.overlay import read
from alerts.model import NewsItem

# Cytotoxics, radionuclides and the like act on no one named target; where these are the classes, targets may be empty.
UNTARGETED = {
    *("alkylating agent", "platinum chemotherapy", "nucleoside analogue", "antimetabolite", "chemotherapy"),
    *("radiopharmaceutical", "photosensitiser", "oncolytic virus", "adrenolytic", "chemoprotectant"),
    *("TIL therapy", "cell therapy", "gene therapy"),
}


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A team's folder that the commands look into."""
    folder = tmp_path / "vocabulary"
    folder.mkdir()
    monkeypatch.setattr("alerts.facts.vocabulary.current.team_folder", lambda: folder)
    monkeypatch.setattr("alerts.cli.vocab.team_folder", lambda: folder)
    monkeypatch.setattr("alerts.facts.vocabulary.current.CHECK_S", 0.0)
    return folder


def test_no_name_means_two_things_and_nothing_leads_nowhere() -> None:
    assert [str(t) for t in check(load())] == []


def test_two_names_of_one_oncotree_node_may_stand_above_each_other_and_other_loops_are_a_fault(tmp_path: Path) -> None:
    assert {c.oncotree for i in ("doid:11054", "news:urothelial-carcinoma") if (c := load().indications[i])} == {
        "BLADDER"
    }
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("indications:\n  bladder cancer: {parents: [small cell bladder cancer]}\n", encoding="utf-8")
    looped = {t.subject for t in check(load_with([wrong])) if t.code == "loop"}
    assert {"doid:11054", "onc:SCBC"} <= looped


def test_every_shipped_overlay_file_is_free_of_faults() -> None:
    assert [str(f) for file in overlay_files() for f in read(file)[1]] == []


def test_every_approved_drug_has_a_class_and_a_target_where_its_mechanism_has_one() -> None:
    approved = [d for d in load().drugs.values() if d.tier == "approved"]
    assert len(approved) > 350
    assert [d.name for d in approved if not d.classes] == []
    assert [d.name for d in approved if not d.targets and not set(d.classes) & UNTARGETED] == []


def test_every_class_in_use_is_listed_so_that_rules_can_name_it() -> None:
    known = load().classes
    assert sorted({c for d in load().drugs.values() if d.tier == "approved" for c in d.classes} - set(known)) == []


@pytest.mark.parametrize(
    ("drug", "above"),
    [
        ("pembrolizumab", "class:immune checkpoint inhibitor"),
        ("cabozantinib", "class:kinase inhibitor"),
        ("trastuzumab deruxtecan", "target:her2"),
        ("R-CHOP", "drug:rituximab"),
        ("Akeega", "drug:niraparib"),
    ],
)
def test_a_rule_on_something_broader_holds_for_what_is_below_it(drug: str, above: str) -> None:
    found = concepts().resolve("drug", drug)
    assert found is not None
    assert above in concepts().ancestors(found.id)


@pytest.mark.parametrize(
    ("cancer", "above"),
    [
        ("urothelial carcinoma", "solid tumors"),
        ("bladder cancer", "solid tumors"),
        ("mesothelioma", "solid tumors"),
        ("pleural mesothelioma", "mesothelioma"),
        ("pNET", "neuroendocrine tumor"),
        ("myelofibrosis", "hematologic malignancies"),
        ("myelodysplastic syndrome", "hematologic malignancies"),
        ("T-ALL", "leukemia"),
        ("mantle cell lymphoma", "hematologic malignancies"),
        ("DLBCL", "large B-cell lymphoma"),
        ("mCRPC", "prostate cancer"),
        ("lung adenocarcinoma", "non-small cell lung cancer"),
        ("rectal cancer", "colorectal cancer"),
        ("diffuse intrinsic pontine glioma", "glioma"),
        ("AL amyloidosis", "hematologic malignancies"),
    ],
)
def test_a_cancer_lies_under_the_broader_one(cancer: str, above: str) -> None:
    tree = concepts()
    found, wanted = tree.resolve("indication", cancer), tree.resolve("indication", above)
    assert found is not None
    assert wanted is not None
    assert wanted.id in tree.ancestors(found.id)


def test_the_id_of_a_duplicate_still_finds_the_one_that_stayed() -> None:
    gone, kept = next(iter(load().merged.items()))
    found = concepts().get(gone)
    assert found is not None
    assert found.id == kept
    assert concepts().ancestors(gone) == concepts().ancestors(kept)


@pytest.mark.parametrize(
    ("title", "brand"),
    [
        ("Trastuzumab approved for gastric cancer", "Herceptin"),
        ("Ogivri (trastuzumab) approved for gastric cancer", "Ogivri"),
        ("Pembrolizumab approved for gastric cancer", "Keytruda"),
        ("Keytruda Qlex approved for gastric cancer", "Keytruda Qlex"),
        ("Doxorubicin approved for gastric cancer", None),  # Doxil and Adriamycin are two products
    ],
)
def test_the_brand_shown_is_that_of_the_text_else_the_one_that_news_uses(title: str, brand: str | None) -> None:
    assert [d.brand for d in reader().read(NewsItem(id="1", title=title)).drugs] == [brand]


def test_a_brand_is_chosen_only_for_known_drugs_with_several() -> None:
    listed, _ = read(next(f for f in overlay_files() if f.name == "shown_brands.yaml"))
    brands = {d.name.lower(): d.brands for d in load().drugs.values()}
    assert [name for name in listed.drugs if len(brands.get(name.lower(), ())) < 2] == []


@pytest.mark.parametrize(
    ("name", "inn"),
    [
        ("Enhertu", "trastuzumab deruxtecan"),
        ("luvelta", "luveltamab tazevibulin"),
        ("AK112", "ivonescimab"),
        ("177Lu-PSMA-617", "lutetium (177lu) vipivotide tetraxetan"),
    ],
)
def test_a_brand_a_code_and_a_nickname_find_the_drug(name: str, inn: str) -> None:
    found = concepts().resolve("drug", name)
    assert found is not None
    assert found.name == inn


def test_a_faulty_overlay_is_told_with_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("drugs:\n  zorbatinib: {brandz: [X]}\n  zorbatinib: {tier: great}\ncancers: {}\n", encoding="utf-8")
    assert {(f.line, f.code) for f in read(file)[1]} >= {(3, "twice"), (4, "unknown_field")}
    file.write_text("drugs: {zorbatinib: [", encoding="utf-8")
    assert read(file)[1][0].code == "bad_yaml"


def test_a_team_adds_a_drug_and_it_is_read_at_once(var: Path) -> None:
    (var / "ours.yaml").write_text(
        "drugs:\n  qwertinol: {brands: [Qwertix], classes: [PD-1 inhibitor]}\n", encoding="utf-8"
    )
    vocabulary = load(var)
    facts = Reader(vocabulary, VocabularyConcepts(vocabulary)).read(
        NewsItem(id="1", title="FDA approves Qwertix for melanoma")
    )
    assert [(d.name, d.classes) for d in facts.drugs] == [("qwertinol", ("PD-1 inhibitor",))]


def test_a_faulty_team_file_stops_the_start_and_never_a_running_service(var: Path) -> None:
    from alerts.facts.vocabulary.current import _Current

    (var / "ours.yaml").write_text("drugs: 5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"ours\.yaml:1: bad_value"):
        _Current()()
    (var / "ours.yaml").unlink()
    running = _Current()
    before = running()
    (var / "ours.yaml").write_text("drugs: 5\n", encoding="utf-8")
    assert running() is before
    (var / "ours.yaml").write_text("drugs: {qwertinol: {}}\n", encoding="utf-8")
    assert "drug:qwertinol" in running().drugs


def test_checking_an_overlay_tells_a_collision_with_its_line(var: Path, tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("# ours\ndrugs:\n  fakezumab: {brands: [Keytruda]}\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["vocab", "overlay", "check", str(file)])
    assert run.exit_code == 1
    assert f"{file}:3: collision: keytruda: drug:fakezumab and drug:pembrolizumab" in run.stdout
    file.write_text("drugs:\n  fakezumab: {brands: [Fakeda]}\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["vocab", "overlay", "check", str(file)]).exit_code == 0


def test_lookup_tells_everything_about_a_name() -> None:
    run = CliRunner().invoke(app, ["vocab", "lookup", "Cabometyx", "--json"])
    told = json.loads(run.stdout)
    assert (told["id"], told["name"], told["tier"]) == ("drug:cabozantinib", "cabozantinib", "approved")
    assert {"multikinase inhibitor", "VEGFR inhibitor"} <= {p["name"] for p in told["parents"]}
    assert {"ema", "unii"} <= set(told["sources"])
    assert "XL-184" in told["codes"]
    words = CliRunner().invoke(app, ["vocab", "lookup", "neuroendocrine tumor"]).stdout
    assert "pancreatic neuroendocrine tumor (onc:PANET)" in words
    assert "NET (this spelling and a word of its field)" in words


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [("genentech", "company", "Roche"), ("Roche", "company", "Roche"), ("cabinet", "trial", "CABINET")],
)
def test_lookup_knows_companies_and_trials_by_their_names(name: str, kind: str, told: str) -> None:
    found = json.loads(CliRunner().invoke(app, ["vocab", "lookup", name, "--json"]).stdout)
    assert (found["kind"], found["name"]) == (kind, told)
    assert f"{told}  ({kind}" in CliRunner().invoke(app, ["vocab", "lookup", name]).stdout


def test_lookup_of_an_unknown_name_suggests_known_ones() -> None:
    run = CliRunner().invoke(app, ["vocab", "lookup", "cabozantinb"])
    assert isinstance(run.exception, InputError)
    assert run.exception.code == "unknown_name"
    assert "cabozantinib" in run.exception.message


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("RMC-6236 shrank pancreatic tumours", "RMC-6236"),
        ("Daraxonrasib (RMC-6236) shrank pancreatic tumours", "daraxonrasib"),
        ("MK-3475 prolonged survival in melanoma", "pembrolizumab"),
        ("Cabometyx is approved for thyroid cancer", "cabozantinib"),
    ],
)
def test_an_investigational_drug_named_by_its_code_alone_is_called_by_it(title: str, name: str) -> None:
    assert [d.name for d in reader().read(NewsItem(id="1", title=title)).drugs] == [name]


def test_a_medicine_of_another_field_is_told_in_cancer_news_and_makes_nothing_cancer_news() -> None:
    arthritis = reader().read(NewsItem(id="1", title="Upadacitinib eases symptoms of rheumatoid arthritis"))
    assert (arthritis.relevant, arthritis.drugs) == (False, ())
    cancer = reader().read(NewsItem(id="1", title="Upadacitinib raised the risk of lymphoma"))
    assert [d.tier for d in cancer.drugs] == ["other"]


def test_a_medicine_that_is_tried_against_cancer_too_is_told_in_every_item_and_makes_none_cancer_news() -> None:
    arthritis = reader().read(NewsItem(id="1", title="Tofacitinib eases symptoms of rheumatoid arthritis"))
    assert (arthritis.relevant, [d.name for d in arthritis.drugs]) == (False, ["tofacitinib"])


def test_a_drug_is_called_by_its_code_until_it_was_approved() -> None:
    title = "MK-6482 shrank kidney tumours"
    before = reader().read(NewsItem(id="1", title=title, published=datetime(2020, 9, 1, tzinfo=UTC)))
    after = reader().read(NewsItem(id="1", title=title, published=datetime(2024, 9, 1, tzinfo=UTC)))
    assert ([d.name for d in before.drugs], [d.name for d in after.drugs]) == (["MK-6482"], ["belzutifan"])
    assert before.drugs[0].id == after.drugs[0].id


def test_a_drug_known_by_its_stem_alone_is_never_matched_by_the_vocabulary() -> None:
    stem_only = next(d for d in load().drugs.values() if d.tier == "stem_only" and " " not in d.name)
    facts = reader().read(NewsItem(id="1", title=f"{stem_only.name.capitalize()} shrank tumours in breast cancer"))
    assert stem_only.id not in {d.id for d in facts.drugs}
