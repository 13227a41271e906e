# SPDX-License-Identifier: MIT
"""Expressions are skipped only where they cannot match."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.facts.events import GRAMMAR, events
from alerts.facts.phrases import Phrases, branches, needed, word_first

_GRAMMAR = Phrases((n, row.pattern) for n, row in enumerate(GRAMMAR))
WORDS = [
    "RRR",
    "EE",
    "DDDD",
    "CCC",
    "KK",
    "approves",
    "rejects",
    "of",
    "the",
    "application",
    "for",
    "trial",
    "met",
    "its",
    "endpoint",
    "fails",
    "to",
    "stop",
    "first",
    "patient",
    "dosed",
    "data",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
def test_the_words_that_are_asked_for_first_never_hide_a_match(text: str) -> None:
    found = _GRAMMAR.found(text)

    assert {rank for rank, _ in found} == {n for n, row in enumerate(GRAMMAR) if re.search(row.pattern, text)}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"approv\w*", {"approv"}),
        (r"(?:meets?|met)(?: \S+){0,3} (?:goal|bar)", {" goal", " bar"}),
        (r"\w+", set()),
        (r"(?:ab)?cde", {"cde"}),
    ],
)
def test_what_an_expression_cannot_do_without(pattern: str, words: set[str]) -> None:
    assert needed(pattern) == words


def test_only_the_bars_at_the_top_part_an_expression() -> None:
    assert branches(r"a(?:b|c)|[|]\||d") == ["a(?:b|c)", r"[|]\|", "d"]


def test_a_name_says_nothing_of_the_event_that_its_words_would() -> None:
    assert [e.type.value for e in events("RRR approves DDDDDD for CCCC", title=True)][:1] == ["approval"]
    assert list(events("DDDDDD", title=True)) == []


PLACED = (
    r"(?<![a-z])approv\w* for",
    r"\bmet(?: its)?\b",
    r"(?<![a-z])(?:E+|the|(?:fails?|met) to) \w+",
    r"\b(?:first|(?:an?|its) endpoint)s?\b",
    r"(?<![a-z])(?:of )?the trial",
    r"(?<![a-z])D+ (?:for|of)",
)


@pytest.mark.parametrize("pattern", PLACED)
@given(
    text=st.lists(st.sampled_from([*WORDS, "", "(", "un"]), max_size=9).map("".join)
    | st.lists(st.sampled_from(WORDS)).map(" ".join)
)
def test_a_word_that_is_looked_for_before_its_conditions_is_found_at_the_same_place(pattern: str, text: str) -> None:
    moved, plain = re.search(word_first(pattern), text), re.search(pattern, text)

    assert (moved and moved.span()) == (plain and plain.span())
