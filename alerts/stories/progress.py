# SPDX-License-Identifier: MIT
"""What is a later step of what: a table, and the conditions under which it counts."""

from alerts.model import EventType, StoryFacts

_T = EventType
_DECIDED = {_T.APPROVAL, _T.LABEL_EXPANSION, _T.REJECTION, _T.WITHDRAWAL}
# Earlier event → later events that are an update of it.
STEPS: dict[EventType, set[EventType]] = {
    _T.FILING_STATUS: {_T.DESIGNATION, _T.OPINION_POSITIVE, *_DECIDED},
    _T.DESIGNATION: {_T.FILING_STATUS, _T.OPINION_POSITIVE, *_DECIDED},
    _T.OPINION_POSITIVE: _DECIDED,
    _T.REJECTION: {_T.FILING_STATUS, _T.APPROVAL, _T.LABEL_EXPANSION},
    _T.APPROVAL: {_T.WITHDRAWAL},
    _T.LABEL_EXPANSION: {_T.WITHDRAWAL},
    _T.TRIAL_STOPPED: {_T.TRIAL_START},
    _T.TRIAL_START: {_T.TRIAL_POSITIVE, _T.TRIAL_NEGATIVE, _T.TRIAL_UPDATE, _T.TRIAL_STOPPED},
}
# The European Medicines Agency gives the opinion, the European Commission decides.
_SAME_BODY = {"org:EMA": "org:EC"}


def progresses(earlier: StoryFacts, later: StoryFacts) -> bool:
    """Is `later` the next step of `earlier` with the same body or in the same trial? (Drugs, cancers: compare.py)"""
    full = earlier.status in {"accelerated", "conditional"} and later.status == "full"
    step = later.event in STEPS.get(earlier.event, set())
    if not (step or full):
        return False
    if earlier.regulator and later.regulator:
        return _body(earlier.regulator) == _body(later.regulator)
    return bool(set(earlier.trials) & set(later.trials))


def _body(regulator: str) -> str:
    return _SAME_BODY.get(regulator, regulator)
