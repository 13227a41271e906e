# SPDX-License-Identifier: MIT
"""Claims: drugs × cancers × event × body that the text binds; the news first, then what is told besides."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType

from alerts.facts import details
from alerts.facts.acting import Hold, body_of_land, held_by, hold_beside
from alerts.facts.clauses import Second
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.events import READOUTS, REGULATORY, Event, event_date
from alerts.facts.news import LEAD_SENTENCES
from alerts.facts.pairing import cancers_of, pairs
from alerts.facts.prepare import Part, Sentence
from alerts.facts.reading import Found, Reading
from alerts.facts.roles import is_background, is_digest, is_further
from alerts.facts.subjects import BROAD, side_by_side
from alerts.model import Claim, DrugFact, EventType, IndicationFact, RegulatorFact, Role

_OF_INDICATIONS = REGULATORY - {EventType.SAFETY, EventType.WITHDRAWAL}
LISTING_SENTENCES = 2  # of the summary: what an act is for
_LISTS = re.compile(r"(?: \([^()]{1,12}\))?(?:,? (?:and|or)(?: \w+)? |, (?:\w+ )?)")
_ENDS = re.compile(r" or ")
DIGEST_SENTENCES = 8  # of the summary: so far goes a list
_GRANTED = {EventType.APPROVAL, EventType.LABEL_EXPANSION}
# Without a body of its own, a sentence of a list tells the act of the one that the list is of.
_SAME_BODY = {
    EventType.OPINION_POSITIVE: _GRANTED,
    EventType.ACCESS: {*_GRANTED, EventType.OPINION_POSITIVE, EventType.REJECTION},
}
_PAID = re.compile(
    r"\b(?:available|list(?:ed|ing)|added|subsidi[sz]ed|funded|reimbursed|covered|recommend(?:s|ed)?|accept(?:s|ed))\b"
)
_BOUND = {"drug", "body", "indication"}
# An application is accepted, and a faster review is given in words of its own ("accepted for priority review" is one act).
_BOTH = {
    (EventType.DESIGNATION, "priority_review"): (EventType.FILING_STATUS, None),
    (EventType.FILING_STATUS, None): (EventType.DESIGNATION, "priority_review"),
}
_ACCEPTED = re.compile(
    r"\bpassed the filing\b|\bacceptance (?:and priority review )?of\b|\b(?:accept\w*|fil(?:ed|es)|takes?|took|valid\w+)\b(?: \S+){0,14}? (?:application|nda|snda|bla|sbla|filing|submission)s?\b"
    r"|\b(?:application|nda|snda|bla|sbla|filing|submission)s?\b(?: \S+){0,14}? (?:(?:was|were|is|has been|been) )?(?:accepted|taken|validated)\b"
)
_GIVEN = re.compile(
    r"\b(?:grant|assign|award|giv|gave|g[eo]ts?|receiv|hand|bestow|gains?|w[io]n)\w*\b(?: (?!accept|for\b)\S+){0,4}? priority review\b|\bpriority review (?:was|were|is|has been|status)?\s?(?:also )?(?:granted|assigned|awarded|given)\b|\bwith (?:a )?priority review\b|\bacceptance and priority review\b"
)
_DECIDED = re.compile(
    r"\b(?:reached|made|took|announced|dated?) (?:\w+ ){0,2}(?:decision|approval|authori[sz]ation)\b"
    r"|\b(?:decision|approval|authori[sz]ation|verdict|vote)s? (?:was|were|came|has been) (?:\w+ )?(?:made|taken|issued|given|on)\b"
    r"|\b(?:decided|ruled|said yes|said no)\b|\d (?:\w+ ){0,2}meeting of the\b|\btodays (?:action|decision|approval|ruling|vote)\b"
)


def claims(
    reading: Reading,
    tree: VocabularyConcepts,
    drugs: Sequence[DrugFact],
    cancers: Sequence[IndicationFact],
    bodies: Sequence[RegulatorFact],
    together: Sequence[str] = (),
) -> tuple[Claim, ...]:
    """The news claim, further news, background; at least one. `together`: bodies that act as one in the news."""
    acting = [b.id for b in bodies if b.role is Role.PRIMARY]
    event = reading.main.event if reading.main else None
    kind = event.type if event else EventType.UNKNOWN
    named = narrowest(tree, (c.id for c in cancers if c.role is Role.PRIMARY), reading.names("indication"))
    news = Claim.of(
        drugs=tuple(d.id for d in drugs if d.role is Role.PRIMARY),
        indications=_with_listed(reading, tree, kind, named),
        biomarkers=_ids(f for f in reading.found if f.hit.kind == "biomarker" and f.sentence.number <= 2),
        event=kind,
        status=event.status if event else None,
        regulator=_body(reading, kind, acting),
        setting=details.setting_words(reading.parts),
        event_date=_event_day(reading),
        evidence=tuple(reading.whole(s) for s in _evidence(reading)),
    )
    told = [
        news.model_copy(update={"drugs": pair.drugs, "indications": pair.cancers})
        for pair in (pairs(reading, news.drugs, news.indications) if kind in READOUTS | REGULATORY else ())
    ]
    held = hold_beside(reading)
    first = told or [_of_first(reading, tree, news)]
    first = [one for claim in first for one in _each_body(claim, together)]
    if held:
        first = [_of_company(first[0], held), *first[1:], _held(reading, tree, news, held)]
    more = [*_seconds(reading, tree, news), *_reviewed(reading, news), *_besides(reading, tree, news)]
    return (*first, *_new(more, first))


def _new(more: Iterable[Claim], first: Sequence[Claim]) -> list[Claim]:
    """Each act of a drug and a body once: what is told first of it stays."""
    seen = {(c.drugs, c.event, c.regulator, c.foreground): c.indications for c in first}
    made = []
    for claim in more:
        key = (claim.drugs, claim.event, claim.regulator, claim.foreground)
        if key not in seen or (claim.indications and not set(claim.indications) & set(seen[key])):
            seen[key] = claim.indications
            made.append(claim)
    return made


def _of_first(reading: Reading, tree: VocabularyConcepts, news: Claim) -> Claim:
    """Where the title tells a second news, or announces a list: the first with the cancers that are named with it."""
    told = reading.seconds.get(0)
    if told is None:
        cancers = _of_list(reading, tree, news)
        return news.model_copy(update={"indications": cancers}) if cancers else news
    before = [f for f in reading.found if f.sentence.number == 0 and f.hit.start < told.start]
    cancers = _related(tree, news.indications, {f.hit.id for f in before if f.hit.kind == "indication"})
    cancers = cancers or _of_lead(reading, tree, told) or cancers_of(reading, news.drugs, news.indications)
    return news.model_copy(update={"indications": cancers})


def _of_lead(reading: Reading, tree: VocabularyConcepts, told: Second) -> tuple[str, ...]:
    """Where the title names cancers with its second news only: those that the first sentence of the lead adds."""
    cancers = [f for f in reading.found if f.hit.kind == "indication" and f.sentence.number <= 1]
    others = {f.hit.id for f in cancers if f.sentence.number == 0 and f.hit.start >= told.start}
    named = _ids(f for f in cancers if f.sentence.number == 1 and f.subject)
    return narrowest(tree, (c for c in named if c not in others)) if others else ()


def _each_body(claim: Claim, together: Sequence[str]) -> list[Claim]:
    """Bodies that act as one have each told the news; the one of the claim stands first."""
    rest = [b for b in together if b != claim.regulator] if claim.regulator in together else []
    return [claim, *(claim.model_copy(update={"regulator": body}) for body in rest)]


def _of_company(claim: Claim, held: Hold) -> Claim:
    """The stop is the company's own: the body of the hold is none of its."""
    return claim.model_copy(update={"regulator": None}) if claim.regulator == held.body else claim


