# SPDX-License-Identifier: MIT
"""Claims: drugs × cancers × event × body that the text binds; the news first, then what is told besides."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from alerts.facts import details
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.events import READOUTS, REGULATORY, Event, event_date
from alerts.facts.news import LEAD_SENTENCES
from alerts.facts.pairing import pairs
from alerts.facts.prepare import Part, Sentence
from alerts.facts.reading import Found, Reading
from alerts.facts.roles import is_background, is_further
from alerts.facts.subjects import side_by_side
from alerts.model import Claim, DrugFact, EventType, IndicationFact, RegulatorFact, Role

_BOUND = {"drug", "body", "indication"}
_DECIDED = re.compile(
    r"\b(?:reached|made|took|announced|dated?) (?:\w+ ){0,2}(?:decision|approval|authori[sz]ation)\b"
    r"|\b(?:decision|approval|authori[sz]ation|verdict|vote)s? (?:was|were|came|has been) (?:\w+ )?(?:made|taken|issued|given|on)\b"
    r"|\b(?:decided|ruled|said yes|said no)\b"
)


def claims(
    reading: Reading,
    tree: VocabularyConcepts,
    drugs: Sequence[DrugFact],
    cancers: Sequence[IndicationFact],
    bodies: Sequence[RegulatorFact],
) -> tuple[Claim, ...]:
    """The news claim, further news, background; at least one."""
    acting = [b.id for b in bodies if b.role is Role.PRIMARY]
    event = reading.main.event if reading.main else None
    kind = event.type if event else EventType.UNKNOWN
    news = Claim.of(
        drugs=tuple(d.id for d in drugs if d.role is Role.PRIMARY),
        indications=narrowest(tree, (c.id for c in cancers if c.role is Role.PRIMARY), reading.names("indication")),
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
    return (*(told or [news]), *_besides(reading, tree, news))


def _body(reading: Reading, kind: EventType, acting: Sequence[str]) -> str | None:
    """The body of the news. A readout has none; a stopped trial only one that its own sentence names (a hold)."""
    if kind is EventType.TRIAL_STOPPED and reading.main:
        here = {f.hit.id for f in reading.found if f.hit.kind == "body" and f.sentence is reading.main.sentence}
        acting = [body for body in acting if body in here]
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
        told_before = is_background(sentence) and not sentence.keyed.key.startswith("since ")
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
    further = (
        not past
        and is_further(sentence.keyed.key)
        and sentence.number <= LEAD_SENTENCES
        and news.event in REGULATORY
        and (event.type is not news.event or (drugs and set(drugs) != set(news.drugs)))
        and bool(bodies or drugs)
    )
    if not further and not (drugs and other and (past or news.regulator)):
        return None
    return Claim.of(
        drugs=drugs or news.drugs,
        indications=cancers or (news.indications if further else ()),
        event=event.type,
        status=event.status,
        regulator=(bodies[0] if bodies else news.regulator) if further else other[0],
        foreground=further,
        evidence=(reading.whole(sentence),),
    )
