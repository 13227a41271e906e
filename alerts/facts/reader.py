# SPDX-License-Identifier: MIT
"""From title and summary to bound facts. Pure: the same text gives the same facts."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from alerts.facts import details, events, trials
from alerts.facts.acting import acting_together
from alerts.facts.claims import claims
from alerts.facts.clauses import Second, earlier, second, without
from alerts.facts.concepts import CANCER, VocabularyConcepts, concepts
from alerts.facts.expansion import Expansion
from alerts.facts.language import language
from alerts.facts.matcher import Hit, Matcher
from alerts.facts.naming import shown_name
from alerts.facts.news import LEAD_SENTENCES, main_event
from alerts.facts.novel import NovelFinder, is_novel, novel_name
from alerts.facts.prepare import Part, Sentence, sentences
from alerts.facts.reading import Found, Reading
from alerts.facts.relevance import (
    AGAINST_TUMORS,
    AT_LARGE,
    CANCER_WORDS,
    COMPANY_OF_FIELD,
    THE_FIELD,
    as_shown,
    in_role,
    is_of_the_field,
    is_relevant,
)
from alerts.facts.roles import (
    about_spans,
    is_aside,
    is_derived,
    is_digest,
    is_house,
    is_idiom,
    is_label,
    is_state,
    is_subject,
)
from alerts.facts.short_forms import without_others
from alerts.facts.subjects import (
    Places,
    body_of_the_land,
    primary_cancers,
    primary_drugs,
    regulator_roles,
    went_before_all,
    without_harms,
)
from alerts.facts.vocabulary import Vocabulary
from alerts.facts.vocabulary.current import Latest
from alerts.model import (
    BiomarkerFact,
    Claim,
    DrugFact,
    EventFact,
    EventType,
    Facts,
    IndicationFact,
    NewsItem,
    RegulatorFact,
    Role,
)

EXTRACTOR_VERSION = "2026.11.61"
SHORT_CHARS = 4  # of a drug's short form: BCG
ACTING_KINDS = {"regulator", "hta", "guideline", "payer"}
COST_KINDS = {"hta", "payer"}
_DECIDED = {EventType.APPROVAL, EventType.LABEL_EXPANSION, EventType.REJECTION, EventType.OPINION_POSITIVE}
_OF_CODE = re.compile(r"[-‐‑]\d")  # behind a company's letters: "BMS-986504"


class Reader:
    """Reads items against one vocabulary. Made once per process; safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, tree: VocabularyConcepts) -> None:
        self._vocabulary = vocabulary
        self._tree = tree
        self._matcher = Matcher(vocabulary)
        self._novel = NovelFinder(vocabulary)
        self._expansion = Expansion(vocabulary.drugs.values())
        self.version = EXTRACTOR_VERSION + (f"+{vocabulary.edition}" if vocabulary.edition else "")
        self._body_names = {b.id: b.short for b in vocabulary.bodies.values()}

    def reading(self, item: NewsItem) -> Reading:
        """The item half read: its sentences, the names in them, the event that is its news (for explanations)."""
        return self._half(item)[0]

    def _half(self, item: NewsItem) -> tuple[Reading, list[trials.Place], str]:
        parts = sentences(item)
        whole = " ".join(s.keyed.key for s in parts)
        hits, named = self._found(parts, whole)
        _open(parts, hits)
        found = _with_roles(item, parts, hits, {})
        masked = self._masked(parts, found, named)
        before = _earlier(parts, masked)
        seconds = _seconds(parts, masked, hits)
        if before or seconds:
            found = _with_roles(item, parts, hits, before | _of_others(parts, seconds, hits))
        reading = Reading(item, parts, found, masked, before, seconds)
        reading.main = main_event(parts, reading.masked)
        return reading, named, whole

    def read(self, item: NewsItem) -> Facts:
        """Facts of an item; empty lists where the text does not say, never a guess."""
        reading, named, whole = self._half(item)
        parts = reading.parts
        drugs = self._drugs(reading)
        cancers = self._cancers(reading, [d for d in drugs if d.role is Role.PRIMARY])
        cancers = cancers or self._of_trial(item, named)
        bodies = self._bodies(reading)
        self._settle(reading, drugs, bodies)
        event = _event_fact(reading)
        relevant = is_relevant(parts, drugs, cancers, event.type)
        if relevant and not cancers:
            cancers = self._cancer_at_large(reading, drugs)
        if relevant and event.type is EventType.CONFERENCE:
            cancers = as_shown(drugs, cancers)
        drugs = tuple(d for d in drugs if relevant or is_of_the_field(d, event.type))
        if not relevant and event.type is EventType.CORPORATE:  # a company's own news is not about what it names
            drugs, cancers = in_role(drugs, Role.MENTIONED), in_role(cancers, Role.MENTIONED)
        acting = {b.id for b in bodies if b.role is Role.PRIMARY}
        together = acting_together(reading) if acting else ()
        together = together if acting.intersection(together) else ()
        bound = claims(reading, self._tree, drugs, cancers, bodies, together)
        return Facts.of(
            relevant=relevant,
            language=language(whole),
            drugs=drugs,
            indications=cancers,
            biomarkers=self._biomarkers(reading),
            event=event,
            regulators=self._with_told(bodies, bound),
            trials=trials.trials(item, parts, named, self._vocabulary),
            setting=details.setting(parts, whole),
            companies=tuple(reading.names("company")),
            event_date=bound[0].event_date,
            claims=bound,
            results=details.results(item, parts),
            flags=details.flags(item),
            extractor_version=self.version,
        )

    def _found(self, parts: list[Sentence], whole: str) -> tuple[list[Hit], list[trials.Place]]:
        """Known names, trials, and drugs that nothing knows, in the order of the text."""
        hits = [h for h in self._matcher.hits(parts, whole) if not _is_other_word(parts, h)]
        hits = without_others(parts, hits)
        spans: dict[int, list[tuple[int, int, bool]]] = {}
        for hit in hits:
            offsets = parts[hit.sentence].keyed.offsets
            span = (offsets[hit.start], offsets[hit.end - 1] + 1, hit.kind in {"drug", "trial"})
            spans.setdefault(parts[hit.sentence].number, []).append(span)
        known = [_trial(parts[h.sentence], h) for h in hits if h.kind == "trial"]
        hits = [h for h in hits if h.kind != "trial"]
        named = trials.places(parts, spans, known)
        for place in named:
            spans.setdefault(place.sentence.number, []).append((place.start, place.end, True))
        if any(h.kind == "indication" for h in hits) or CANCER_WORDS.holds(whole):
            hits = sorted([*hits, *self._novel.hits(parts, spans)], key=lambda h: (h.sentence, h.start))
        return _made_of_none(parts, hits), named

    def _masked(self, parts: list[Sentence], found: Sequence[Found], named: Sequence[trials.Place]) -> dict[int, str]:
        """Match keys by sentence number, with known names overwritten by the capital of their kind."""
        keys: dict[int, str] = {}
        for one in found:
            hit = one.hit
            letter = events.MASKS.get(hit.kind) or self._body_mask(one)
            key = keys.get(one.sentence.number) or one.sentence.keyed.key
            keys[one.sentence.number] = f"{key[: hit.start]}{letter * (hit.end - hit.start)}{key[hit.end :]}"
        for place in named:
            offsets = place.sentence.keyed.offsets
            start, end = bisect_left(offsets, place.start), bisect_left(offsets, place.end)
            key = keys.get(place.sentence.number) or place.sentence.keyed.key
            keys[place.sentence.number] = f"{key[:start]}{'T' * (end - start)}{key[end:]}"
        return {p.number: events.plainer(keys.get(p.number) or p.keyed.key) for p in parts}

    def _body_mask(self, body: Found) -> str:
        if body.hit.id == "org:EMA":
            return "E"
        words = body.words
        if words == "ODAC" or "dvisory" in words:
            return "A"
        return events.BODY_MASKS.get(self._vocabulary.bodies[body.hit.id].kind, "X")

    def _drugs(self, reading: Reading) -> tuple[DrugFact, ...]:
        by_id = reading.names("drug")
        primary = primary_drugs(reading, by_id)
        return tuple(
            self._drug(reading.item, drug_id, places, primary=drug_id in primary) for drug_id, places in by_id.items()
        )

    def _drug(self, item: NewsItem, drug_id: str, places: list[Found], *, primary: bool) -> DrugFact:
        role = Role.PRIMARY if primary else Role.MENTIONED
        mentions = tuple(place.mention for place in places)
        if is_novel(drug_id):
            return DrugFact.of(
                id=drug_id, name=novel_name(mentions[0].text), role=role, tier="novel", mentions=mentions
            )
        drug = self._vocabulary.drugs[drug_id]
        names = {mention.text.strip("®™").lower() for mention in mentions}
        only = drug.brands[0] if len(drug.brands) == 1 else drug.brand
        brand = next((b for b in drug.brands if b.lower() in names), only)
        return DrugFact.of(
            id=drug_id,
            name=shown_name(
                drug,
                mentions,
                investigational=self._expansion.investigational(drug, item.published),
            ),
            role=role,
            classes=drug.classes,
            targets=drug.targets,
            brand=brand,
            tier=drug.tier,
            mentions=mentions,
        )

    def _cancers(self, reading: Reading, drugs: Sequence[DrugFact]) -> tuple[IndicationFact, ...]:
        by_id: Places = reading.names("indication")
        harm = reading.main is not None and reading.main.event.type is EventType.SAFETY
        primary = primary_cancers(self._tree, without_harms(by_id) if harm else by_id)
        if primary == {CANCER} and drugs and not any(p.subject for p in by_id[CANCER]):
            primary = set()  # what the company works on, not what its drug is for
        return tuple(
            IndicationFact.of(
                id=concept,
                name=self._vocabulary.indications[concept].name,
                oncotree=self._oncotree(concept),
                role=Role.PRIMARY if concept in primary else Role.MENTIONED,
                mentions=tuple(place.mention for place in places),
            )
            for concept, places in by_id.items()
            if concept != CANCER or len(by_id) == 1 or primary == {CANCER}
        )

    def _of_trial(self, item: NewsItem, named: Sequence[trials.Place]) -> tuple[IndicationFact, ...]:
        """The cancer that only a trial's name tells: "JAVELIN Bladder 100"."""
        for place in named:
            name = trials.cancer_of(place.name)
            concept = self._matcher.cancer(name) if name else None
            if concept:
                cancer = self._vocabulary.indications[concept]
                span = place.sentence.text_span(item, place.start, place.end)
                return (
                    IndicationFact.of(
                        id=concept, name=cancer.name, oncotree=cancer.oncotree, role=Role.PRIMARY, mentions=(span,)
                    ),
                )
        return ()

    def _oncotree(self, concept: str) -> str | None:
        """The narrowest code that the text supports: a cancer without one is told by that of the nearest cancer above it."""
        level = [concept]
        while level:
            codes = {
                c
                for one in level
                if one in self._vocabulary.indications
                for c in [self._vocabulary.indications[one].oncotree]
                if c
            }
            if codes:
                return codes.pop() if len(codes) == 1 else None
            level = [parent.id for one in level for parent in self._tree.parents(one)]
        return None

    def _cancer_at_large(self, reading: Reading, drugs: Sequence[DrugFact]) -> tuple[IndicationFact, ...]:
        """The field itself, where a title names no cancer: "oncology strategy", "in tumours"; beside a drug only "in oncology".

        So in the lead what an agent does to tumours, or what a company that shows its work works on.
        """
        of_drug = any(d.role is Role.PRIMARY for d in drugs)
        of_trial = "T" in reading.masked.get(0, "")  # which has a cancer of its own
        words = THE_FIELD if of_drug or of_trial else AT_LARGE
        lead = AGAINST_TUMORS if of_drug else COMPANY_OF_FIELD
        companies = [f for places in reading.names("company").values() for f in places]
        for sentence in reading.parts[:3]:
            if sentence.part is Part.BOILERPLATE:
                continue
            taken = [f.hit for f in companies if f.sentence is sentence]
            hits = (words if sentence.part is Part.TITLE else lead).finditer(sentence.keyed.key)
            hit = next((h for h in hits if not any(c.start <= h.start() < c.end for c in taken)), None)
            if hit is not None:
                name, span = self._vocabulary.indications[CANCER].name, reading.span(sentence, hit.start(), hit.end())
                return (IndicationFact.of(id=CANCER, name=name, oncotree=None, role=Role.PRIMARY, mentions=(span,)),)
        return ()

    def _bodies(self, reading: Reading) -> tuple[RegulatorFact, ...]:
        named = {
            body: places
            for body, places in reading.names("body").items()
            if self._vocabulary.bodies[body].kind in ACTING_KINDS
        }
        facts = [
            RegulatorFact.of(
                id=body,
                name=self._body_names[body],
                role=role,
                mentions=tuple(p.mention for p in named[body]),
            )
            for body, role in regulator_roles(reading, named).items()
        ]
        acting = [f.id for f in facts if f.role is Role.PRIMARY]
        land = body_of_the_land(reading, self._body_names) if went_before_all(named, acting) else []
        if land and land[0].id not in acting:
            facts = [f.model_copy(update={"role": Role.MENTIONED}) for f in facts if f.id != land[0].id] + land
        return tuple({f.id: f for f in facts}.values())

    def _with_told(self, bodies: tuple[RegulatorFact, ...], bound: Sequence[Claim]) -> tuple[RegulatorFact, ...]:
        """The bodies of all foreground claims act, be they named or told by their land."""
        acting = {c.regulator: c.evidence for c in bound if c.foreground and c.regulator in self._body_names}
        told = [
            b.model_copy(update={"role": Role.PRIMARY}) if b.id in acting and b.role is not Role.PRIMARY else b
            for b in bodies
        ]
        known = {b.id for b in bodies}
        more = {b: spans for b, spans in acting.items() if b is not None and b not in known}
        return (
            *told,
            *(RegulatorFact.of(id=b, name=self._body_names[b], role=Role.PRIMARY, mentions=m) for b, m in more.items()),
        )

    def _settle(self, reading: Reading, drugs: Sequence[DrugFact], bodies: Sequence[RegulatorFact]) -> None:
        """First approval or wider label, where the drugs' years tell; a biosimilar is a product of its own.

        What a cost body decides is no approval: whether it is paid for.
        """
        if reading.main and reading.main.event.type in _DECIDED and self._is_of_cost(bodies):
            reading.main = reading.main._replace(event=reading.main.event._replace(type=EventType.ACCESS))
        if reading.main is None or reading.main.event.type not in {EventType.APPROVAL, EventType.LABEL_EXPANSION}:
            return
        if any("biosimilar" in p.keyed.key for p in reading.parts[:3]):
            return
        primary = [d.id for d in drugs if d.role is Role.PRIMARY]
        body = next((b.id for b in bodies if b.role is Role.PRIMARY), None)
        days = (
            events.event_date(p.keyed.key, reading.item.published) for p in (reading.main.sentence, *reading.parts[1:2])
        )
        event = self._expansion.settle(
            reading.main.event, primary, body, reading.item.published, next(filter(None, days), None)
        )
        reading.main = reading.main._replace(event=event)

    def _is_of_cost(self, bodies: Sequence[RegulatorFact]) -> bool:
        acting = [b.id for b in bodies if b.role is Role.PRIMARY]
        return bool(acting) and all(self._vocabulary.bodies[b].kind in COST_KINDS for b in acting)

    def _biomarkers(self, reading: Reading) -> tuple[BiomarkerFact, ...]:
        return tuple(
            BiomarkerFact.of(
                id=marker,
                name=self._vocabulary.biomarkers[marker].name,
                status=details.biomarker_status([p.sentence.keyed.key[p.hit.start : p.hit.end + 14] for p in places]),
                mentions=tuple(p.mention for p in places),
            )
            for marker, places in reading.names("biomarker").items()
        )