def _held(reading: Reading, tree: VocabularyConcepts, news: Claim, held: Hold) -> Claim:
    """The hold, of the drugs and cancers that its clause names."""
    here = [f for f in reading.found if f.sentence is held.sentence and held.start <= f.hit.start < held.end]
    drugs, cancers = (_ids(f for f in here if f.hit.kind == kind) for kind in ("drug", "indication"))
    return Claim.of(
        drugs=drugs or news.drugs,
        indications=narrowest(tree, cancers) or news.indications,
        event=EventType.TRIAL_STOPPED,
        regulator=held.body,
        evidence=(reading.whole(held.sentence),),
    )


def _of_list(reading: Reading, tree: VocabularyConcepts, news: Claim) -> tuple[str, ...]:
    """In a digest: the cancers of the sentence that names the first drug."""
    first = next((f for f in reading.found if f.hit.kind == "drug" and f.hit.id in news.drugs), None)
    if first is None or first.titled or not is_digest(reading.parts[0].keyed.key):
        return ()
    here = [f for f in reading.found if f.sentence is first.sentence and f.hit.kind == "indication"]
    return narrowest(tree, _ids(here))


def _related(tree: VocabularyConcepts, ids: Iterable[str], named: Collection[str]) -> tuple[str, ...]:
    """Those of the cancers that are named, or are kinds of what is named."""
    return tuple(i for i in ids if i in named or tree.ancestors(i) & set(named))


