# SPDX-License-Identifier: MIT
"""Claims beside the first: a second news of title or lead, a hold, a faster review, what a list goes on with, what was told before."""

import re
from collections.abc import Sequence

from alerts.facts.acting import Hold, body_of_land
from alerts.facts.bound import ids_of, narrowest, related
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.events import AUTHORISED, REGULATORY, Event
from alerts.facts.news import LEAD_SENTENCES
from alerts.facts.pairing import cancers_of
from alerts.facts.prepare import Part, Sentence
from alerts.facts.reading import Found, Reading
from alerts.facts.roles import is_background, is_further
from alerts.model import Claim, EventType

DIGEST_SENTENCES = 8  # of the summary: so far goes a list
# Without a body of its own, a sentence of a list tells the act of the one that the list is of.
_SAME_BODY = {
    EventType.OPINION_POSITIVE: AUTHORISED,
    EventType.ACCESS: {*AUTHORISED, EventType.OPINION_POSITIVE, EventType.REJECTION},
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


def seconds(reading: Reading, tree: VocabularyConcepts, news: Claim) -> list[Claim]:
    """The second news that title or first sentence tells in a clause of its own."""
    made = []
    for number, told in reading.seconds.items():
        here = reading.within(number, told.start, told.end)
        if not here:
            continue
        drugs, named, bodies = (
            ids_of(f for f in here if f.hit.kind == kind) for kind in ("drug", "indication", "body")
        )
        cancers = related(tree, news.indications, named) or narrowest(tree, named)
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


def of_company(claim: Claim, held: Hold) -> Claim:
    """The stop is the company's own: the body of the hold is none of its."""
    return claim.model_copy(update={"regulator": None}) if claim.regulator == held.body else claim


def hold(reading: Reading, tree: VocabularyConcepts, news: Claim, held: Hold) -> Claim:
    """The hold, of the drugs and cancers that its clause names."""
    here = reading.within(held.sentence.number, held.start, held.end)
    drugs, cancers = (ids_of(f for f in here if f.hit.kind == kind) for kind in ("drug", "indication"))
    return Claim.of(
        drugs=drugs or news.drugs,
        indications=narrowest(tree, cancers) or news.indications,
        event=EventType.TRIAL_STOPPED,
        regulator=held.body,
        evidence=(reading.whole(held.sentence),),
    )


def reviewed(reading: Reading, news: Claim) -> list[Claim]:
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


def besides(reading: Reading, tree: VocabularyConcepts, news: Claim) -> list[Claim]:
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
    drugs = ids_of(f for f in here if f.hit.kind == "drug" and f.subject)
    bodies = ids_of(f for f in here if f.hit.kind == "body")
    cancers = narrowest(tree, ids_of(f for f in here if f.hit.kind == "indication"))
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
