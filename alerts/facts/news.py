# SPDX-License-Identifier: MIT
"""Which event is the item's news: the title outranks the lead; a journal article is read by its own rules."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.facts.events import AUTHORISED, EVERY, READOUTS, REGULATORY, Event, events
from alerts.facts.prepare import Part, Sentence
from alerts.facts.roles import is_background
from alerts.model import EventType

LEAD_SENTENCES = 4  # of the summary: news stands there, the rest is background
_T = EventType
_DIRECTED = {_T.TRIAL_POSITIVE, _T.TRIAL_NEGATIVE}
_OWN_WORDS = {_T.OTHER, _T.RESEARCH, _T.ACCESS}
# "…: a multicentre phase Ib study", whatever else the title has words for.
_SAYS_TRIAL = re.compile(
    r"(?::|(?<!\bin)(?<!\bof)(?<!\bon)(?<!\bto)(?<!\bfor)(?<!\bfrom)(?<!\bwith)(?<!\bwithin)) an? (?!.*\banalys)(?:\S+ ){0,6}phase \S+ (?:\S+ ){0,3}(?:study|trial)\W*$"
    r"|^(?!.*(?:retrospective|real world|post hoc))(?:an? )?(?:\S+ ){0,4}phase \S+ (?:\S+ ){0,3}(?:study|trial) (?:of|evaluating|comparing) "
    r"|^(?!.*(?:marker|genom|circulat|predict|prognos|resist|mechanis|profil|real world|retrospective)).*D.* from (?:the )?(?:\S+ ){0,3}phase \S+ (?:\S+ ){0,3}(?:study|trial)\W*$"
)
# A trial of a kind of drug that the title does not name.
_UNNAMED = re.compile(
    r"(?=.*\bphase (?:i|1|2|3)).*(?:immunotherap|immunochemo|chemoimmuno|chemotherap|inhibitor|antibod|vaccin|\bcar t\b)"
    r"|.*(?:irradiation|protons?\b|radiation|radiotherap|radiosurg|chemoradi|transplant|lobectom|segmentectom|\bsurger|resection|ablation)"
    r".*\b(?:phase (?:ii|2|3)|randomi[sz]ed)\b.*\b(?:trial|study)\b"
)
_BODYS_ACTS, _BODY = {_T.DESIGNATION, _T.REJECTION, _T.OPINION_POSITIVE}, re.compile("[REA]")
_PRODUCT = re.compile("[DREB]")  # an approval without a drug, a body or a marker is a figure of speech
# The lead says that an approval is one of more of the same drug.
_WIDER = re.compile(
    r"\b(?:label|indication|licen[cs]e) (?:extension|expansion)|\bextension (?:to|of) (?:the |its )?(?:\w+ )?(?:licen[cs]e|label|indication|authori[sz]ation)"
    r"|\b(?:expand|extend|broaden|widen)(?:ed|s) (?:the |its )?(?:marketing )?(?:authori[sz]ation|indication|licen[cs]e|label|approval)\b"
    r"|\b(?:broader|expanded|wider) (?:indication|label|approval)\b"
)
# The title of a notice that leaves to its text what was decided.
_UPDATES = re.compile(
    r"^\W*(?:\S+ ){0,6}?updates? (?:on|regarding|about|for)\b(?!.*\b(?:trial|study|phase)\b)|\bpending ec decision\b"
)
# Data are shown at a congress, not only announced.
_DATA_SHOWN = re.compile(
    r"\bpresentations? of (?:\w+ ){0,3}(?:data|results)\b|^(?:\S+ ){0,6}?(?:presents|presented|highlights|showcases)\b| to be presented\b"
)
# A structured abstract, or its sections run together.
_SECTION = re.compile(r"\W*(?:background|purpose|objectives?|introduction|aims?|methods|importance|context)\b")
_ABBREVIATED = re.compile(
    r"(?:\b[A-Z]|\b(?:Inc|Ltd|Co|Corp|Jr|Sr|No|vs|Ph\.D)|\.\.)\.$"
)  # a title's last word, and no end of a sentence
_LATER_SECTION = re.compile(r"\b(?:methods|results|conclusions?) ?: ")
_TRIAL = re.compile(
    r"\bphase (?:i|1|2|3|4)|\brandomi[sz]ed|\bopen label|\bsingle arm|\bplacebo controlled|\bdouble blind|\btrial\b|efficacy and safety of|safety and (?:efficacy|activity) of|\bT+\b|^\W*D+.{0,60}? (?:in|for|versus) .*C"
)
_NO_TRIAL = re.compile(
    r"retrospective|real world|clinical practice|meta analys|systematic review|cohort study|case report|case series|registry|mice|murine|"
    r"in vitro|pre ?clinical|xenograft|cost effective|cell lines|nomogram|mendelian|database|letter|landscape|consensus|genomic|profiling|circulating|predict|"
    r"prognos|patterns? of|influence of|mechanism|biomarker|microenvironment|resistance to|impact of|characteri[sz]|state of the art|review"
)
_DESIGN = re.compile(r"rationale|study protocol|trial in progress|study design|protocol for")
# An abstract of a trial under way: no results, and what will be done.
_PLANNED = re.compile(
    r"\bwill be (?:randomi|enrol|assign|stratif|evaluat|recruit|treated)|\b(?:is|are) (?:currently )?(?:an? )?(?:ongoing|evaluating|recruiting|enrolling|being randomi)|primary end ?points? (?:is|are|will)"
)
# "NAME: a phase 3 study of …", and of it only what it is: a design without results.
_NAMES_DESIGN = re.compile(
    r"^[^:]{3,30}: (?:an? |the )?(?:\S+ ){0,5}?phase \S+ (?:\S+ ){0,3}?(?:study|trial) (?:of|evaluating|comparing|assessing)\b"
)
_IS_TRIAL = re.compile(r"\bis an? (?:\S+ ){0,7}?phase \S+ (?:\S+ ){0,3}?(?:study|trial)\b")
_RESULTS = re.compile(r"\b(?:results|findings) ?:|\bmedian follow up")
# What was given in practice, told of drugs as a trial would be; a title that says it is a trial says so.
_OBSERVED = re.compile(
    r"\b(?:this|an?|our) (?:\S+ ){0,4}(?:retrospective|real world|observational)(?: \S+){0,3} (?:study|analysis|cohort)\b"
    r"|retrospectively (?:analy|review|collect|includ|identif|enrol)|\bdigiti[sz]ed\b|\bdiscovery and development of\b"
)
_STUDIED = re.compile(r"\bphase \S|randomi|\btrial\b|T{4,}")
# Work at the bench, told as if it were a readout.
_BENCH = re.compile(
    r"\b(?:pre ?clini?cal|non ?clinical|in vitro|in vivo|xenograft|mouse|mice|murine|animal models?|models of|cell lines?)\b"
)
_CLINIC = re.compile(
    r"\b(?:phase|patients?|clinical (?:trial|data|study)|participants)\b|(?<!non)(?<!non )(?<!pre)(?<!pre )\bclinical\b"
)
_IN_PATIENTS = re.compile(r"\bphase (?:i|1|2|3)|\bpatients? (?:were|who|treated|received|with)")
_IN_LEAD = re.compile(r"\b(?:trial|phase \S+|study)\b")


class Told(NamedTuple):
    """An event and the sentence that tells it."""

    sentence: Sentence
    event: Event


def main_event(parts: Sequence[Sentence], masked: Mapping[int, str]) -> Told | None:
    """The item's news, or None where no sentence of title and lead tells an event. `masked`: keys by sentence number."""
    title = [p for p in parts if p.part is Part.TITLE]
    lead = [p for p in parts if p.part is Part.BODY and p.number <= LEAD_SENTENCES]
    if title and is_journal(parts):
        return _article(title[0], list(_titled(title, masked)), parts, masked)
    acted = _of_update(title[0], lead, masked) if title else None
    if acted is not None:
        return acted
    firm = next((t for t in _titled(title, masked) if t.event.firm), None)
    if firm is not None and firm.event.type in READOUTS and _at_the_bench(title[0], lead):
        return firm._replace(event=firm.event._replace(type=_T.RESEARCH))
    if firm is not None and firm.event.type is _T.APPROVAL and _is_wider(lead, masked):
        return firm._replace(event=firm.event._replace(type=_T.LABEL_EXPANSION))
    if firm is not None:
        return _directed(firm, _told(lead, masked))
    loose = next(_titled(title, masked), None)
    stronger = next((t for t in _told(lead, masked) if _outdoes(t, loose, masked)), None)
    found = stronger or loose or next(_told(lead, masked), None)
    if found:
        return found
    silent = title and not re.search("[DK]", masked[title[0].number])
    # A title that tells no act: of a cancer it is some finding, else no news of this field.
    kind = _T.RESEARCH if title and "C" in masked[title[0].number] else _T.OTHER
    return _whole(title[0], masked, kind) if silent else None