def _is_other_word(parts: Sequence[Sentence], hit: Hit) -> bool:
    """A body's name that is an ordinary word; a company's that begins a code; a drug's short form that is the state of a disease."""
    if hit.kind == "body":
        sentence = parts[hit.sentence]
        key = sentence.keyed.key
        return is_idiom(key[hit.end :]) or (sentence.part is Part.BODY and is_label(key, hit.start, hit.end))
    if hit.kind == "company":
        sentence = parts[hit.sentence]
        return bool(_OF_CODE.match(sentence.text, sentence.keyed.offsets[hit.end - 1] + 1))
    if hit.id == CANCER:
        return is_house(parts[hit.sentence].keyed.key, hit.start, hit.end)
    short = hit.kind == "drug" and hit.end - hit.start <= SHORT_CHARS
    return short and is_state(parts[hit.sentence].keyed.key[hit.end :])


def _made_of_none(parts: Sequence[Sentence], hits: Sequence[Hit]) -> list[Hit]:
    """Without drugs that are only told to be what the drug before them is made from."""
    kept: list[Hit] = []
    for hit in hits:
        last = kept[-1] if kept else None
        made_of = (
            hit.kind == "drug"
            and last is not None
            and last.kind == "drug"
            and last.sentence == hit.sentence
            and is_derived(parts[hit.sentence].keyed.key[last.end : hit.start])
        )
        if not made_of:
            kept.append(hit)
    return kept


