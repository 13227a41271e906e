# SPDX-License-Identifier: MIT
"""Does a rule meet an item, and why or why not. Pure.

Every given condition must hold of ONE claim: an FDA approval of A told beside an EU filing of B meets no rule for an EU
approval of A. Foreground claims only, unless the rule says `role: mentioned`, which also looks at background claims and
takes every drug and cancer that is merely mentioned as a claim without an event. A field that the text leaves open is
empty and meets no condition on it; `none` holds of an empty field.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import re2

from alerts.model import Claim, Concepts, Facts, Match, MatchReason, Mention, NewsItem, Role
from alerts.subscriptions.rule import CONCEPT_FIELDS, FIELDS, Condition, Rule


class Seen(NamedTuple):
    """What a claim holds in one field: values as written in rules, with the concept ids they stand for."""

    values: tuple[str, ...]
    text: str = ""


def match(rule: Rule, item: NewsItem, facts: Facts, concepts: Concepts) -> Match:
    """The first claim that meets the rule, else the nearest one with the conditions that failed."""
    nearest: tuple[list[str], int | None] | None = None
    for number, claim in _claims(rule, facts):
        failed = [
            f
            for f in FIELDS
            if not rule.condition(f).empty and not _holds(f, rule.condition(f), claim, item, facts, concepts)
        ]
        if not failed:
            return Match(match=True, reasons=tuple(_reasons(rule, claim, item, facts, concepts)), claim=number)
        if nearest is None or len(failed) < len(nearest[0]):
            nearest = (failed, number)
    failed, at = nearest or ([], None)
    return Match(match=False, failed=tuple(failed), claim=at)


def _claims(rule: Rule, facts: Facts) -> list[tuple[int | None, Claim]]:
    told: list[tuple[int | None, Claim]] = list(enumerate(facts.claims)) or [(None, Claim())]
    if rule.role is Role.PRIMARY:
        return [(n, c) for n, c in told if c.foreground]
    everything = Claim(
        drugs=tuple(d.id for d in facts.drugs),
        indications=tuple(i.id for i in facts.indications),
        biomarkers=tuple(b.id for b in facts.biomarkers),
    )
    widened = [(n, _with_mentions(c, everything)) for n, c in told if c.foreground]
    return [*told, *widened]


def _with_mentions(claim: Claim, everything: Claim) -> Claim:
    return claim.model_copy(
        update={
            f: tuple(dict.fromkeys((*getattr(claim, f), *getattr(everything, f))))
            for f in ("drugs", "indications", "biomarkers")
        }
    )


def _holds(field: str, condition: Condition, claim: Claim, item: NewsItem, facts: Facts, concepts: Concepts) -> bool:
    def has(wanted: str) -> bool:
        return _found(field, wanted, claim, item, facts, concepts) is not None

    return (
        (not condition.any or any(map(has, condition.any)))
        and all(map(has, condition.all))
        and not any(map(has, condition.none))
    )


def _found(field: str, wanted: str, claim: Claim, item: NewsItem, facts: Facts, concepts: Concepts) -> str | None:
    """What meets one wanted value: a concept id or the words, None if nothing does."""
    if field in CONCEPT_FIELDS:
        held = (claim.regulator,) if field == "regulators" else getattr(claim, field)
        return next((c for c in held if c and wanted in concepts.ancestors(c)), None)
    if field == "events":
        return claim.event.value if claim.event.value == wanted else None
    if field == "settings":
        given = (claim.setting, facts.setting.line, facts.setting.stage, facts.setting.population)
        return next((g for g in given if g and _folded(wanted) in _folded(g)), None)
    if field == "sources":
        return item.source if _folded(wanted) in _folded(item.source) else None
    return _words(wanted, f"{item.title}\n{item.summary}")


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def _words(wanted: str, text: str) -> str | None:
    """A word or phrase, hyphens and case aside; `re:…` is a pattern for RE2, which cannot be made to run away."""
    if wanted.startswith("re:"):
        hit = _pattern(wanted[3:]).search(text)
        return hit.group() if hit else None
    return wanted if f" {_folded(wanted)} " in f" {_folded(text)} " else None


@lru_cache(maxsize=4096)
def _pattern(source: str) -> "re.Pattern[str]":
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    made: re.Pattern[str] = re2.compile(source, options=options)
    return made


def _reasons(rule: Rule, claim: Claim, item: NewsItem, facts: Facts, concepts: Concepts) -> list[MatchReason]:
    made = []
    for field in FIELDS:
        condition = rule.condition(field)
        for wanted in (*condition.any, *condition.all):
            found = _found(field, wanted, claim, item, facts, concepts)
            if found is not None:
                made.append(_reason(field, wanted, found, facts, concepts))
    return made


def _reason(field: str, wanted: str, found: str, facts: Facts, concepts: Concepts) -> MatchReason:
    path = (
        tuple(step.name for step in concepts.path(found, wanted)) if field in CONCEPT_FIELDS and found != wanted else ()
    )
    return MatchReason(
        field=field,
        wanted=_name(wanted, concepts),
        found=_name(found, concepts),
        path=path,
        mentions=_mentions(field, found, facts),
    )


def _name(value: str, concepts: Concepts) -> str:
    ref = concepts.get(value)
    return ref.name if ref else value


def _mentions(field: str, found: str, facts: Facts) -> tuple[Mention, ...]:
    if field == "events":
        return facts.event.mentions
    held: Sequence[object] = getattr(facts, field, ()) if field in CONCEPT_FIELDS else ()
    return next((tuple(getattr(h, "mentions", ()))[:3] for h in held if getattr(h, "id", None) == found), ())