def _seconds(reading: Reading, tree: VocabularyConcepts, news: Claim) -> list[Claim]:
    """The second news that title or first sentence tells in a clause of its own."""
    made = []
    for number, told in reading.seconds.items():
        here = [f for f in reading.found if f.sentence.number == number and told.start <= f.hit.start < told.end]
        if not here:
            continue
        drugs, named, bodies = (_ids(f for f in here if f.hit.kind == kind) for kind in ("drug", "indication", "body"))
        cancers = _related(tree, news.indications, named) or narrowest(tree, named)
        kind = told.event.type
        land = body_of_land(here[0].sentence.keyed.key[told.start : told.end], kind)
        body = next(iter(bodies), land or news.regulator) if kind in REGULATORY else None
        made.append(
            Claim.of(
                drugs=drugs or news.drugs,
                indications=cancers or cancers_of(reading, drugs or news.drugs, news.indications),
                event=kind,
                status=told.event.status,
                regulator=body,
                foreground=True,
                evidence=(reading.whole(here[0].sentence),),
            )
        )
    return made


def _reviewed(reading: Reading, news: Claim) -> list[Claim]:
    """An application that is accepted and given priority review: both are news."""
    other = _BOTH.get((news.event, news.status if news.event is EventType.DESIGNATION else None))
    if other is None:
        return []
    lead = [p for p in reading.parts if p.part is not Part.BOILERPLATE and p.number <= 2 and not is_background(p)]
    keys = " ".join(p.keyed.key for p in lead)
    if not (_GIVEN.search(keys) and _ACCEPTED.search(keys)):
        return []
    kind, status = other
    return [news.model_copy(update={"event": kind, "status": status})]


def _body(reading: Reading, kind: EventType, acting: Sequence[str]) -> str | None:
    """The body of the news. A readout has none; a stopped trial only one that its own sentence names (a hold)."""
    if kind is EventType.TRIAL_STOPPED and reading.main:
        here = {f.hit.id for f in reading.found if f.hit.kind == "body" and f.sentence is reading.main.sentence}
        named = reading.names("body")  # one that its land tells acts where the land stands
        acting = [b for b in acting if b in here or b not in named] or list(filter(None, [held_by(reading)]))
    return acting[0] if acting and kind not in READOUTS else None


def narrowest(
    tree: VocabularyConcepts, ids: Iterable[str], places: Mapping[str, Sequence[Found]] = MappingProxyType({})
) -> tuple[str, ...]:
    """Without a cancer that others of the claim are kinds of ("NETs, pancreatic as well as extra-pancreatic"), unless the
    places where they are named say that both are meant ("gastric and gastroesophageal junction cancers")."""
    left = list(ids)

    def told_by(broad: str, narrow: str) -> bool:
        below = broad != narrow and broad in tree.ancestors(narrow)
        return below and not side_by_side(places.get(broad, ()), places.get(narrow, ()))

    for one in list(left):
        if any(told_by(one, other) for other in left):
            left.remove(one)
    return tuple(left)


def _with_listed(
    reading: Reading, tree: VocabularyConcepts, kind: EventType, cancers: tuple[str, ...]
) -> tuple[str, ...]:
    """With those that an indication lists beside one of them: "ovarian, fallopian tube or primary peritoneal cancer"."""
    if kind not in _OF_INDICATIONS:
        return cancers
    near = {*cancers, *(a for c in cancers for a in tree.ancestors(c))} - BROAD
    for sentence in reading.parts[: LISTING_SENTENCES + 1]:
        here = [f for f in reading.found if f.sentence is sentence and f.hit.kind == "indication" and f.subject]
        for run in _runs(sentence.keyed.key, here):
            ids = {f.hit.id for f in run}
            akin = near & ids or {i for i in ids if set(cancers) & tree.ancestors(i)}
            if len(ids) > 1 and akin and sentence.part is Part.BODY and not is_background(sentence):
                return tuple(dict.fromkeys((*cancers, *(f.hit.id for f in run if f.hit.id not in near))))
    return cancers


def _runs(key: str, here: Sequence[Found]) -> list[list[Found]]:
    """Names that follow each other in one list with an "or"."""
    runs: list[list[Found]] = []
    for place in here:
        if runs and _LISTS.fullmatch(key[runs[-1][-1].hit.end : place.hit.start]):
            runs[-1].append(place)
        else:
            runs.append([place])
    return [run for run in runs if _ENDS.search(key[run[0].hit.end : run[-1].hit.start])]


