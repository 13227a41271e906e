# SPDX-License-Identifier: MIT
"""Canonical facts of a story: what later items are compared with, never with any other member (no chaining)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from alerts.model import Claim, EventType, Facts, NewsItem, Role, StoryFacts
from alerts.stories.rules import (
    BODIES_SAID,
    CORRECTION,
    COST_BODIES,
    CUES,
    REGULATORY,
    ROUND_UP,
    WAS_WRONG,
    body,
    family,
    status_group,
)
from alerts.stories.texts import OPENING_CHARS, summary_of, title_of

CLOCK_SKEW = timedelta(days=1)
_DECISIONS = {EventType.APPROVAL, EventType.LABEL_EXPANSION, EventType.OPINION_POSITIVE, EventType.REJECTION}


def story_facts(facts: Facts, item: NewsItem | None = None) -> StoryFacts:
    """The news of an item: its leading foreground claim, with the cancers of claims that tell the same act."""
    told = claims_told(facts)
    return _canonical(told[0] if told else _whole(facts), facts, item, round_up=is_round_up(facts, item))


def parts_of(facts: Facts, item: NewsItem) -> tuple[StoryFacts, ...]:
    """The separate pieces of news of a round-up, each as a story would keep it."""
    told = [one for claim in claims_told(facts) for one in (_each(claim) if gathers(item) else [claim])]
    return tuple(_canonical(claim, facts, item, round_up=False) for claim in told)


def is_round_up(facts: Facts, item: NewsItem | None = None) -> bool:
    """Two or more decisions on different drugs: the item attaches to many stories and never bridges them.

    So does an item on several drugs whose title says that it gathers news.
    """
    decided = [frozenset(c.drugs) for c in claims_told(facts) if c.event in _DECISIONS and c.drugs]
    if any(not a & b for n, a in enumerate(decided) for b in decided[n + 1 :]):
        return True
    return item is not None and gathers(item) and any(len(drugs) > 1 for drugs in decided)


def gathers(item: NewsItem) -> bool:
    return ROUND_UP.search(title_of(item)) is not None


def _each(claim: Claim) -> list[Claim]:
    """A claim drug by drug."""
    return [claim.model_copy(update={"drugs": (drug,)}) for drug in claim.drugs] or [claim]


def claims_told(facts: Facts) -> list[Claim]:
    """Foreground claims, those of one act joined; the one of the item's own event comes first."""
    joined: dict[object, Claim] = {}
    for claim in (c for c in facts.claims if c.foreground):
        act = (claim.drugs, family(claim.event), body(claim.regulator))
        joined[act] = _joined(joined[act], claim) if act in joined else claim
    return sorted(joined.values(), key=lambda c: c.event is not facts.event.type)


def _joined(first: Claim, more: Claim) -> Claim:
    return first.model_copy(
        update={
            "indications": _once((*first.indications, *more.indications)),
            "biomarkers": _once((*first.biomarkers, *more.biomarkers)),
            "event_date": first.event_date or more.event_date,
            "status": first.status or more.status,
        }
    )


def _whole(facts: Facts) -> Claim:
    """An item without a claim: what it is about as a whole."""
    acting = [r.id for r in facts.regulators if r.role is Role.PRIMARY]
    return Claim(
        indications=tuple(i.id for i in facts.indications if i.role is Role.PRIMARY),
        event=facts.event.type,
        status=facts.event.status,
        regulator=acting[0] if len(acting) == 1 else None,
    )


def _canonical(claim: Claim, facts: Facts, item: NewsItem | None, *, round_up: bool) -> StoryFacts:
    claim = claim if claim.regulator or item is None else claim.model_copy(update={"regulator": _body_said(item)})
    claim = _of_cost(claim) if claim.regulator in COST_BODIES else claim
    told = told_at(item) if item else None
    absent = {b.id for b in facts.biomarkers if b.status == "negative"}  # what a tumour lacks makes no other patients
    return StoryFacts(
        drugs=claim.drugs or tuple(d.id for d in facts.drugs if d.role is Role.PRIMARY),
        indications=claim.indications,
        biomarkers=tuple(b for b in claim.biomarkers if b not in absent),
        event=claim.event,
        status=_status(claim, item),
        regulator=claim.regulator,
        setting=claim.setting,
        trials=_once(name.upper() for t in facts.trials for name in (t.id, t.acronym) if name),
        event_date=_plausible(claim.event_date or facts.event_date, told),
        companies=_once(c.lower() for c in facts.companies),
        first_told=told,
        named=tuple(d.id for d in facts.drugs),
        round_up=round_up,
    )


def _body_said(item: NewsItem) -> str | None:
    """The body that title or opening mean (rules.yaml: bodies_said)."""
    said = f"{title_of(item)}. {summary_of(item)[:OPENING_CHARS]}"
    return next((body for body, words in BODIES_SAID.items() if words.search(said)), None)


def _of_cost(claim: Claim) -> Claim:
    """A cost body neither approves nor rejects a drug: it decides who is paid for it."""
    if claim.event is EventType.REJECTION:
        return claim.model_copy(update={"event": EventType.ACCESS, "status": "refused"})
    if claim.event in {EventType.APPROVAL, EventType.LABEL_EXPANSION, EventType.OPINION_POSITIVE}:
        return claim.model_copy(update={"event": EventType.ACCESS, "status": None})
    return claim


def _once(names: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))  # type: ignore[call-overload]


def _status(claim: Claim, item: NewsItem | None) -> str | None:
    """The reader's kind of the event, else the words of the title, else those of the opening (rules.yaml: cues)."""
    group = status_group(claim.event)
    if item is None or group is None:
        return claim.status
    title, opening = title_of(item), summary_of(item)[:OPENING_CHARS]
    mine = [cue for cue in CUES if cue.group == group]
    in_title = [cue for cue in mine if cue.words.search(title)]
    in_opening = (cue.status for cue in mine if cue.lead and cue.words.search(opening))
    firm = next((cue.status for cue in in_title if cue.outranks), None)
    return firm or claim.status or next((cue.status for cue in in_title), None) or next(in_opening, None)


def _plausible(day: date | None, told: datetime | None) -> date | None:
    """A day after the telling is a date to come (a decision expected), not the date of the event."""
    return day if day is None or told is None or day <= (told + CLOCK_SKEW).date() else None


def told_at(item: NewsItem) -> datetime | None:
    """When the item was published: what the publisher claims, unless that is missing or later than when we saw it."""
    if item.published is None or item.first_seen is None:
        return item.published or item.first_seen
    return min(item.published, item.first_seen) if item.published > item.first_seen + CLOCK_SKEW else item.published


def is_correction(item: NewsItem) -> bool:
    return CORRECTION.search(title_of(item)) is not None


def says_what_was_wrong(item: NewsItem) -> bool:
    """Does a correction tell what it corrects ("an earlier version misstated …")?"""
    return WAS_WRONG.search(item.summary) is not None


def needs_body(events: Sequence[EventType]) -> bool:
    """Does an act of this kind need somebody who decides it?"""
    return any(event in REGULATORY for event in events)
