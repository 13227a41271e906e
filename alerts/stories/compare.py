# SPDX-License-Identifier: MIT
"""Two sets of facts, field by field: agree, conflict or unknown. Any conflict keeps stories apart."""

from datetime import timedelta

from alerts.model import Concepts, EventType, StoryFacts, Verdict
from alerts.stories.keys import WINDOW

SAME_DAY = timedelta(days=10)
_T = EventType
# Words for the same thing: first authorisation or wider use is often a matter of the writer.
_ALIKE = (
    {_T.APPROVAL, _T.LABEL_EXPANSION},
    {_T.TRIAL_POSITIVE, _T.TRIAL_UPDATE},
    {_T.TRIAL_NEGATIVE, _T.TRIAL_UPDATE},
    {_T.ACCESS, _T.REJECTION},
)
_OPEN = {_T.UNKNOWN, _T.OTHER, _T.RESEARCH, _T.CORPORATE}
_FINAL = {"full"}
_EARLY = {"accelerated", "conditional"}


def verdicts(a: StoryFacts, b: StoryFacts, concepts: Concepts) -> dict[str, Verdict]:
    """Symmetric: verdicts(a, b) == verdicts(b, a)."""
    return {
        "drugs": _sets(set(a.drugs), set(b.drugs)),
        "indications": _related(a.indications, b.indications, concepts),
        "event": _event(a.event, b.event),
        "status": _status(a.status, b.status),
        "regulator": _regulator(a, b),
        "date": _date(a, b),
        "trial": _trials(set(a.trials), set(b.trials)),
    }


def _sets(a: set[str], b: set[str]) -> Verdict:
    if not a or not b:
        return Verdict.UNKNOWN
    return Verdict.AGREE if a <= b or b <= a else Verdict.CONFLICT


def _related(a: tuple[str, ...], b: tuple[str, ...], concepts: Concepts) -> Verdict:
    if not a or not b:
        return Verdict.UNKNOWN
    related = any(x in concepts.ancestors(y) or y in concepts.ancestors(x) for x in a for y in b)
    return Verdict.AGREE if related else Verdict.CONFLICT


def _event(a: EventType, b: EventType) -> Verdict:
    if a is b and a is not _T.UNKNOWN:
        return Verdict.AGREE
    if a in _OPEN or b in _OPEN:
        return Verdict.UNKNOWN
    return Verdict.AGREE if any({a, b} <= group for group in _ALIKE) else Verdict.CONFLICT


def _status(a: str | None, b: str | None) -> Verdict:
    if a is None or b is None:
        return Verdict.UNKNOWN
    if a == b:
        return Verdict.AGREE
    return Verdict.CONFLICT if {a, b} & _FINAL and {a, b} & _EARLY else Verdict.UNKNOWN


def _regulator(a: StoryFacts, b: StoryFacts) -> Verdict:
    if a.regulator is None or b.regulator is None:
        return Verdict.AGREE if a.regulator is b.regulator else Verdict.UNKNOWN
    return Verdict.AGREE if a.regulator == b.regulator else Verdict.CONFLICT


def _date(a: StoryFacts, b: StoryFacts) -> Verdict:
    if a.event_date and b.event_date:
        return Verdict.AGREE if abs(a.event_date - b.event_date) <= SAME_DAY else Verdict.CONFLICT
    if a.first_told and b.first_told:
        gap = abs(a.first_told - b.first_told)
        return Verdict.AGREE if gap <= SAME_DAY else Verdict.UNKNOWN if gap <= WINDOW else Verdict.CONFLICT
    return Verdict.UNKNOWN


def _trials(a: set[str], b: set[str]) -> Verdict:
    if not a or not b:
        return Verdict.UNKNOWN
    return Verdict.AGREE if a & b else Verdict.CONFLICT