def _ids(places: Iterable[Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.hit.id for p in places))


def _evidence(reading: Reading) -> list[Sentence]:
    """The event's sentence, and the first of the body that tells the same event."""
    main = reading.main
    if main is None:
        return []
    body = [p for p in reading.parts if p.part is Part.BODY and p is not main.sentence]
    again = next((s for s in body[: LEAD_SENTENCES + 2] if reading.tells(s, main.event.type)), None)
    return [main.sentence, *([again] if again else [])]


def _event_day(reading: Reading) -> date | None:
    """The day given in a lead sentence that tells the event; a byline's date stands alone and tells nothing."""
    main = reading.main
    if main is None:
        return None
    for sentence in (s for s in reading.parts[: LEAD_SENTENCES + 2] if s.digits):
        day = event_date(sentence.keyed.key, reading.item.published)
        published = reading.item.published
        if day and published and day > published.date() + timedelta(days=1):
            continue  # what is due that day has not happened yet
        told_before = day and is_background(sentence) and not sentence.keyed.key.startswith("since ")
        if day is None or told_before:
            continue
        decided = main.event.type in REGULATORY and _DECIDED.search(sentence.keyed.key)
        if sentence is main.sentence or decided or reading.tells(sentence, main.event.type):
            return day
    return None


def _besides(reading: Reading, tree: VocabularyConcepts, news: Claim) -> list[Claim]:
    """Acts in other sentences: further news where the sentence adds it, else background."""
    made = []
    by_number: dict[int, list[Found]] = {}
    for one in reading.found:
        if one.hit.kind in _BOUND and one.sentence.part is Part.BODY:
            by_number.setdefault(one.sentence.number, []).append(one)
    for here in by_number.values():
        if {f.hit.kind for f in here} & {"drug", "body"}:
            made += _acts(reading, tree, news, here[0].sentence, here)
    return made


def _acts(
    reading: Reading, tree: VocabularyConcepts, news: Claim, sentence: Sentence, here: list[Found]
) -> list[Claim]:
    event = next((e for e in reading.events(sentence, REGULATORY) if e.firm), None)
    if event is None and news.event is EventType.ACCESS and _PAID.search(sentence.keyed.key):
        event = Event(news.event, None, 0, 0, 0, firm=True)  # a list goes on: "X becomes available for …"
    claim = _act(reading, tree, news, sentence, event, here) if event else None
    return [claim] if claim else []


def _act(
    reading: Reading, tree: VocabularyConcepts, news: Claim, sentence: Sentence, event: Event, here: list[Found]
) -> Claim | None:
    drugs = _ids(f for f in here if f.hit.kind == "drug" and f.subject)
    bodies = _ids(f for f in here if f.hit.kind == "body")
    cancers = narrowest(tree, _ids(f for f in here if f.hit.kind == "indication"))
    past = is_background(sentence)
    other = [b for b in bodies if b != news.regulator]
    listed = _is_listed(reading, news, sentence, drugs, cancers)
    further = not past and (
        listed
        or (
            is_further(sentence.keyed.key)
            and sentence.number <= LEAD_SENTENCES
            and news.event in REGULATORY
            and (event.type is not news.event or (drugs and set(drugs) != set(news.drugs)))
            and bool(bodies or drugs)
        )
    )
    if not further and not (drugs and other and (past or news.regulator)):
        return None
    kind = event.type
    if listed and not bodies and kind in _SAME_BODY.get(news.event, ()):
        kind = news.event  # "it also backed the authorisation of …"
    return Claim.of(
        drugs=drugs or news.drugs,
        indications=cancers or (news.indications if further else ()),
        event=kind,
        status=event.status,
        regulator=(bodies[0] if bodies else news.regulator) if further else other[0],
        foreground=further,
        evidence=(reading.whole(sentence),),
    )


def _is_listed(reading: Reading, news: Claim, sentence: Sentence, drugs: Sequence[str], cancers: Sequence[str]) -> bool:
    """One of several acts that a digest lists: its title names no drug, the sentence one of its own and its cancer."""
    titled = any(f.hit.kind == "drug" and f.titled for f in reading.found)
    lists = not titled and news.event in REGULATORY and sentence.number <= DIGEST_SENTENCES
    return lists and bool(drugs and cancers) and not set(drugs) & set(news.drugs)
