# SPDX-License-Identifier: MIT
"""The corpus of our own: each item must come out as its `expect` says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.facts import concepts, reader
from alerts.model import EventType, Facts, NewsItem, Role
from tests.conftest import shared

CORPUS = Path(__file__).parents[1] / "corpus"
ITEMS = [
    {**case, "file": file.stem}
    for file in sorted(CORPUS.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


def cases() -> list[Any]:
    """Every item of the corpus; one that is still read wrongly is expected to fail until the reader is mended."""
    return [
        pytest.param(
            c,
            id=f"{c['file']}: {c['title'][:60]}",
            marks=[pytest.mark.xfail(reason=c.get("known_wrong", ""))] * ("known_wrong" in c),
        )
        for c in ITEMS
    ]


def read(title: str, summary: str = "") -> Facts:
    return reader().read(NewsItem(id="1", title=title, summary=summary))


def primary(facts: Facts, kind: str) -> set[str]:
    return {f.name for f in getattr(facts, kind) if f.role is Role.PRIMARY}


@pytest.mark.parametrize("case", cases())
def test_an_item_is_read_as_expected(case: dict[str, Any]) -> None:
    facts, want = read(case["title"], case.get("summary", "")), case["expect"]
    found = shown(facts)
    assert {key: found[key] for key in want} == {key: set(v) if isinstance(v, list) else v for key, v in want.items()}


def shown(facts: Facts) -> dict[str, Any]:
    """What a corpus item may expect. Lists stand for sets."""
    claim = facts.claims[0]
    return {
        "event": facts.event.type.value,
        "status": facts.event.status,
        "drugs": primary(facts, "drugs"),
        "all_drugs": {d.name for d in facts.drugs},
        "tiers": {d.tier for d in facts.drugs},
        "mentioned": {d.name for d in facts.drugs if d.role is Role.MENTIONED},
        "cancers": primary(facts, "indications"),
        "regulator": claim.regulator,
        "regulators": {r.id for r in facts.regulators},
        "date": claim.event_date,
        "relevant": facts.relevant,
        "mentioned_bodies": {r.id for r in facts.regulators if r.role is Role.MENTIONED},
        "biomarkers": {b.name for b in facts.biomarkers},
        "biomarker_status": {b.name: b.status for b in facts.biomarkers},
        "trials": {t.acronym for t in facts.trials},
        "trial_ids": {t.id for t in facts.trials},
        "setting": {k: v for k, v in facts.setting.model_dump().items() if v},
        "flags": set(facts.flags),
        "language": facts.language,
    }


def test_the_corpus_covers_every_event_type() -> None:
    assert len(ITEMS) >= 150
    assert {e.value for e in EventType} - {"unknown"} <= {i["expect"].get("event") for i in ITEMS}


@pytest.mark.parametrize("case", ITEMS, ids=[f"{i['file']}: {i['title'][:60]}" for i in ITEMS])
def test_every_span_points_at_its_words(case: dict[str, Any]) -> None:
    title, summary = case["title"], case.get("summary", "")
    facts = read(title, summary)
    fields = {"title": title, "summary": summary}
    everything: list[Any] = [
        *facts.drugs,
        *facts.indications,
        *facts.biomarkers,
        *facts.regulators,
        *facts.trials,
        facts.event,
    ]
    for mention in (m for fact in everything for m in fact.mentions):
        assert fields[mention.field][mention.start : mention.end] == mention.text != ""


def test_markup_and_entities_do_not_move_a_span() -> None:
    summary = "<p>The FDA approved &amp; praised <b>cabozantinib</b>&nbsp;(Cabometyx&reg;).</p>"
    drug = read("News", summary).drugs[0]
    assert [m.text for m in drug.mentions] == ["cabozantinib", "Cabometyx"]


@pytest.mark.parametrize("text", ["", " ", "\x00\x01", "\u202e", "a" * 1_000_000, "<" * 5000, "&#99999999;" * 100])
def test_strange_text_gives_facts_and_no_error(text: str) -> None:
    assert len(read(text, text).claims) == 1


def test_a_name_that_only_looks_like_itself_is_flagged_and_not_matched() -> None:
    facts = read("FDA approves \u0441abozantinib")  # the first letter is Cyrillic
    assert "homoglyph" in facts.flags
    assert "cabozantinib" not in primary(facts, "drugs")


def test_the_sample_article_comes_out_as_its_readers_know_it() -> None:
    title, _, rest = shared("eval/sample-article.txt").read_text(encoding="utf-8").partition("\n")
    facts = read(title, rest)
    assert primary(facts, "drugs") == {"cabozantinib"}
    assert primary(facts, "indications") == {
        "neuroendocrine tumor",
        "pancreatic neuroendocrine tumor",
        "extra-pancreatic neuroendocrine tumor",
    }
    assert facts.event.type in {"approval", "label_expansion"}
    assert (facts.claims[0].regulator, str(facts.event_date)) == ("org:EC", "2025-07-24")
    assert [(t.id, t.acronym, t.phase) for t in facts.trials] == [("NCT03375320", "CABINET", "3")]
    assert {r.id for r in facts.regulators if r.role is Role.PRIMARY} == {"org:EC"}
    assert [c.regulator for c in facts.claims if not c.foreground] == ["org:FDA"]
    assert all("YYYY" not in m.text for d in facts.drugs for m in d.mentions)


def test_the_hierarchy_goes_up_and_never_down() -> None:
    tree = concepts()
    assert {"doid:169", "news:solid-tumors", "doid:162"} <= tree.ancestors("onc:PANET")
    assert "onc:PANET" not in tree.ancestors("doid:169")
    assert "news:solid-tumors" not in tree.ancestors("onc:AML")