def _trial(sentence: Sentence, hit: Hit) -> trials.Place:
    """The place of a known trial; a number behind the name is part of it: "AMPLIFY-7P" is not AMPLIFY."""
    offsets = sentence.keyed.offsets
    start, end = offsets[hit.start], offsets[hit.end - 1] + 1
    number = trials.NUMBER.match(sentence.text, end)
    return trials.Place(hit.id + (number.group() if number else ""), sentence, start, number.end() if number else end)


def _open(parts: list[Sentence], hits: Sequence[Hit]) -> None:
    """Marks what opens the news where the title names no drug: the first sentence that does, and in a digest each one."""
    naming = [h.sentence for h in hits if h.kind == "drug"]
    if not naming or not parts or parts[0].part is not Part.TITLE or parts[min(naming)].part is not Part.BODY:
        return
    listed = is_digest(parts[0].keyed.key)
    for at in dict.fromkeys(naming) if listed else (min(naming),):
        parts[at] = parts[at]._replace(opens=True)


def _earlier(parts: Sequence[Sentence], masked: dict[int, str]) -> dict[int, tuple[int, int]]:
    """The clauses of title and first sentence that tell what came before the news; their words are taken out of `masked`."""
    made = {}
    for sentence in parts[:2]:
        clause = earlier(masked[sentence.number], title=sentence.part is Part.TITLE)
        if clause and sentence.part is not Part.BOILERPLATE:
            masked[sentence.number] = without(masked[sentence.number], *clause)
            made[sentence.number] = clause
    return made


