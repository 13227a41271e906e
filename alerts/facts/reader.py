# SPDX-License-Identifier: MIT
"""From title and summary to bound facts. Pure: the same text gives the same facts."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from alerts.facts import details, events
from alerts.facts.concepts import CANCER, VocabularyConcepts, concepts
from alerts.facts.events import Event
from alerts.facts.matcher import Hit, Matcher
from alerts.facts.novel import novel_drugs
from alerts.facts.prepare import Part, Sentence, sentences
from alerts.facts.roles import is_background, is_subject
from alerts.facts.vocabulary import Vocabulary, load
from alerts.model import (
    BiomarkerFact,
    Claim,
    DrugFact,
    EventFact,
    EventType,
    Facts,
    IndicationFact,
    Mention,
    NewsItem,
    RegulatorFact,
    Role,
)

EXTRACTOR_VERSION = "2026.11.1"
LEAD_SENTENCES = 3  # of the summary: news stands there, the rest is background
ACTING_KINDS = {"regulator", "hta", "guideline"}
_CANCER_WORDS = re.compile(
    r"cancer|oncolog|tumou?r|leuk|lymphom|myelom|carcinom|sarcom|melanom|metasta|glioma|glioblast|blastoma|neoplas|malignan|chemother|car t\b"
)
_DESCRIBED = re.compile(
    r" (?:pill|drug|medicine|treatment|therapy|antibody|blockbuster|medication)s?\b(?! (?:wins|gets|for|fails|meets))"
)
_CORPORATE = {EventType.CORPORATE, EventType.CONFERENCE}


_ACTS = {
    EventType.APPROVAL,
    EventType.LABEL_EXPANSION,
    EventType.REJECTION,
    EventType.FILING_STATUS,
    EventType.DESIGNATION,
}
# Body, the acts that its land's name stands for, the land.
_LANDS = tuple(
    (body, acts, re.compile(rf"\b(?:{land})\b"))
    for body, acts, land in (
        ("org:EC", {EventType.APPROVAL, EventType.LABEL_EXPANSION}, "eu|european union|europe|european"),
        ("org:EMA", {EventType.OPINION_POSITIVE, EventType.FILING_STATUS}, "eu|european union|europe|european"),
        ("org:FDA", _ACTS, r"u\.s\.?|us|usa|united states|pdufa|bla|sbla|nda|snda"),
        ("org:NMPA", _ACTS, "china|chinese"),
        ("org:PMDA", _ACTS, "japan|japanese"),
        ("org:MHRA", _ACTS, "uk|britain|british"),
        ("org:HC", _ACTS, "canada|canadian"),
    )
)


class Found(NamedTuple):
    """A concept in the item: where it stands, and whether any of its places makes it a subject."""

    hit: Hit
    sentence: Sentence
    subject: bool
    mention: Mention


class Reader:
    """Reads items against one vocabulary. Made once per process; safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, tree: VocabularyConcepts) -> None:
        self._vocabulary = vocabulary
        self._tree = tree
        self._matcher = Matcher(vocabulary)

    def read(self, item: NewsItem) -> Facts:
        """Facts of an item; empty lists where the text does not say, never a guess."""
        parts = sentences(item)
        whole = " ".join(s.keyed.key for s in parts)
        found = self._found(item, parts, whole)
        told = [(s, e) for s in parts if s.part is not Part.BOILERPLATE for e in events.events(s.keyed.key)[:1]]
        main = _main_event(told)
        drugs = self._drugs(item, found, parts, main)
        cancers = self._cancers(found)
        bodies = self._bodies(item, found, main)
        claims = _claims(item, drugs, cancers, bodies, main, found, parts)
        event = _event_fact(item, main)
        lead = next((c for c in claims if c.foreground), claims[0])
        return Facts(
            relevant=_relevant(parts, drugs, cancers, event.type),
            language=details.language(whole),
            drugs=drugs,
            indications=cancers,
            biomarkers=self._biomarkers(found),
            event=event,
            regulators=bodies,
            trials=details.trials(item, parts, self._vocabulary),
            setting=details.setting(whole),
            companies=tuple(dict.fromkeys(f.hit.id for f in found if f.hit.kind == "company")),
            event_date=lead.event_date,
            claims=claims,
            results=details.results(item, parts),
            flags=details.flags(item),
            extractor_version=EXTRACTOR_VERSION,
        )

    def _found(self, item: NewsItem, parts: list[Sentence], whole: str) -> list[Found]:
        made: list[Found] = []
        earlier: list[tuple[int, int, bool]] = []
        last = -1
        for hit in self._matcher.hits(parts, whole):
            sentence = parts[hit.sentence]
            if hit.sentence != last:
                earlier, last = [], hit.sentence
            subject = sentence.part is not Part.BOILERPLATE
            if hit.kind == "drug":
                subject = subject and is_subject(sentence.keyed.key, hit.start, earlier)
                earlier.append((hit.start, hit.end, subject))
            source = item.title if sentence.field == "title" else item.summary
            made.append(Found(hit, sentence, subject, sentence.mention(hit.start, hit.end, source)))
        return made

    def _drugs(
        self, item: NewsItem, found: Sequence[Found], parts: list[Sentence], main: tuple[Sentence, Event] | None
    ) -> tuple[DrugFact, ...]:
        by_id = _by_id(found, "drug")
        primary = _primary_drugs(by_id, main)
        facts = [self._drug(drug_id, places, drug_id in primary) for drug_id, places in by_id.items()]
        taken = [m for fact in facts for m in fact.mentions]
        return (*facts, *novel_drugs(item, parts, taken, self._vocabulary, any_primary=bool(primary)))

    def _drug(self, drug_id: str, places: list[Found], primary: bool) -> DrugFact:
        drug = self._vocabulary.drugs[drug_id]
        names = {place.mention.text.strip("®™").lower() for place in places}
        brand = next((b for b in drug.brands if b.lower() in names), drug.brands[0] if drug.brands else None)
        return DrugFact(
            id=drug_id,
            name=drug.name,
            role=Role.PRIMARY if primary else Role.MENTIONED,
            classes=drug.classes,
            targets=drug.targets,
            brand=brand,
            tier=drug.tier,
            mentions=tuple(place.mention for place in places),
        )

    def _cancers(self, found: Sequence[Found]) -> tuple[IndicationFact, ...]:
        by_id = _by_id(found, "indication")
        primary = self._primary_cancers(by_id)
        kept = {i: p for i, p in by_id.items() if i != CANCER or len(by_id) == 1}
        return tuple(
            IndicationFact(
                id=concept,
                name=self._vocabulary.indications[concept].name,
                oncotree=self._vocabulary.indications[concept].oncotree,
                role=Role.PRIMARY if concept in primary else Role.MENTIONED,
                mentions=tuple(place.mention for place in places),
            )
            for concept, places in kept.items()
        )

    def _primary_cancers(self, by_id: dict[str, list[Found]]) -> set[str]:
        """Those of the title, made narrower by what the lead says of them; without any, those of the lead."""
        titled = {c for c, places in by_id.items() if any(p.sentence.number == 0 for p in places) and c != CANCER}
        told = {c for c in titled if not all(_describes_drug(p) for p in by_id[c] if p.sentence.number == 0)}
        titled = told or titled
        leading = _first_named(by_id, LEAD_SENTENCES) - {CANCER}
        if not titled:
            first = _first_named(by_id, 1) - {CANCER} or leading
            titled = first
        narrower = {c for c in leading if any(t != c and t in self._tree.ancestors(c) for t in titled)}
        primary = titled | narrower
        for broad in list(primary):
            below = [c for c in primary if c != broad and broad in self._tree.ancestors(c)]
            if len(below) == 1:
                primary.discard(broad)  # "lung cancer … NSCLC": the narrowest that the text supports
        return primary or ({CANCER} & set(by_id))

    def _bodies(
        self, item: NewsItem, found: Sequence[Found], main: tuple[Sentence, Event] | None
    ) -> tuple[RegulatorFact, ...]:
        """Primary: named in the title or beside the event of a regulatory act; everything else is mentioned."""
        facts = []
        for body_id, places in _by_id(found, "body").items():
            body = self._vocabulary.bodies[body_id]
            if body.kind not in ACTING_KINDS:
                continue
            acts = main is not None and (main[1].type in events.REGULATORY or main[1].type is EventType.TRIAL_START)
            near = any(p.sentence.number == 0 or (main is not None and p.sentence is main[0]) for p in places)
            first = any(
                not is_background(p.sentence.keyed.key) and (p.sentence.number <= 2 or _same_event(p.sentence, main))
                for p in places
            )
            role = Role.PRIMARY if near or (acts and first) else Role.MENTIONED
            facts.append(
                RegulatorFact(id=body_id, name=body.short, role=role, mentions=tuple(p.mention for p in places))
            )
        if main is not None and not any(f.role is Role.PRIMARY for f in facts):
            facts += self._body_of_the_land(item, main)
        return tuple({f.id: f for f in facts}.values())

    def _body_of_the_land(self, item: NewsItem, main: tuple[Sentence, Event]) -> list[RegulatorFact]:
        """A country's approval without a named body is its body's ("EU approval": the European Commission)."""
        sentence, event = main
        for body_id, acts, pattern in _LANDS:
            hit = pattern.search(sentence.keyed.key) if event.type in acts else None
            if hit:
                source = item.title if sentence.field == "title" else item.summary
                mention = sentence.mention(hit.start(), hit.end(), source)
                name = self._vocabulary.bodies[body_id].short
                return [RegulatorFact(id=body_id, name=name, role=Role.PRIMARY, mentions=(mention,))]
        return []

    def _biomarkers(self, found: Sequence[Found]) -> tuple[BiomarkerFact, ...]:
        return tuple(
            BiomarkerFact(
                id=marker,
                name=self._vocabulary.biomarkers[marker].name,
                status=details.biomarker_status([p.sentence.keyed.key[p.hit.start : p.hit.end + 14] for p in places]),
                mentions=tuple(p.mention for p in places),
            )
            for marker, places in _by_id(found, "biomarker").items()
        )


