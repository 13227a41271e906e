# SPDX-License-Identifier: MIT
"""Which drug belongs to which cancer where a sentence tells two pairs ("Keytruda in head and neck and Imfinzi in bladder cancer")."""

import re
from collections.abc import Collection, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from alerts.facts.reading import Found, Reading

LEAD = 2  # sentences of the summary that may tell the pairs
# Between a drug and the cancer that it is for; and between that cancer and the next drug.
_FOR = re.compile(r"\b(?:in|for|against|to treat|of)\b|^,? ?(?:the|an?|its) (?:\w+ )?$")
_NEXT = re.compile(r"\b(?:and|while|plus|as well as|but)\b|[,;]")


class Pair(NamedTuple):
    """Drugs and the cancers that they are for, as ids."""

    drugs: tuple[str, ...]
    cancers: tuple[str, ...]


class _Run(NamedTuple):
    kind: str
    ids: tuple[str, ...]
    start: int
    end: int


def pairs(reading: Reading, drugs: Collection[str], cancers: Collection[str]) -> tuple[Pair, ...]:
    """The pairs of the first sentence that gives each of the drugs cancers of its own; () where none does."""
    if len(drugs) < 2 or len(cancers) < 2:
        return ()
    wanted = {*drugs, *cancers}
    for sentence in reading.parts[: LEAD + 1]:
        here = [f for f in reading.found if f.sentence is sentence and f.hit.id in wanted]
        found = _paired(sentence.keyed.key, _runs(here))
        if found and {i for p in found for i in (*p.drugs, *p.cancers)} == wanted:
            return found
    return ()


def cancers_of(reading: Reading, drugs: Collection[str], cancers: Sequence[str]) -> tuple[str, ...]:
    """Those of the cancers that the lead names behind one of the drugs and before another drug; all where it names none so."""
    told = set()
    for sentence in reading.parts[1 : LEAD + 1]:
        here = [f for f in reading.found if f.sentence is sentence and f.hit.kind in {"drug", "indication"}]
        last = None
        for one in sorted(here, key=lambda f: f.hit.start):
            last = one.hit.id if one.hit.kind == "drug" else last
            if one.hit.kind == "indication" and last in drugs:
                told.add(one.hit.id)
    return tuple(c for c in cancers if c in told) or tuple(cancers)


def _runs(here: list[Found]) -> list[_Run]:
    """Names of one kind that follow each other, as one."""
    made = []
    for kind, group in groupby(sorted(here, key=lambda f: f.hit.start), key=lambda f: f.hit.kind):
        run = list(group)
        made.append(_Run(kind, tuple(dict.fromkeys(f.hit.id for f in run)), run[0].hit.start, run[-1].hit.end))
    return made


def _paired(key: str, runs: list[_Run]) -> tuple[Pair, ...]:
    """Runs that go drug, cancer, drug, cancer, each named in one of them only."""
    if len(runs) < 4 or [r.kind for r in runs] != ["drug", "indication"] * (len(runs) // 2):
        return ()
    named = [i for run in runs for i in run.ids]
    if len(set(named)) < len(named):
        return ()
    joints = [key[a.end : b.start] for a, b in pairwise(runs)]
    if not all(
        _NEXT.search(joint) if at % 2 else _FOR.search(joint) or joint == " " for at, joint in enumerate(joints)
    ):
        return ()
    return tuple(Pair(a.ids, b.ids) for a, b in zip(runs[::2], runs[1::2], strict=True))
