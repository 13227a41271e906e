# SPDX-License-Identifier: MIT
"""Clauses of a sentence beside its news: what came before it ("After the FDA's rejection, X refiles Y"), or a second news
("X clears trial in lung cancer, fails in liver cancer").
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from alerts.facts.events import READOUTS, REGULATORY, Event, events, thinkable
from alerts.facts.phrases import Guarded
from alerts.facts.vocabulary import words
from alerts.model import EventType

_T = EventType
_WORDS = words("roles")["earlier"]
_OPENS = re.compile(_WORDS["opens"])
_CLOSES = re.compile(_WORDS["closes"])
_CLOSING = Guarded(_WORDS["closes"])  # a first look
_PLANS = re.compile(_WORDS["plans"])
_JOINTS = re.compile(r"; |,? (?:but|while|whereas) (?:it )?|,? and (?:it )?|, ")
_LISTED = re.compile(r"[DC][,; andbutwhile]+[DC]")  # two names of one list
_PAST = re.compile(r"\b(?:follow\w*|after|since|previous\w*|earlier|already|had|was based)\b")
_BODIES = re.compile(r"[RE]+|\b(?:agency|regulators?)\b")
_SOON = 60  # key positions into a clause: an act that begins later is not what the clause tells
# What a sentence may tell as its news; how shares fared or what a doctor says of it is none beside an act.
ACTS = frozenset(EventType) - {_T.CORPORATE, _T.CONFERENCE, _T.DEAL, _T.RESEARCH, _T.OTHER, _T.UNKNOWN, _T.TRIAL_UPDATE}


class Second(NamedTuple):
    """A second news of a sentence: key positions of its clause, and what it tells."""

    start: int
    end: int
    event: Event


def second(masked: str, names: Sequence[tuple[int, str]], *, title: bool) -> Second | None:
    """The clause that tells another act than the one before it, of a drug or a cancer that is not named there.

    `names`: drugs and cancers of the sentence, where they start (key position) and which they are.
    """
    joints = _joints(masked, names) if len({name for _, name in names}) > 1 else []
    if not joints or len(ACTS & thinkable(masked, title=title)) < 2:  # a first look: it tells no two acts
        return None
    for joint in joints:
        start = joint.end()
        told = _goes_on(masked[:start], masked[start:], title=title)
        if told is None or told.start >= _SOON or _PAST.search(masked, start, start + told.end):
            continue
        first = _act(masked[: joint.start()], title=title)
        if first and (_differ(first.type, told.type) or (first.type is told.type and _apart(names, joint))):
            return Second(start, len(masked.rstrip()), told)
    return None


def _joints(masked: str, names: Sequence[tuple[int, str]]) -> list[re.Match[str]]:
    """Where a clause may begin that names a drug or a cancer which is not named before it."""
    made = []
    for joint in _JOINTS.finditer(masked):
        before = {name for at, name in names if at < joint.end()}
        new = any(name not in before for at, name in names if at >= joint.end())
        if before and new and not _LISTED.match(masked, joint.start() - 1):
            made.append(joint)
    return made


def _goes_on(before: str, clause: str, *, title: bool) -> Event | None:
    """The act of a clause; one that names no body goes on with the one before it ("the FDA clears A but turns down B")."""
    told = _act(clause, title=title)
    bodies = [] if told or _BODIES.search(clause) else _BODIES.findall(before)
    return _act(f"{bodies[-1]} {clause}", title=title) if bodies else told


def _apart(names: Sequence[tuple[int, str]], joint: re.Match[str]) -> bool:
    """Is the same act told of one drug in one cancer before the joint, and of another in another behind it?"""
    before, behind = ({name for at, name in names if (at < joint.end()) is ahead} for ahead in (True, False))
    drugs = {name for name in before | behind if name.startswith("drug:")}
    return not before & behind and all(side & drugs and side - drugs for side in (before, behind))


def _differ(first: EventType, told: EventType) -> bool:
    """Two acts that are news each; a readout behind a body's act is what it was based on."""
    return first is not told and not (first in REGULATORY and told in READOUTS)


def earlier(masked: str, *, title: bool) -> tuple[int, int] | None:
    """Key positions of the clause, where the rest of the sentence tells an act of its own; None where it tells the news.

    `masked`: the sentence's key with its names masked (see events).
    """
    for start, end in _clauses(masked, title=title):
        told = next(events(masked[start:end], title=title), None)
        rest = _act(without(masked, start, end), title=title) if told else None
        if told and rest and not _is_reason(rest, told, masked[:start]):
            return start, end
    return None


def without(masked: str, start: int, end: int) -> str:
    """The same length; of the clause only its names are left."""
    return masked[:start] + re.sub(r"[^DCT ]", "y", masked[start:end]) + masked[end:]


def _clauses(masked: str, *, title: bool) -> Iterator[tuple[int, int]]:
    opening = _OPENS.match(masked)
    if opening:
        yield opening.span()
    closing = _CLOSES.search(masked) if title and _CLOSING.may(masked) else None
    if closing:
        yield closing.span()


def _act(masked: str, *, title: bool) -> Event | None:
    return next(events(masked, title=title, kinds=ACTS, firm=True), None)


def _is_reason(act: Event, told: Event, before: str) -> bool:
    """Is the act only what follows from the clause: a trial that stops as it has won, a filing that is planned?"""
    if act.type is _T.TRIAL_STOPPED:
        return told.type is _T.TRIAL_POSITIVE
    return act.type is _T.FILING_STATUS and _PLANS.search(before) is not None