def _of_update(title: Sentence, lead: Sequence[Sentence], masked: Mapping[int, str]) -> Told | None:
    """The act that the lead tells where the title only says that there is something to say of a review."""
    key = title.keyed.key
    if not ("update" in key or "pending ec" in key) or not _UPDATES.search(key):
        return None
    acts = [t for t in _told(lead, masked, REGULATORY) if t.event.firm]
    return min(acts, key=lambda t: t.event.rank, default=None)


def _is_wider(lead: Sequence[Sentence], masked: Mapping[int, str]) -> bool:
    """Does the sentence that tells the approval again call it one of a wider use?"""
    told = next((t for t in _told(lead[:2], masked, AUTHORISED)), None)
    return told is not None and _WIDER.search(told.sentence.keyed.key) is not None


def _at_the_bench(title: Sentence, lead: Sequence[Sentence]) -> bool:
    """Does the lead say that it is no trial in patients, and the title nothing against it?"""
    if not lead or _CLINIC.search(title.keyed.key):
        return False
    told = " ".join(s.keyed.key for s in lead[:2])
    return bool(_BENCH.search(told)) and not _IN_PATIENTS.search(told)


def _titled(title: Iterable[Sentence], masked: Mapping[int, str]) -> Iterator[Told]:
    return (Told(p, e) for p in title for e in events(masked[p.number], title=True))


