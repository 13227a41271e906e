# SPDX-License-Identifier: MIT
"""From stored facts to what a message says: story + match → Alert. Pure; the templates only lay it out."""

import html
from collections.abc import Sequence
from datetime import date

import nh3
from pydantic import Field

from alerts.model import (
    Alert,
    AlertKind,
    Claim,
    Concepts,
    DrugFact,
    FactRow,
    Facts,
    MatchReason,
    Mention,
    NewsItem,
    Quote,
    SourceLine,
    TrialFact,
    Value,
)
from alerts.pipeline import wording

MAX_QUOTES = 3
MAX_QUOTE_CHARS = 400


class Telling(Value):
    """Everything about one story and one match that goes into an alert."""

    kind: AlertKind
    story_id: int
    revision: int
    lead: NewsItem
    facts: Facts  # of the lead item
    sources: tuple[SourceLine, ...] = ()
    subscription: str = ""
    reasons: tuple[MatchReason, ...] = ()
    follows_headline: str | None = None
    follows_date: date | None = None
    follows_step: str = ""
    links: dict[str, str] = Field(default_factory=dict)
    possible_repeat: bool = False


def alert(told: Telling, concepts: Concepts) -> Alert:
    """The alert for one channel. Nothing is left out silently: what is not known is not claimed."""
    claim = main_claim(told.facts, told.reasons)
    drugs = [d for d in told.facts.drugs if d.id in claim.drugs]
    cancers = wording.cancers(_cancer_names(claim, told.facts, concepts))
    named = wording.listing([_display(d) for d in drugs])
    regulator = next((r.name for r in told.facts.regulators if r.id == claim.regulator), None)
    return Alert(
        kind=told.kind,
        story_id=told.story_id,
        revision=told.revision,
        status_line=wording.status_line(claim, regulator),
        drugs=named,
        cancers=cancers,
        headline=plain(told.lead.title),
        sentence=wording.sentence(claim, named, cancers, regulator),
        event=claim.event,
        facts=tuple(_fact_rows(told.facts, claim, drugs, cancers, regulator)),
        quotes=tuple(_quotes(told)),
        sources=told.sources,
        subscription=told.subscription,
        reasons=told.reasons,
        follows_headline=told.follows_headline,
        follows_date=told.follows_date,
        follows_step=told.follows_step,
        event_date=claim.event_date,
        links=told.links,
        possible_repeat=told.possible_repeat,
    )


def main_claim(facts: Facts, reasons: Sequence[MatchReason]) -> Claim:
    """The claim that agrees with most of what the rule was met by; the first foreground one if they agree equally."""
    if not facts.claims:
        return Claim()
    foreground = [c for c in facts.claims if c.foreground] or list(facts.claims)
    found = {(r.field, r.found) for r in reasons}
    return max(foreground, key=lambda claim: len(found & _held(claim, facts)))


def _held(claim: Claim, facts: Facts) -> set[tuple[str, str]]:
    """(field of a rule, name) of all that a claim binds."""
    named = {d.id: d.name for d in facts.drugs} | {i.id: i.name for i in facts.indications}
    named |= {b.id: b.name for b in facts.biomarkers} | {r.id: r.name for r in facts.regulators}
    ids = {
        "drugs": claim.drugs,
        "indications": claim.indications,
        "biomarkers": claim.biomarkers,
        "regulators": (claim.regulator,) if claim.regulator else (),
    }
    return {(field, named.get(i, i)) for field, held in ids.items() for i in held} | {("events", claim.event.value)}


def plain(text: str) -> str:
    """Markup and entities removed, white space folded: feed text becomes words and nothing else."""
    return " ".join(html.unescape(nh3.clean(text, tags=set())).split())


def _display(drug: DrugFact) -> str:
    return drug.name


def _cancer_names(claim: Claim, facts: Facts, concepts: Concepts) -> list[str]:
    """Names of the claim's cancers without those that only generalise another one of them."""
    named = [i for i in facts.indications if i.id in claim.indications]
    broader = {above for i in named for above in concepts.ancestors(i.id) if above != i.id}
    return [i.name for i in named if i.id not in broader]


def _fact_rows(
    facts: Facts, claim: Claim, drugs: Sequence[DrugFact], cancers: str, regulator: str | None
) -> list[FactRow]:
    biomarkers = [f"{b.name} {b.status}" if b.status else b.name for b in facts.biomarkers if b.id in claim.biomarkers]
    trials = [_trial_line(trial) for trial in facts.trials]
    rows = {
        "Drug": wording.listing([_drug_line(d) for d in drugs]),
        "Company": wording.listing(list(facts.companies[:3])),
        "Cancer": cancers,
        "Setting": claim.setting or "",
        "Biomarker": wording.listing(biomarkers),
        "Event": wording.status_line(claim, regulator),
        "Regulator": wording.regulator_name(claim.regulator, regulator),
        "Date": wording.day(claim.event_date) if claim.event_date else "",
        "Trial": "; ".join(trials[:3]),
    }
    return [FactRow(label=label, value=value) for label, value in rows.items() if value]


def _trial_line(trial: TrialFact) -> str:
    """ "CABINET (NCT03375320), phase 3"; what is not known is left out."""
    number = f"({trial.id})" if trial.id and trial.acronym else trial.id
    named = " ".join(part for part in (trial.acronym, number) if part)
    return ", ".join(part for part in (named, trial.phase and f"phase {trial.phase}") if part)


def _drug_line(drug: DrugFact) -> str:
    line = f"{drug.name} ({drug.brand})" if drug.brand and drug.brand.lower() != drug.name.lower() else drug.name
    return f"{line}, {drug.classes[0]}" if drug.classes else line


def _quotes(told: Telling) -> list[Quote]:
    """The sentences that carry the claim, then results with their numbers as the source gives them."""
    claim = main_claim(told.facts, told.reasons)
    seen: list[str] = []
    for mention in (*claim.evidence, *told.facts.results):
        text = _cut(plain(_sentence_text(told.lead, mention)))
        if text and text != plain(told.lead.title) and text not in seen:
            seen.append(text)
    return [Quote(text=text, outlet=told.lead.source, url=told.lead.link) for text in seen[:MAX_QUOTES]]


def _sentence_text(item: NewsItem, mention: Mention) -> str:
    return (item.title if mention.field == "title" else item.summary)[mention.start : mention.end]


def _cut(text: str) -> str:
    if len(text) <= MAX_QUOTE_CHARS:
        return text
    return text[: MAX_QUOTE_CHARS - 1].rsplit(" ", 1)[0] + "…"
