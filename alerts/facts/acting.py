# SPDX-License-Identifier: MIT
"""Which bodies act: those that a sentence lists together ("cleared in the US and Japan"), the one that a land stands for, the
one that holds a trial which its company stops besides.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from alerts.facts.events import REGULATORY, events
from alerts.facts.prepare import Part, Sentence
from alerts.facts.reading import Found, Reading
from alerts.facts.roles import acts_before, is_background, lands, went_before
from alerts.model import EventType

# Between the bodies or lands of one act: "in the US and Japan", "FDA, EMA and Health Canada".
_TOGETHER = re.compile(
    r"\W*(?:(?:and|plus|as well as|and also|both|alongside|along with) )?(?:in |by |from |with |to )?(?:both )?(?:the |australia s |canada s |britain s |japan s |china s |uk s |us )*$"
)
# Around a list of lands: it says where an act was done, not where a company has another name.
_ACTED_IN = re.compile(
    r"(?:approv|authori|clear|licen|nod|green ?light|okay|reject|refus|turned down|declin|fil(?:e[sd]?|ing)|submi|accept|review|applica|designat|withdr|pull)\w*(?: \S+){0,3}? (?:in|from|by|for|across|to|with|at) (?:both )?(?:the )?$"
)
_ACTS_NEXT = re.compile(
    r" (?:regulators?|authorities|agencies|approvals?|nods?|filings?|applications?|clearances?|green lights?|labels?)\b"
)
_SET_BACK = re.compile(r"\b(?:despite|already|unlike|except|outside|known as)\b[^,;]*$")
_ADDED = re.compile(r"\b(?:adds?|adding|added) (?:the )?$")
_IN_ONE = {
    frozenset({"org:EMA", "org:EC"}),
    frozenset({"org:PMDA", "org:MHLW"}),
}  # of one land: one acts, the other is its voice
_JOINT = re.compile(r"; |, |,? (?:and|as|while|but|even as|then) ")
_HOLD = re.compile(r"\bhold\b|\b(?:freez|froz)\w+|\bstop dosing\b")
_HOLD_BEFORE = re.compile(
    r"\b(?:after|following|since|despite|lift\w*|remov\w*|could|may|might|would|earlier|previous\w*|months?|avoid\w*)\b"
)
_RESTS = re.compile(r"\b(?:on ice|paus\w+|halt\w*|suspen\w+|stall\w*|froz\w+|freez\w+|in limbo)\b")
_ENDS = re.compile(
    r"\bfutil\w+|\b(?:ends?|ended|discontinu\w+|terminat\w+|scrap\w*|ax(?:es|ed)|drops?|dropped|for good)\b"
)
_STOPS = {EventType.TRIAL_STOPPED, EventType.TRIAL_NEGATIVE}
_LEAD = 2  # sentences of the summary in which a hold may stand beside the stop


class Hold(NamedTuple):
    """A body's hold that is told beside a company's stop of its own: what the clause names, as key positions."""

    sentence: Sentence
    start: int
    end: int
    body: str


def held_by(reading: Reading) -> str | None:
    """The body whose hold the lead tells, where the title only says that a trial rests ("a death puts X on ice")."""
    if reading.main is None or not _rests(reading):
        return None
    held = (_hold(reading, s) for s in reading.parts[1 : _LEAD + 1] if s.part is not Part.BOILERPLATE)
    return next((h.body for h in held if h), None)


def _rests(reading: Reading) -> bool:
    assert reading.main is not None
    key = reading.main.sentence.keyed.key
    return bool(_RESTS.search(key)) and not _ENDS.search(key)


def hold_beside(reading: Reading) -> Hold | None:
    """The hold that title or lead tells in another clause than the stop ("ends its trial as the FDA imposes a hold")."""
    main = reading.main
    if main is None or main.event.type not in _STOPS:
        return None
    held = (_hold(reading, s) for s in reading.parts if s.part is not Part.BOILERPLATE and s.number <= _LEAD)
    found = next((h for h in held if h), None)
    if found is None or (found.sentence is not main.sentence and _rests(reading)):
        return None
    key = main.sentence.keyed.key
    own = key if found.sentence is not main.sentence else key[: found.start] + key[found.end :]
    return None if _HOLD.search(own) or (found.sentence is main.sentence and not _stops(reading, found)) else found


def _hold(reading: Reading, sentence: Sentence) -> Hold | None:
    if not _HOLD.search(sentence.keyed.key) or is_background(sentence):
        return None
    cuts = [0, *(j.end() for j in _JOINT.finditer(sentence.keyed.key)), len(sentence.keyed.key)]
    masked = reading.masked[sentence.number]
    for one in _named_in(reading, sentence, "RE"):
        start = max(c for c in cuts if c <= one.hit.start)
        held = _HOLD.search(masked, one.hit.end)
        end = next((c for c in cuts if c >= held.end()), len(masked)) if held else 0
        if held and not _HOLD_BEFORE.search(masked, start, end):
            return Hold(sentence, start, end, one.hit.id)
    return None


def _stops(reading: Reading, hold: Hold) -> bool:
    """Does the sentence without the clause of the hold tell a stop as well?"""
    masked = reading.masked[hold.sentence.number]
    rest = masked[: hold.start] + masked[hold.end :]
    return next(events(rest, title=hold.sentence.part is Part.TITLE, kinds=_STOPS), None) is not None


def body_of_land(key: str, kind: EventType) -> str | None:
    """The body of a land that a clause names for this kind of act."""
    found = [(land.body, hit) for land in lands(key, kind) for hit in [land.words.search(key)] if hit]
    return next((body for body, hit in found if acts_before(key[: hit.start()])), found[0][0] if found else None)


class _Place(NamedTuple):
    body: str
    start: int
    end: int
    is_land: bool


def acting_together(reading: Reading) -> tuple[str, ...]:
    """The bodies that the sentence of the news lists as acting in one ("cleared in the US and Japan"); () if it lists none."""
    if reading.main is None or reading.main.event.type not in REGULATORY:
        return ()
    sentence, event = reading.main
    if event.type is EventType.ACCESS:
        bodies = tuple(
            dict.fromkeys(
                p.body
                for p in _bodies_in(reading, sentence, event.type)
                if not p.is_land and not went_before(sentence.keyed.key[: p.start])
            )
        )
        return bodies if len(bodies) > 1 else ()
    places = sorted(_bodies_in(reading, sentence, event.type), key=lambda p: p.start)
    run: list[_Place] = []
    key = sentence.keyed.key
    for place in places:
        if run and place.start < run[-1].end:
            continue
        if len(run) == 1 and _ADDED.search(key[: run[0].start]) and key[run[0].end :].startswith(" to "):
            return ()  # "adds the EU to its US and UK nods": the first alone is news
        if run and not _TOGETHER.match(key[run[-1].end : place.start]):
            if _is_list(run):
                break
            run = []
        if not run and went_before(key[: place.start]):
            continue
        run.append(place)
    return tuple(dict.fromkeys(p.body for p in run)) if _is_list(run) and _acts_in(key, run) else ()


def _acts_in(key: str, run: list[_Place]) -> bool:
    """Do the words around a list say that something was done there?"""
    before, after = key[: run[0].start], key[run[-1].end :]
    named = not any(p.is_land for p in run)
    return not _SET_BACK.search(before) and bool(named or _ACTED_IN.search(before) or _ACTS_NEXT.match(after))


def _is_list(run: list[_Place]) -> bool:
    bodies = frozenset(p.body for p in run)
    return len(bodies) > 1 and not any(pair <= bodies for pair in _IN_ONE)


def _bodies_in(reading: Reading, sentence: Sentence, kind: EventType) -> Iterator[_Place]:
    key = sentence.keyed.key
    for one in _named_in(reading, sentence, "REAH"):
        yield _Place(one.hit.id, one.hit.start, one.hit.end, is_land=False)
    for land in lands(key, kind):
        for hit in land.words.finditer(key):
            yield _Place(land.body, hit.start(), hit.end(), is_land=True)


def _named_in(reading: Reading, sentence: Sentence, masks: str) -> list[Found]:
    """Where a sentence names bodies of these kinds (see BODY_MASKS)."""
    masked = reading.masked[sentence.number]
    return [
        f for f in reading.found if f.sentence is sentence and f.hit.kind == "body" and masked[f.hit.start] in masks
    ]
