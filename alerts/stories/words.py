# SPDX-License-Identifier: MIT
"""Decisions in words: why an item was merged, kept apart or sent as an update."""

from alerts.model import Concepts, EventType, StoryFacts, StoryState, Verdict

FIELDS = {
    "drugs": "drug",
    "indications": "cancer",
    "event": "event",
    "status": "kind",
    "regulator": "regulator",
    "biomarkers": "biomarker",
    "setting": "setting",
    "trial": "trial",
    "company": "company",
    "date": "date",
}


def update_line(earlier: StoryState, step: str) -> str:
    """How an alert names what it follows: "Update to “…” (20 June 2025): approved"."""
    return f"Update to “{earlier.headline}” ({day(earlier.facts) or 'undated'}): {step}"


def day(facts: StoryFacts) -> str | None:
    """19 November 2025: no locale reads it wrongly."""
    moment = facts.event_date or facts.first_told
    return f"{moment.day} {moment:%B %Y}" if moment else None


def value(field: str, facts: StoryFacts, concepts: Concepts) -> str:
    """What a story says in a field, as a person would."""
    if field == "date":
        return day(facts) or "undated"
    if field == "event":
        return event(facts.event)
    if field in {"status", "setting"}:
        return str(getattr(facts, field) or "not told").replace("_", " ")
    if field == "regulator":
        return _name(facts.regulator, concepts) if facts.regulator else "no body named"
    held: tuple[str, ...] = getattr(facts, {"trial": "trials", "company": "companies"}.get(field, field))
    return ", ".join(_name(one, concepts) for one in held) or "not told"


def event(kind: EventType) -> str:
    return "not told" if kind is EventType.UNKNOWN else kind.value.replace("_", " ")


def _name(concept_id: str, concepts: Concepts) -> str:
    found = concepts.get(concept_id)
    return found.name if found else concept_id


def agreement(fields: dict[str, Verdict], theirs: StoryFacts, concepts: Concepts) -> str:
    """ "drug (tarlatamab), cancer (SCLC), regulator (FDA), event (approval)"."""
    agreed = [f for f, verdict in fields.items() if verdict is Verdict.AGREE]
    return ", ".join(f"{FIELDS[f]} ({value(f, theirs, concepts)})" for f in agreed)


def difference(fields: dict[str, Verdict], theirs: StoryFacts, mine: StoryFacts, concepts: Concepts) -> str:
    """ "accelerated ≠ full; FDA ≠ EC"."""
    apart = [f for f, verdict in fields.items() if verdict is Verdict.CONFLICT]
    return "; ".join(f"{FIELDS[f]}: {value(f, theirs, concepts)} ≠ {value(f, mine, concepts)}" for f in apart)


def gaps(fields: dict[str, Verdict]) -> str:
    return ", ".join(FIELDS[f] for f, verdict in fields.items() if verdict is Verdict.UNKNOWN)