def _seconds(parts: Sequence[Sentence], masked: dict[int, str], hits: Sequence[Hit]) -> dict[int, Second]:
    """Second news of title and first sentence; its words are taken out of `masked`."""
    made = {}
    for at, sentence in enumerate(parts[:2]):
        names = [(h.start, h.id) for h in hits if h.sentence == at and h.kind in {"drug", "indication"}]
        told = second(masked[sentence.number], names, title=sentence.part is Part.TITLE)
        if told and sentence.part is not Part.BOILERPLATE:
            masked[sentence.number] = without(masked[sentence.number], told.start, told.end)
            made[sentence.number] = told
    return made


def _of_others(
    parts: Sequence[Sentence], seconds: Mapping[int, Second], hits: Sequence[Hit]
) -> dict[int, tuple[int, int]]:
    """The clauses of second news that name a drug of their own, or stand behind the title: the item's facts are those of the first."""
    return {
        number: (told.start, told.end)
        for number, told in seconds.items()
        if number > 0
        or any(
            h.kind == "drug" and parts[h.sentence].number == number and told.start <= h.start < told.end for h in hits
        )
    }


def _with_roles(
    item: NewsItem, parts: list[Sentence], hits: Sequence[Hit], before: Mapping[int, tuple[int, int]]
) -> list[Found]:
    """`before`: by sentence number, the clause that tells what came before; what no other place of the sentence names counts there too."""
    made: list[Found] = []
    names: list[tuple[int, int, bool]] = []
    about: list[tuple[int, int]] = []
    last = -1
    for hit in hits:
        sentence = parts[hit.sentence]
        if hit.sentence != last:
            names, last, about = [], hit.sentence, about_spans(sentence.keyed.key)
        subject = sentence.part is not Part.BOILERPLATE and (not about or all(not s <= hit.start < e for s, e in about))
        start, end = before.get(sentence.number, (0, 0))
        inside = start <= hit.start < end
        past = inside and any(
            h.sentence == hit.sentence and h.kind == hit.kind and not start <= h.start < end for h in hits
        )
        if hit.kind == "drug":
            key = sentence.keyed.key if inside or hit.start < end else " " * end + sentence.keyed.key[end:]
            subject = subject and is_subject(key, hit.start, hit.end, names)
            names.append((hit.start, hit.end, subject))
        elif hit.kind == "indication":
            subject = subject and not is_aside(sentence.keyed.key[: hit.start])
        source = item.title if sentence.field == "title" else item.summary
        made.append(Found(hit, sentence, subject and not past, source, past))
    return made


def _event_fact(reading: Reading) -> EventFact:
    if reading.main is None:
        return EventFact.of()
    sentence, event = reading.main
    status = event.status
    if status is None and event.type in events.READOUTS:
        lead = (p.keyed.key for p in reading.parts[:LEAD_SENTENCES] if p.part is not Part.BOILERPLATE)
        status = details.analysis(" ".join(lead))
    span = reading.span(sentence, event.start, event.end)
    return EventFact.of(type=event.type, status=status, mentions=(span,))


_latest = Latest(lambda vocabulary: Reader(vocabulary, concepts()))


def reader() -> Reader:
    """The reader over the vocabulary in use."""
    return _latest()
