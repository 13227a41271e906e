# SPDX-License-Identifier: MIT
"""One cancer under two names of the vocabulary is one cancer where stories are compared."""

import pytest

from alerts.facts import concepts

PAIRS = [
    ("B-cell acute lymphoblastic leukemia", "B-lymphoblastic leukemia/lymphoma"),
    ("high-grade glioma", "high-grade glioma, nos"),
    ("chronic myeloid leukemia", "chronic myelogenous leukemia"),
    ("peripheral T-cell lymphoma", "peripheral T-cell lymphoma, nos"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_the_name_of_news_and_the_node_of_oncotree_are_related(one: str, other: str) -> None:
    tree = concepts()
    first, second = tree.resolve("indication", one), tree.resolve("indication", other)
    assert first
    assert second
    assert first.id in tree.ancestors(second.id)
