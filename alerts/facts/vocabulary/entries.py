# SPDX-License-Identifier: MIT
"""What the vocabulary holds: frozen entries, and the whole of them."""

import re
from typing import NamedTuple


class Drug(NamedTuple):
    id: str
    name: str  # INN in lower case, a code upper case
    tier: str  # approved · listed · stem_only · regimen · other (a medicine that is no cancer drug) · repurposed (one that is tried against cancer too)
    synonyms: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    brand: str | None = None  # what news calls it, of several brands
    codes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    components: tuple[str, ...] = ()  # ids of the drugs in a regimen or a fixed combination
    sources: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()  # match keys of names that are not to be matched


class DrugClass(NamedTuple):
    name: str
    under: tuple[str, ...] = ()  # broader classes
    names: tuple[str, ...] = ()


class Indication(NamedTuple):
    id: str
    name: str
    oncotree: str | None
    matchable: bool
    news: bool  # has a name that news uses: wins over the others that share a surface
    synonyms: tuple[str, ...]
    abbreviations: tuple[str, ...]
    parents: tuple[str, ...]
    sources: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()


class Biomarker(NamedTuple):
    id: str
    name: str
    synonyms: tuple[str, ...]
    sources: tuple[str, ...] = ()


class Body(NamedTuple):
    """A regulator, HTA body, guideline or congress."""

    id: str
    short: str  # FDA, EC
    name: str
    kind: str
    synonyms: tuple[str, ...]
    sources: tuple[str, ...] = ()


class Vocabulary(NamedTuple):
    drugs: dict[str, Drug]
    classes: dict[str, DrugClass]
    indications: dict[str, Indication]
    biomarkers: dict[str, Biomarker]
    bodies: dict[str, Body]
    registries: tuple[tuple[str, re.Pattern[str]], ...]  # (registry, id pattern)
    stems: tuple[tuple[re.Pattern[str], str], ...]  # (INN stem, class)
    any_stem: re.Pattern[str]  # all INN stems in one, for a first look at a word
    policies: dict[str, str]  # surface → ambiguity policy
    companies: dict[str, tuple[str, ...]]
    trials: frozenset[str]  # acronyms as printed: RUBY, CABINET
    trial_words: frozenset[str]  # the same, where the acronym is an ordinary word
    refused: frozenset[str]  # match keys of names that a person said are no drugs
    merged: dict[str, str]  # id of a concept that was a duplicate → id of the one that stays
    stamp: str = ""  # of the shipped files alone: what is made of them can be kept (alerts/facts/kept.py)
    edition: str = ""  # how often people changed it in the console; empty: never