def _same_event(sentence: Sentence, main: tuple[Sentence, Event] | None) -> bool:
    return main is not None and sentence.number <= LEAD_SENTENCES + 2 and _tells(sentence, main[1].type)


def _by_id(found: Sequence[Found], kind: str) -> dict[str, list[Found]]:
    table: dict[str, list[Found]] = {}
    for one in found:
        if one.hit.kind == kind:
            table.setdefault(one.hit.id, []).append(one)
    return table


def _describes_drug(place: Found) -> bool:
    """ "kidney-cancer pill X wins approval for Y": the first cancer says what X is known for."""
    return bool(_DESCRIBED.match(place.sentence.keyed.key[place.hit.end :]))


def _first_named(by_id: dict[str, list[Found]], limit: int) -> set[str]:
    """Concepts of the first `limit` body sentences that name any of the kind."""
    numbers = sorted({p.sentence.number for places in by_id.values() for p in places if p.sentence.part is Part.BODY})[
        :limit
    ]
    return {
        c
        for c, places in by_id.items()
        if any(p.sentence.number in numbers and p.sentence.part is Part.BODY for p in places)
    }


def _main_event(told: list[tuple[Sentence, Event]]) -> tuple[Sentence, Event] | None:
    """The title outranks the summary; research or company words in it give way to an act or readout told in the lead."""
    vague = {EventType.RESEARCH, EventType.CORPORATE, EventType.DEAL, EventType.CONFERENCE, EventType.TRIAL_UPDATE}
    titled = next((t for t in told if t[0].number == 0), None)
    lead = [t for t in told if 0 < t[0].number <= LEAD_SENTENCES and not is_background(t[0].keyed.key)]
    best = min(lead, key=lambda t: t[1].rank, default=None)
    if titled is None:
        return best
    if (
        titled[1].type in vague
        and best is not None
        and best[1].type not in vague
        and titled[1].type is not EventType.DEAL
    ):
        return best
    return titled


