# SPDX-License-Identifier: MIT
"""People's changes of the vocabulary are laid together so that the last word counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.vocabulary import Vocabulary, edits, load
from alerts.facts.vocabulary.overlay import Overlay
from alerts.model import ConceptRef


def ref(kind: str, name: str) -> ConceptRef:
    found = concepts().resolve(kind, name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def shipped() -> Vocabulary:
    return load()


def test_a_name_that_is_given_after_it_was_taken_is_there_again(shipped: Vocabulary) -> None:
    drug = ref("drug", "pembrolizumab")
    away, back = edits.take_name(shipped, drug, "Pembro-X"), edits.add_name(shipped, drug, "pembro x", "brand")
    entry = edits.together([away.piece, back.piece]).drugs["pembrolizumab"]
    assert (entry.brands, entry.never) == (("pembro x",), ())
    entry = edits.together([back.piece, away.piece]).drugs["pembrolizumab"]
    assert (entry.brands, entry.never) == ((), ("Pembro-X",))


def test_a_place_that_is_taken_after_it_was_given_is_gone(shipped: Vocabulary) -> None:
    drug, above = ref("drug", "cabozantinib"), ref("class", "PD-1 inhibitor")
    put, take = edits.put_under(shipped, drug, above), edits.put_under(shipped, drug, above, take=True)
    assert edits.together([put.piece]).drugs["cabozantinib"].under == ("class:PD-1 inhibitor",)
    last = edits.together([put.piece, take.piece]).drugs["cabozantinib"]
    assert (last.under, last.not_under) == ((), ("class:PD-1 inhibitor",))


def test_a_drug_is_no_longer_refused_once_somebody_accepts_it() -> None:
    pieces = [edits.no_drug("qwertatinib").piece, edits.new_drug("Qwertatinib").piece]
    assert edits.together(pieces).not_drugs == ()
    assert edits.together(reversed(pieces)).not_drugs == ("qwertatinib",)


def test_the_names_of_a_new_drug_are_codes_where_they_have_a_digit(shipped: Vocabulary) -> None:
    made = edits.new_drug("Zyxwotinib", ["XQR-4471", "zyxwo"], [ref("class", "EGFR inhibitor")])
    assert made.piece == {
        "drugs": {"zyxwotinib": {"synonyms": ["zyxwo"], "codes": ["XQR-4471"], "under": ["class:EGFR inhibitor"]}}
    }
    assert (made.concept, made.makes) == ("drug:zyxwotinib", True)


@pytest.mark.parametrize("name", ["", "x", "   ", "!!", "a" * 121, "a\u202eb"])
def test_what_is_no_name_is_refused(shipped: Vocabulary, name: str) -> None:
    with pytest.raises(InputError) as caught:
        edits.add_name(shipped, ref("drug", "cabozantinib"), name, "synonym")
    assert caught.value.code == "bad_name"


def test_cancers_stand_under_cancers_and_drugs_under_classes_and_targets(shipped: Vocabulary) -> None:
    drug, cancer = ref("drug", "cabozantinib"), ref("indication", "melanoma")
    for one, above in ((drug, cancer), (cancer, drug), (drug, drug)):
        with pytest.raises(InputError, match="bad_parent"):
            edits.put_under(shipped, one, above)


def test_faulty_yaml_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match="our list:3: unknown_field") as caught:
        edits.from_yaml("drugs:\n  foo:\n    colour: red\n", "our list")
    assert caught.value.code == "bad_overlay"


def test_all_changes_as_yaml_are_the_same_changes_again(shipped: Vocabulary) -> None:
    pieces = [
        edits.new_drug("zyxwotinib", ["XQR-4471"]).piece,
        edits.take_name(shipped, ref("indication", "melanoma"), "mole").piece,
        {"companies": {"Acme": ["Acme Bio"]}},
    ]
    whole = edits.together(pieces)
    assert edits.together([edits.from_yaml(edits.written(whole)).piece]) == whole


NAMES = st.sampled_from(["alpha", "beta", "gamma-1"])
PIECES = st.one_of(
    st.builds(lambda n, f: {"drugs": {"aspirin": {f: [n]}}}, NAMES, st.sampled_from(["synonyms", "brands", "never"])),
    st.builds(lambda n, f: {"drugs": {"aspirin": {f: [n]}}}, NAMES, st.sampled_from(["under", "not_under"])),
    st.builds(lambda n: {"not_drugs": [n]}, NAMES),
)


@given(st.lists(PIECES, max_size=12))
def test_no_entry_says_a_thing_and_its_opposite(pieces: list[edits.Piece]) -> None:
    whole = edits.together(pieces)
    assert isinstance(whole, Overlay)
    for entry in whole.drugs.values():
        assert not set(entry.never) & {*entry.synonyms, *entry.brands}
        assert not set(entry.under) & set(entry.not_under)
