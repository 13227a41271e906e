# SPDX-License-Identifier: MIT
"""What an importer yields: one thing of one source with the names that the source gives it."""

from typing import Literal, NamedTuple


class Record(NamedTuple):
    """`id` is the source's own; `parents` are ids of the same source."""

    source: str  # unii · ema · nci_dd · geniebpc · oncotree · doid · ncit2018
    kind: Literal["drug", "indication"]
    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    tier: str = "listed"  # of a drug that no other source has
    xrefs: tuple[tuple[str, str], ...] = ()  # (family, id) in other sources
    fresh: bool = True  # may it make a concept that is not yet known
