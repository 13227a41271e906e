# SPDX-License-Identifier: MIT
"""Which cancers a rule takes in: the site of a tumour takes in its kinds, and never a neighbour's."""

import tracemalloc

import pytest

from alerts.facts import concepts
from alerts.facts.vocabulary import load


def below(narrow: str, broad: str) -> bool:
    one, other = concepts().resolve("indication", narrow), concepts().resolve("indication", broad)
    assert one is not None
    assert other is not None
    return other.id in concepts().ancestors(one.id)


@pytest.mark.parametrize(
    ("narrow", "broad"),
    [
        ("glioblastoma", "brain cancer"),
        ("diffuse midline glioma", "brain cancer"),
        ("medulloblastoma", "brain cancer"),
        ("meningioma", "brain cancer"),
        ("invasive breast carcinoma", "breast cancer"),
        ("osteosarcoma", "bone sarcoma"),
        ("osteosarcoma", "sarcoma"),
        ("Ewing sarcoma", "sarcoma"),
        ("gastrointestinal stromal tumor", "sarcoma"),
        ("uveal melanoma", "melanoma"),
        ("Wilms tumor", "kidney cancer"),
        ("salivary gland cancer", "head and neck cancer"),
        ("uterine leiomyosarcoma", "uterine cancer"),
        ("granulosa cell tumor", "ovarian cancer"),
        ("prostate small cell carcinoma", "prostate cancer"),
        ("seminoma", "testicular cancer"),
        ("gallbladder cancer", "biliary tract cancer"),
        ("signet ring cell carcinoma of the stomach", "gastric cancer"),
        ("classical Hodgkin lymphoma", "Hodgkin lymphoma"),
        ("urothelial carcinoma", "solid tumors"),
        ("muscle-invasive bladder cancer", "bladder cancer"),
        ("muscle-invasive bladder cancer", "urothelial carcinoma"),
        ("mesothelioma", "solid tumors"),
    ],
)
def test_a_site_takes_in_its_kinds(narrow: str, broad: str) -> None:
    assert below(narrow, broad)
    assert not below(broad, narrow)


def test_a_rule_on_bladder_cancer_is_met_by_urothelial_carcinoma_and_the_other_way_round() -> None:
    assert below("urothelial carcinoma", "bladder cancer")
    assert below("bladder cancer", "urothelial carcinoma")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pancreatic neuroendocrine tumor", "pancreatic cancer"),
        ("anal squamous cell carcinoma", "colorectal cancer"),
        ("esophageal squamous cell carcinoma", "gastric cancer"),
        ("brain metastases", "lung cancer"),
        ("primary CNS lymphoma", "solid tumors"),
    ],
)
def test_a_site_takes_in_no_neighbour(one: str, other: str) -> None:
    assert not below(one, other)


def test_every_cancer_is_solid_or_of_the_blood() -> None:
    known = concepts()
    without = [
        i.name
        for i in load().indications.values()
        if i.id != "doid:162" and not {"news:solid-tumors", "doid:2531"} & known.ancestors(i.id)
    ]
    assert without == []


def test_nothing_is_kept_of_drugs_that_only_the_news_knows() -> None:
    """They never end, and a worker lives for weeks: kept answers grew by half a kilobyte an item."""
    known = concepts()
    for number in range(3):
        known.ancestors(f"novel:{number}tinib")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(2_000):
        assert known.ancestors(f"novel:zz{number}tinib") == {f"novel:zz{number}tinib"}
        assert known.get(f"novel:zz{number}tinib") is None
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 20_000
