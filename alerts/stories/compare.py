# SPDX-License-Identifier: MIT
"""Two sets of facts, field by field: agree, conflict or unknown. Any conflict keeps stories apart.

A field that is open on both sides and says nothing about the event (no biomarker, no trial) is left out of the answer.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from alerts.model import Concepts, EventType, StoryFacts, Verdict
from alerts.stories import rules
from alerts.stories.canonical import needs_body

SAME_DAY = timedelta(days=10)  # two outlets may date one act by its letter, its announcement or its publication
SAME_ACT = timedelta(days=5)  # a trade outlet follows an authority within the working week
BEFORE = timedelta(days=2)  # time zones and embargoes; told earlier than that, it is another event
_LINES = {"first-line": "first", "second-line": "later", "third-line": "later", "previously treated": "later"}
_EARLY = ("adjuvant", "neoadjuvant", "perioperative", "early-stage", "early stage", "resectable")
_LATE = ("metastatic", "unresectable", "advanced")


def verdicts(a: StoryFacts, b: StoryFacts, concepts: Concepts) -> dict[str, Verdict]:
    """Symmetric: verdicts(a, b) == verdicts(b, a)."""
    trial = _trials(set(a.trials), set(b.trials))
    found = {
        "drugs": _named_drugs(a, b, trial),
        "indications": _one_use(a, b, trial, _cancers(a, b, concepts)),
        "event": _event(a, b),
        "status": _status(a, b),
        "regulator": _regulator(a, b),
        "biomarkers": _biomarkers(set(a.biomarkers), set(b.biomarkers), concepts),
        "setting": _setting(a.setting, b.setting),
        "trial": trial if {a.event, b.event} & rules.OF_TRIAL else _softened(trial),
        "company": _companies(a, b),
        "date": _date(a, b),
    }
    return {field: verdict for field, verdict in found.items() if verdict is not None}


def tells_all_cancers(story: StoryFacts, indications: Iterable[str], concepts: Concepts) -> bool:
    """Has the story told of each of these cancers, be it by a wider or a narrower name? Else somebody waits for the others."""
    told = set(story.indications)
    return all(_related({cancer}, told, concepts) for cancer in set(indications) - rules.GENERIC)


def gap(a: StoryFacts, b: StoryFacts) -> timedelta | None:
    """Between the tellings, or from the event to its telling where one of the two gives its day."""
    if a.event_date and b.event_date:
        return abs(_moment(a) - _moment(b))
    if a.first_told is None or b.first_told is None:
        return None
    return min(abs(a.first_told - b.first_told), abs(_moment(a) - _moment(b)))


def _moment(facts: StoryFacts) -> datetime:
    assert facts.first_told is not None or facts.event_date is not None
    if facts.event_date is None:
        return facts.first_told  # type: ignore[return-value]
    zone = facts.first_told.tzinfo if facts.first_told else None
    return datetime.combine(facts.event_date, time(12), zone)


def _named_drugs(a: StoryFacts, b: StoryFacts, trial: Verdict | None) -> Verdict:
    """In one trial, the drug that one outlet takes for the subject may be the partner or comparator of another; so it
    may be the rival that is on the market already, where one body acts for one company in the same days."""
    found = _drugs(rules.subject_drugs(a.drugs), rules.subject_drugs(b.drugs), trial)
    if found is not Verdict.CONFLICT:
        return found
    if rules.regimens(a.drugs) & set(b.named) or rules.regimens(b.drugs) & set(a.named):
        return Verdict.AGREE  # one tells the regimen by its name, the other by its parts and its name
    swapped = trial is Verdict.AGREE and (set(a.drugs) <= set(b.named) or set(b.drugs) <= set(a.named))
    rival = _one_act(a, b) and bool(set(a.drugs) & set(b.named) or set(b.drugs) & set(a.named))
    return Verdict.UNKNOWN if swapped or rival else Verdict.CONFLICT


def _one_act(a: StoryFacts, b: StoryFacts) -> bool:
    """The same act of the same body for the same company, told in the same days."""
    between = gap(a, b)
    same = a.event in rules.REGULATORY and rules.family(a.event) == rules.family(b.event)
    bodies = a.regulator is not None and b.regulator is not None and rules.body(a.regulator) == rules.body(b.regulator)
    return same and bodies and bool(set(a.companies) & set(b.companies)) and between is not None and between <= SAME_ACT


def _drugs(a: frozenset[str], b: frozenset[str], trial: Verdict | None) -> Verdict:
    """A part of the regimen may be left out; partners that anybody may leave out count only where nothing else is left.

    A drug that is a partner in everything, alone on one side, may be about another regimen.
    """
    if not a or not b:
        return Verdict.UNKNOWN
    if a == b or (a <= b and a - rules.PARTNERS) or (b <= a and b - rules.PARTNERS):
        return Verdict.AGREE
    if a <= b or b <= a:
        return Verdict.AGREE if trial is Verdict.AGREE else Verdict.UNKNOWN
    return Verdict.UNKNOWN if a & b and trial is Verdict.AGREE else Verdict.CONFLICT


def _cancers(a: StoryFacts, b: StoryFacts, concepts: Concepts) -> Verdict:
    """One may be the wider name of the other; "cancer" or "solid tumours" alone name none."""
    x, y = ({rules.NAMED_WIDER.get(c, c) for c in s.indications} - rules.GENERIC for s in (a, b))
    if not x or not y:
        alike = not x and not y and (set(a.indications) & set(b.indications)) - {rules.ANY_CANCER}
        return Verdict.AGREE if alike else Verdict.UNKNOWN
    if _related(x, y, concepts):
        return Verdict.AGREE
    return (
        Verdict.UNKNOWN if any({one, other} in rules.UNSURE_CANCERS for one in x for other in y) else Verdict.CONFLICT
    )


def _one_use(a: StoryFacts, b: StoryFacts, trial: Verdict | None, cancers: Verdict) -> Verdict:
    """A body decides on what one trial tried: a rare tumour that is named by its place elsewhere is left open."""
    acts = a.event in rules.REGULATORY and b.event in rules.REGULATORY
    return Verdict.UNKNOWN if cancers is Verdict.CONFLICT and acts and trial is Verdict.AGREE else cancers


def _event(a: StoryFacts, b: StoryFacts) -> Verdict:
    if a.status == b.status and a.status in rules.CLOSED:
        return Verdict.AGREE  # a test is cleared, whether it is read as an approval or as other news
    if a.event is b.event:
        return Verdict.UNKNOWN if a.event in rules.SOFT else Verdict.AGREE
    if EventType.UNKNOWN in (a.event, b.event):
        return Verdict.UNKNOWN
    pair = {a.event, b.event}
    if any(pair <= group for group in rules.ALIKE):
        return Verdict.AGREE
    if any(pair <= group for group in rules.UNSURE):
        two = _awaited(a, b) or _awaited(b, a) or _decided(a, b) or _taken_back(a, b)
        return Verdict.CONFLICT if two else Verdict.UNKNOWN
    between = gap(a, b)
    soft = pair & (rules.SOFT | {EventType.DEAL}) and between is not None and between <= rules.SOFT_GAP
    return Verdict.UNKNOWN if soft else Verdict.CONFLICT


def _awaited(filing: StoryFacts, opinion: StoryFacts) -> bool:
    """A filing that was taken up, put off or sent to a committee is no word of that committee."""
    known = filing.event is EventType.FILING_STATUS and filing.status in rules.BEFORE_OPINION
    return known and opinion.event is EventType.OPINION_POSITIVE


def _decided(a: StoryFacts, b: StoryFacts) -> bool:
    """An opinion and a rejection: two acts, unless both tell of one committee in the same days."""
    if {a.event, b.event} != {EventType.OPINION_POSITIVE, EventType.REJECTION}:
        return False
    between = gap(a, b)
    one_vote = "committee" in (a.status, b.status) and between is not None and between <= rules.SOFT_GAP
    return not one_vote


def _taken_back(a: StoryFacts, b: StoryFacts) -> bool:
    """A filing and its withdrawal: two acts, unless both are told at once by one company that files anew."""
    between = gap(a, b)
    return EventType.WITHDRAWAL in (a.event, b.event) and (between is None or between > rules.SOFT_GAP)


def _status(a: StoryFacts, b: StoryFacts) -> Verdict | None:
    if a.status == b.status:
        return Verdict.AGREE if a.status else None
    kinds = {a.status, b.status}
    if kinds & rules.CLOSED:
        return Verdict.CONFLICT
    groups = [names for names in rules.STATUSES.values() if kinds <= names]
    if None in kinds or not groups or kinds in rules.COMPATIBLE:
        return Verdict.UNKNOWN
    return Verdict.CONFLICT


def _regulator(a: StoryFacts, b: StoryFacts) -> Verdict:
    """EMA and EC speak of one European decision; whether it is the opinion or the approval, the event tells.

    Where no body decides (a readout, a deal) a body named beside it says little.
    """
    x, y = rules.body(a.regulator), rules.body(b.regulator)
    if x and y:
        return Verdict.AGREE if x == y else Verdict.CONFLICT
    return Verdict.UNKNOWN if needs_body((a.event, b.event)) else Verdict.AGREE


def _biomarkers(a: set[str], b: set[str], concepts: Concepts) -> Verdict | None:
    if not a or not b:
        return Verdict.UNKNOWN if a or b else None
    if _related(a, b, concepts):
        return Verdict.AGREE
    x, y = a & rules.DRIVERS, b & rules.DRIVERS
    return Verdict.CONFLICT if x and y and not _related(x, y, concepts) else Verdict.UNKNOWN


def _related(a: set[str], b: set[str], concepts: Concepts) -> bool:
    return any(x in concepts.ancestors(y) or y in concepts.ancestors(x) for x in a for y in b)


def _setting(a: str | None, b: str | None) -> Verdict | None:
    """First line against later lines, early against advanced disease; other words are left to the text."""
    if not a or not b:
        return Verdict.UNKNOWN if a or b else None
    lines, stages = [_line(x) for x in (a, b)], [_stage(x) for x in (a, b)]
    apart = any(None not in pair and pair[0] != pair[1] for pair in (lines, stages))
    if apart or (any(lines) and (_around_surgery(a) != _around_surgery(b))):
        return Verdict.CONFLICT
    told = any(None not in pair for pair in (lines, stages))
    return Verdict.AGREE if a == b or told else Verdict.UNKNOWN


def _around_surgery(setting: str) -> bool:
    """Lines are counted in advanced disease; what goes with surgery is none of them."""
    return "adjuvant" in setting.lower() or "perioperative" in setting.lower()


def _line(setting: str) -> str | None:
    found = {line for words, line in _LINES.items() if words in setting.lower()}
    return found.pop() if len(found) == 1 else None


def _stage(setting: str) -> str | None:
    text = setting.lower().replace("locally advanced", "")  # operated on by some, beyond surgery for others
    late = any(word in text for word in _LATE)
    early = any(word in text.replace("unresectable", "") for word in _EARLY)
    return None if early == late else "early" if early else "late"


def _trials(a: set[str], b: set[str]) -> Verdict | None:
    """A registry number on one side and an acronym on the other cannot be compared."""
    if not a or not b:
        return Verdict.UNKNOWN if a or b else None
    if a & b:
        return Verdict.AGREE
    kinds = [{name.startswith("NCT") for name in names} for names in (a, b)]
    return Verdict.CONFLICT if kinds[0] & kinds[1] else Verdict.UNKNOWN


def _softened(trial: Verdict | None) -> Verdict | None:
    """A decision may rest on several trials, of which each outlet names another."""
    return Verdict.UNKNOWN if trial is Verdict.CONFLICT else trial


def _companies(a: StoryFacts, b: StoryFacts) -> Verdict | None:
    """Partners speak of one event each under their own name; where no drug binds them, they are two companies' news."""
    x, y = set(a.companies), set(b.companies)
    if not x or not y:
        return Verdict.UNKNOWN if x or y else None
    if x & y:
        return Verdict.AGREE
    return Verdict.UNKNOWN if a.drugs or b.drugs or EventType.DEAL in (a.event, b.event) else Verdict.CONFLICT


def _date(a: StoryFacts, b: StoryFacts) -> Verdict:
    if a.event_date and b.event_date:
        return Verdict.AGREE if abs(a.event_date - b.event_date) <= SAME_DAY else Verdict.CONFLICT
    if _told_before(a, b) or _told_before(b, a):
        return Verdict.CONFLICT
    between = gap(a, b)
    if between is None:
        return Verdict.UNKNOWN
    if between > min(window(a.event), window(b.event)):
        return Verdict.CONFLICT
    return Verdict.AGREE if between <= SAME_DAY else Verdict.UNKNOWN


def _told_before(a: StoryFacts, b: StoryFacts) -> bool:
    """Was `a` told before the event of `b` happened? Then it tells of another one."""
    return bool(b.event_date and a.first_told and a.first_told < _moment(b) - BEFORE)


def window(event: EventType) -> timedelta:
    """How long an event is told again; for an event that was not read, as long as for any."""
    return rules.WINDOW if event is EventType.UNKNOWN else rules.WINDOWS.get(event, rules.WINDOW)