def _primary_drugs(by_id: dict[str, list[Found]], main: tuple[Sentence, Event] | None) -> set[str]:
    """Subjects of the title; without any, subjects of the event's sentence; without any, of the first that names a drug."""
    titled = {d for d, places in by_id.items() if any(p.subject and p.sentence.number == 0 for p in places)}
    if titled:
        return titled | _partners(by_id, titled)
    if main is not None:
        beside = {d for d, places in by_id.items() if any(p.subject and p.sentence is main[0] for p in places)}
        if beside:
            return beside
    numbers = sorted({p.sentence.number for places in by_id.values() for p in places if p.subject})
    return (
        {d for d, places in by_id.items() if any(p.subject and p.sentence.number == numbers[0] for p in places)}
        if numbers
        else set()
    )


def _partners(by_id: dict[str, list[Found]], titled: set[str]) -> set[str]:
    """Named parts of the regimen that the lead adds to the title's drugs ("X plus Y")."""
    places = [p for ps in by_id.values() for p in ps if 0 < p.sentence.number <= 2]
    partners = set()
    for a in places:
        for b in places:
            if a.hit.id in titled and b.subject and b.sentence is a.sentence and b.hit.start > a.hit.end:
                between = a.sentence.keyed.key[a.hit.end : b.hit.start]
                if (
                    len(between) < 60
                    and re.search(r"plus|\+|in combination with|combined with", between)
                    and not re.search(r"versus|compared|\bvs\b", between)
                ):
                    partners.add(b.hit.id)
    return partners


def _event_fact(item: NewsItem, main: tuple[Sentence, Event] | None) -> EventFact:
    if main is None:
        return EventFact()
    sentence, event = main
    source = item.title if sentence.field == "title" else item.summary
    return EventFact(type=event.type, status=event.status, mentions=(sentence.mention(event.start, event.end, source),))


