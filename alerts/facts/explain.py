# SPDX-License-Identifier: MIT
"""Why an item was read as it was: the marked text, and behind each fact the vocabulary entry or the rule."""

from typing import NamedTuple

from alerts.facts.events import GRAMMAR
from alerts.facts.reader import Reader
from alerts.facts.reading import Found, Reading
from alerts.facts.text import key_of
from alerts.facts.vocabulary import Vocabulary
from alerts.model import Facts, Mention, NewsItem, Role

_TABLES = {"drug": "drugs", "indication": "indications", "biomarker": "biomarkers", "body": "bodies"}
_FIELDS = {"synonyms": "synonym", "abbreviations": "abbreviation", "brands": "brand", "codes": "code"}
MAX_RULE = 160  # characters of a grammar row that are shown


class Mark(NamedTuple):
    """A span of a field and what it was read as."""

    field: str
    start: int
    end: int
    kind: str  # drug · indication · biomarker · regulator · trial · event
    primary: bool


class Line(NamedTuple):
    """One fact in words: what it is, and why."""

    kind: str
    value: str
    why: tuple[str, ...]


class Explanation(NamedTuple):
    item: NewsItem
    facts: Facts
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]


def explain(reader: Reader, vocabulary: Vocabulary, item: NewsItem) -> Explanation:
    """Everything that was read in the item, with its place and its reason."""
    facts, reading = reader.read(item), reader.reading(item)
    lines = [
        *_named(vocabulary, reading, facts),
        *(Line("trial", t.acronym or t.id or "", (_places(t.mentions),)) for t in facts.trials),
        _event(reading, facts),
        *_rest(facts),
        *(_claim(facts, n) for n in range(len(facts.claims))),
    ]
    return Explanation(item, facts, _marks(facts), tuple(lines))


def _marks(facts: Facts) -> tuple[Mark, ...]:
    kinds = (
        *(("drug", f.role is Role.PRIMARY, f.mentions) for f in facts.drugs),
        *(("indication", f.role is Role.PRIMARY, f.mentions) for f in facts.indications),
        *(("biomarker", True, f.mentions) for f in facts.biomarkers),
        *(("regulator", f.role is Role.PRIMARY, f.mentions) for f in facts.regulators),
        *(("trial", True, f.mentions) for f in facts.trials),
        ("event", True, facts.event.mentions),
    )
    found = [Mark(m.field, m.start, m.end, kind, primary) for kind, primary, ms in kinds for m in ms]
    return tuple(sorted(set(found), key=lambda m: (m.field != "title", m.start, -m.end)))


def _named(v: Vocabulary, reading: Reading, facts: Facts) -> list[Line]:
    lines = []
    for kind, body, found in (
        ("drug", "drug", facts.drugs),
        ("indication", "indication", facts.indications),
        ("regulator", "body", facts.regulators),
    ):
        for fact in found:
            places = reading.names(body).get(fact.id, [])
            why = [_behind(v, body, fact.id, p) for p in places] or [_places(fact.mentions) + ": its land is named"]
            lines.append(Line(kind, f"{fact.name} ({fact.role.value})", tuple(dict.fromkeys(why))))
    for marker in facts.biomarkers:
        why = [_behind(v, "biomarker", marker.id, p) for p in reading.names("biomarker").get(marker.id, [])]
        lines.append(Line("biomarker", f"{marker.name} {marker.status or ''}".strip(), tuple(dict.fromkeys(why))))
    return lines


def _behind(v: Vocabulary, kind: str, concept: str, place: Found) -> str:
    """Where a name stands, which name of the entry it is, where that comes from, and whether it may be the subject."""
    words = place.mention.text
    part = "" if place.subject else "; not the subject here (comparator, earlier therapy or boiler-plate)"
    return f"{_at(place.mention)}: {_name_of(v, kind, concept, words)}{part}"


def _name_of(v: Vocabulary, kind: str, concept: str, words: str) -> str:
    entry = getattr(v, _TABLES[kind]).get(concept)
    if entry is None:
        return "in no vocabulary; an INN stem or the pattern of a company code shows it"
    key = key_of(words)
    fields = ((f, n) for f in _FIELDS for n in getattr(entry, f, ()))
    named = next((_FIELDS[f] for f, n in fields if key_of(n) in {key, key.removesuffix("s")}), "name")
    named = "name" if key_of(entry.name) in {key, key.removesuffix("s")} else named
    return f"{named} of {concept} ({', '.join(entry.sources)})"


def _event(reading: Reading, facts: Facts) -> Line:
    if reading.main is None:
        return Line("event", "unknown", ("no phrase of the grammar in title and lead",))
    sentence, event = reading.main
    where = "title" if sentence.number == 0 else f"sentence {sentence.number}"
    status = f" ({facts.event.status})" if facts.event.status else ""
    why = f"{where}, {_places(facts.event.mentions)}: {_rule(event.rank)}"
    return Line("event", f"{facts.event.type.value}{status}", (why,))


def _rule(rank: int) -> str:
    """The row of the grammar; what no phrase tells is read from the form of the item."""
    if rank >= len(GRAMMAR):
        return "no phrase of events.yaml, but the form of the item"
    row = GRAMMAR[rank]
    shown = row.pattern if len(row.pattern) <= MAX_RULE else row.pattern[:MAX_RULE] + " …"
    return f"rule {rank} of events.yaml for {row.type.value}: {shown}"


def _rest(facts: Facts) -> list[Line]:
    setting = ", ".join(v for v in facts.setting.model_dump().values() if v)
    shown = {
        "setting": setting,
        "companies": ", ".join(facts.companies),
        "event date": str(facts.event_date or ""),
        "language": facts.language or "",
        "flags": ", ".join(facts.flags),
    }
    return [Line(kind, value, ()) for kind, value in shown.items() if value]


def _claim(facts: Facts, number: int) -> Line:
    claim = facts.claims[number]
    names = {d.id: d.name for d in facts.drugs} | {c.id: c.name for c in facts.indications}
    names |= {r.id: r.name for r in facts.regulators}
    parts = [
        " + ".join(names.get(d, d) for d in claim.drugs) or "no drug",
        ", ".join(names.get(c, c) for c in claim.indications) or "no cancer",
        claim.event.value,
        *([names.get(claim.regulator, claim.regulator)] if claim.regulator else []),
        *([claim.setting] if claim.setting else []),
        *([str(claim.event_date)] if claim.event_date else []),
    ]
    why = tuple(f"{_at(m)}: {m.text}" for m in claim.evidence)
    return Line("claim" if claim.foreground else "background", " × ".join(parts), why)


def _places(mentions: tuple[Mention, ...]) -> str:
    return ", ".join(f'{_at(m)} "{m.text}"' for m in mentions)


def _at(mention: Mention) -> str:
    return f"{mention.field} {mention.start}-{mention.end}"
