# SPDX-License-Identifier: MIT
"""The clause of a sentence that tells what came before its news: "After the FDA's rejection, X refiles Y"."""

import re
from collections.abc import Iterator

from alerts.facts.events import Event, events
from alerts.facts.vocabulary import words
from alerts.model import EventType

_T = EventType
_WORDS = words("roles")["earlier"]
_OPENS = re.compile(_WORDS["opens"])
_CLOSES = re.compile(_WORDS["closes"])
_PLANS = re.compile(_WORDS["plans"])
# What a sentence may tell as its news; how shares fared or what a doctor says of it is none beside an act.
ACTS = frozenset(EventType) - {_T.CORPORATE, _T.CONFERENCE, _T.DEAL, _T.RESEARCH, _T.OTHER, _T.UNKNOWN, _T.TRIAL_UPDATE}


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
    closing = _CLOSES.search(masked) if title else None
    if closing:
        yield closing.span()


def _act(masked: str, *, title: bool) -> Event | None:
    return next((e for e in events(masked, title=title) if e.firm and e.type in ACTS), None)


def _is_reason(act: Event, told: Event, before: str) -> bool:
    """Is the act only what follows from the clause: a trial that stops as it has won, a filing that is planned?"""
    if act.type is _T.TRIAL_STOPPED:
        return told.type is _T.TRIAL_POSITIVE
    return act.type is _T.FILING_STATUS and _PLANS.search(before) is not None