def _claims(
    item: NewsItem,
    drugs: Sequence[DrugFact],
    cancers: Sequence[IndicationFact],
    bodies: Sequence[RegulatorFact],
    main: tuple[Sentence, Event] | None,
    found: Sequence[Found],
    parts: list[Sentence],
) -> tuple[Claim, ...]:
    """The news, then what is told besides: other bodies' acts in sentences of the background."""
    acting = [b.id for b in bodies if b.role is Role.PRIMARY]
    kind = main[1].type if main else EventType.UNKNOWN
    news = Claim(
        drugs=tuple(d.id for d in drugs if d.role is Role.PRIMARY),
        indications=tuple(c.id for c in cancers if c.role is Role.PRIMARY),
        biomarkers=tuple(
            dict.fromkeys(f.hit.id for f in found if f.hit.kind == "biomarker" and f.sentence.number <= 2)
        ),
        event=kind,
        status=main[1].status if main else None,
        regulator=acting[0] if acting and kind not in events.READOUTS else None,
        setting=details.setting_words(parts),
        event_date=_event_day(item, parts, main),
        evidence=tuple(_whole(item, s) for s in _evidence(parts, main)),
    )
    return (news, *_background_claims(item, found, parts, news))


def _evidence(parts: list[Sentence], main: tuple[Sentence, Event] | None) -> list[Sentence]:
    """The event's sentence, and the first of the body that tells the same event."""
    if main is None:
        return []
    again = (s for s in parts if s.part is Part.BODY and s is not main[0] and _tells(s, main[1].type))
    return [main[0], *([first] if (first := next(again, None)) else [])]


def _tells(sentence: Sentence, kind: EventType) -> bool:
    return any(e.type is kind for e in events.events(sentence.keyed.key))


def _whole(item: NewsItem, sentence: Sentence) -> Mention:
    key = sentence.keyed.key
    start, end = len(key) - len(key.lstrip()), len(key.rstrip())
    return sentence.mention(start, end, item.title if sentence.field == "title" else item.summary)


def _event_day(item: NewsItem, parts: list[Sentence], main: tuple[Sentence, Event] | None) -> date | None:
    """The day given in a lead sentence that tells the event; a byline's date stands alone and tells nothing."""
    if main is None:
        return None
    for sentence in parts[: LEAD_SENTENCES + 3]:
        same = sentence is main[0] or _tells(sentence, main[1].type)
        found = (
            events.event_date(sentence.keyed.key, item.published)
            if same and not is_background(sentence.keyed.key)
            else None
        )
        if found is not None:
            return found
    return None


def _background_claims(item: NewsItem, found: Sequence[Found], parts: list[Sentence], news: Claim) -> list[Claim]:
    made = []
    for sentence in parts[1:]:
        here = [f for f in found if f.sentence is sentence]
        told = events.events(sentence.keyed.key)
        acting = [f.hit.id for f in here if f.hit.kind == "body" and f.hit.id != news.regulator]
        drugs = tuple(dict.fromkeys(f.hit.id for f in here if f.hit.kind == "drug"))
        past = is_background(sentence.keyed.key)
        if drugs and told and told[0].type in events.REGULATORY and acting and (past or news.regulator):
            cancers = tuple(dict.fromkeys(f.hit.id for f in here if f.hit.kind == "indication"))
            kind = told[0].type
            made.append(
                Claim(
                    drugs=drugs,
                    indications=cancers,
                    event=kind,
                    regulator=acting[0],
                    foreground=False,
                    evidence=(_whole(item, sentence),),
                )
            )
    return made


def _relevant(
    parts: list[Sentence], drugs: Sequence[DrugFact], cancers: Sequence[IndicationFact], event: EventType
) -> bool:
    """Is the main message about cancer or an anticancer drug as such (labelling rules)?"""
    title = parts[0].keyed.key if parts else ""
    lead = " ".join(s.keyed.key for s in parts[1:3] if s.part is Part.BODY)
    drug = any(d.role is Role.PRIMARY and d.tier != "novel" for d in drugs)
    if _CANCER_WORDS.search(title) or any(
        c.role is Role.PRIMARY and any(m.field == "title" for m in c.mentions) for c in cancers
    ):
        return True
    if event in _CORPORATE and not (drug and any(m.field == "title" for d in drugs for m in d.mentions)):
        return False
    return drug or bool(cancers and _CANCER_WORDS.search(lead))


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The reader over the shipped vocabulary."""
    return Reader(load(), concepts())