def _told(
    sentences: Iterable[Sentence], masked: Mapping[int, str], kinds: Collection[EventType] = EVERY
) -> Iterator[Told]:
    """What sentences that tell of the present say, looked for as it is asked for."""
    return (Told(p, e) for p in sentences if not is_background(p) for e in events(masked[p.number], kinds=kinds))


def is_journal(parts: Sequence[Sentence]) -> bool:
    """A journal's title and abstract rather than news: sections, or a title that ends like a sentence."""
    title = next((p for p in parts if p.part is Part.TITLE), None)
    body = [p for p in parts if p.part is Part.BODY]
    if any(_is_section(p.keyed.key) for p in body[:8]):
        return True
    words = title.text.strip() if title else ""
    return words.endswith(".") and len(words.split()) > 4 and not _ABBREVIATED.search(words)


def _is_section(key: str) -> bool:
    return bool(_SECTION.match(key) or (": " in key and _LATER_SECTION.search(key)))


def _directed(firm: Told, told: Iterable[Told]) -> Told:
    """A readout without direction takes that of the lead; so do data that are shown at a congress."""
    at_congress = firm.event.type is _T.CONFERENCE and _DATA_SHOWN.search(firm.sentence.keyed.key)
    if firm.event.type is _T.TRIAL_UPDATE or at_congress:
        return next((t for t in told if t.event.type in _DIRECTED), firm)
    return firm


def _outdoes(told: Told, loose: Told | None, masked: Mapping[int, str]) -> bool:
    """Does a sentence of the lead say more than a title that says nothing firm?"""
    if not told.event.firm:
        return False
    if loose is None or told.event.type not in READOUTS:
        return True
    sentence = masked[told.sentence.number]
    return "D" in sentence or ("D" in masked[0] and bool(_IN_LEAD.search(sentence)))


def _article(title: Sentence, titled: Sequence[Told], parts: Sequence[Sentence], masked: Mapping[int, str]) -> Told:
    """A trial of a drug is a readout with the direction that title or results give; everything else is research."""
    name = masked[title.number]
    body = [p for p in parts if p.part is Part.BODY]
    whole = " ".join(masked[p.number] for p in (title, *body))
    fallback = _whole(title, masked, _T.RESEARCH)
    first = next((t for t in titled if t.event.firm and t.event.type not in READOUTS), None)
    if first is not None and first.event.type in _OWN_WORDS:
        return first
    if first is not None and first.event.type in AUTHORISED and _PRODUCT.search(name):
        return first
    if first is not None and first.event.type in _BODYS_ACTS and _BODY.search(name):
        return first
    if _DESIGN.search(name):
        return first or fallback
    trial = _TRIAL.search(name) or ("D" in name and _TRIAL.search(whole))
    if (
        not trial
        or (_NO_TRIAL.search(name) and not _SAYS_TRIAL.search(name))
        or not ("D" in whole or _UNNAMED.search(name))
    ):
        return fallback
    if _OBSERVED.search(whole) and not _STUDIED.search(name):
        return fallback
    if _BENCH.search(whole) and not _IN_PATIENTS.search(whole) and not _CLINIC.search(title.keyed.key):
        return fallback
    if _NAMES_DESIGN.search(title.keyed.key) and _is_design(body, whole):
        return fallback._replace(event=fallback.event._replace(type=_T.TRIAL_START))
    directed = [t for t in titled if t.event.type in _DIRECTED]
    directed += [Told(p, e) for p in _results(body) for e in events(masked[p.number], kinds=_DIRECTED)]
    if directed:
        return directed[0]
    if _PLANNED.search(whole) and not _RESULTS.search(whole):
        return fallback._replace(event=fallback.event._replace(type=_T.TRIAL_START))
    return next(
        (t for t in titled if t.event.type is _T.TRIAL_UPDATE),
        fallback._replace(event=fallback.event._replace(type=_T.TRIAL_UPDATE)),
    )


def _is_design(body: Sequence[Sentence], whole: str) -> bool:
    """Does an abstract without sections and results say what a trial is?"""
    shown = _RESULTS.search(whole) or any(_is_section(p.keyed.key) for p in body[:8])
    return bool(_IS_TRIAL.search(whole)) and not shown


def _whole(title: Sentence, masked: Mapping[int, str], kind: EventType) -> Told:
    """What the title as a whole is, where no phrase of it says more."""
    return Told(title, Event(kind, None, 0, max(1, len(masked[title.number].rstrip())), 99, firm=False))


def _results(body: Sequence[Sentence]) -> Sequence[Sentence]:
    """The sentences from the results on; without sections, all but the first."""
    for at, sentence in enumerate(body):
        if re.search(r"\b(?:results|findings|conclusions?) ?:", sentence.keyed.key):
            return body[at:]
    return [] if any(_is_section(p.keyed.key) for p in body[:2]) else body[1:]
