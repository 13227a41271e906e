# SPDX-License-Identifier: MIT
"""Claims: drugs × cancers × event × body that the text binds; the news first, then what is told besides."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from alerts.facts import details
from alerts.facts.acting import held_by, hold_beside
from alerts.facts.besides import besides, hold, of_company, reviewed, seconds
from alerts.facts.bound import ids_of, narrowest, of_first, with_listed
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.events import READOUTS, REGULATORY, event_date
from alerts.facts.news import LEAD_SENTENCES
from alerts.facts.pairing import pairs
from alerts.facts.prepare import Part, Sentence
from alerts.facts.reading import Reading
from alerts.facts.roles import is_background
from alerts.model import Claim, DrugFact, EventType, IndicationFact, RegulatorFact, Role

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
        indications=with_listed(reading, tree, kind, named),
        biomarkers=ids_of(f for f in reading.found if f.hit.kind == "biomarker" and f.sentence.number <= 2),
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
    first = told or [of_first(reading, tree, news)]
    first = [one for claim in first for one in _each_body(claim, together)]
    if held:
        first = [of_company(first[0], held), *first[1:], hold(reading, tree, news, held)]
    more = [*seconds(reading, tree, news), *reviewed(reading, news), *besides(reading, tree, news)]
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


def _each_body(claim: Claim, together: Sequence[str]) -> list[Claim]:
    """Bodies that act as one have each told the news; the one of the claim stands first."""
    rest = [b for b in together if b != claim.regulator] if claim.regulator in together else []
    return [claim, *(claim.model_copy(update={"regulator": body}) for body in rest)]


def _body(reading: Reading, kind: EventType, acting: Sequence[str]) -> str | None:
    """The body of the news. A readout has none; a stopped trial only one that its own sentence names (a hold)."""
    if kind is EventType.TRIAL_STOPPED and reading.main:
        here = {f.hit.id for f in reading.found if f.hit.kind == "body" and f.sentence is reading.main.sentence}
        named = reading.names("body")  # one that its land tells acts where the land stands
        acting = [b for b in acting if b in here or b not in named] or list(filter(None, [held_by(reading)]))
    return acting[0] if acting and kind not in READOUTS else None


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
