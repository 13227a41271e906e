# SPDX-License-Identifier: MIT
"""Does a rule meet an item, and why or why not. Pure.

Every given condition must hold of ONE claim: an FDA approval of A told beside an EU filing of B meets no rule for an EU
approval of A. Foreground claims only, unless the rule says `role: mentioned`, which also looks at background claims and
takes every drug and cancer that is merely mentioned as a claim without an event. A field that the text leaves open is
empty and meets no condition on it; `none` holds of an empty field.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import re2

from alerts.model import Claim, Concepts, Facts, Match, MatchReason, Mention, NewsItem, Role
from alerts.subscriptions.rule import CONCEPT_FIELDS, FIELDS, Condition, Rule


class View(NamedTuple):
    """A claim as a rule looks at it. `number`: its index in Facts.claims; `told`: not widened by mere mentions."""

    number: int | None
    claim: Claim
    told: bool


class Asked:
    """One condition of a rule; compared by identity, so that rules may share it and its answer."""

    __slots__ = ("__weakref__", "condition", "field")

    def __init__(self, field: str, condition: Condition) -> None:
        self.field = field
        self.condition = condition


def asked(rule: Rule) -> tuple[Asked, ...]:
    """The conditions that are given."""
    return tuple(Asked(f, c) for f in FIELDS if not (c := rule.condition(f)).empty)


def match(rule: Rule, item: NewsItem, facts: Facts, concepts: Concepts) -> Match:
    """The first claim that meets the rule, else the nearest one with the conditions that failed."""
    return Reading(item, facts, concepts).match(rule.role, asked(rule))


class Reading:
    """One item as rules see it. What was found once is remembered: of many rules most ask for the same."""

    def __init__(self, item: NewsItem, facts: Facts, concepts: Concepts) -> None:
        self.item = item
        self.facts = facts
        self._concepts = concepts
        self._answers: dict[int, dict[Asked, tuple[MatchReason, ...] | None]] = {}
        self._finders: dict[tuple[int, str], Callable[[str], str | None]] = {}
        self._reasons: dict[tuple[str, str, str], MatchReason] = {}

    def match(self, role: Role, conditions: Sequence[Asked]) -> Match:
        """As `match` above."""
        nearest: tuple[list[str], int | None] | None = None
        for at in self.views(role):
            met = self.met(at, conditions)
            if met is not None:
                return met
            failed = [one.field for one in conditions if self._answer(at, one) is None]
            if nearest is None or len(failed) < len(nearest[0]):
                nearest = (failed, self.all_views[at].number)
        failed, number = nearest or ([], None)
        return Match(match=False, failed=tuple(failed), claim=number)

    def met(self, at: int, conditions: Sequence[Asked]) -> Match | None:
        """The match if all conditions hold of this view."""
        reasons: list[MatchReason] = []
        for one in conditions:
            answer = self._answer(at, one)
            if answer is None:
                return None
            reasons += answer
        return Match(match=True, reasons=tuple(reasons), claim=self.all_views[at].number)

    def _answer(self, at: int, one: Asked) -> tuple[MatchReason, ...] | None:
        """Why a view meets a condition; None if it does not."""
        known = self._answers.setdefault(at, {})
        if one not in known:
            known[one] = self._ask(self._finder(at, one.field), one.field, one.condition)
        return known[one]

    def _ask(
        self, find: Callable[[str], str | None], field: str, condition: Condition
    ) -> tuple[MatchReason, ...] | None:
        any_ = [(w, found) for w in condition.any if (found := find(w)) is not None]
        all_ = [(w, found) for w in condition.all if (found := find(w)) is not None]
        if (condition.any and not any_) or len(all_) < len(condition.all):
            return None
        if any(find(wanted) is not None for wanted in condition.none):
            return None
        return tuple(self._reason(field, wanted, found) for wanted, found in any_ + all_)

    def _finder(self, at: int, field: str) -> Callable[[str], str | None]:
        """What tells for a wanted value what meets it in this view: a concept id or the words, None if nothing does."""
        if (at, field) not in self._finders:
            self._finders[at, field] = self._made_finder(self.all_views[at].claim, field)
        return self._finders[at, field]

    def _made_finder(self, claim: Claim, field: str) -> Callable[[str], str | None]:
        if field in CONCEPT_FIELDS:
            first = reversed(held(claim, field))  # the first that meets a wanted concept is named
            return {above: concept for concept in first for above in self._concepts.ancestors(concept)}.get
        if field == "events":
            return {claim.event.value: claim.event.value}.get
        if field == "settings":
            return partial(setting_found, settings_of(claim, self.facts))
        if field == "sources":
            return partial(source_found, self.item.source)
        return partial(words_found, self._text, self.folded_text)

    @cached_property
    def all_views(self) -> list[View]:
        """Claims as told, then the foreground ones widened by everything that is mentioned."""
        told: list[tuple[int | None, Claim]] = [*enumerate(self.facts.claims)] or [(None, Claim())]
        everything = {
            "drugs": [d.id for d in self.facts.drugs],
            "indications": [i.id for i in self.facts.indications],
            "biomarkers": [b.id for b in self.facts.biomarkers],
        }
        widened = [View(n, _with_mentions(c, everything), told=False) for n, c in told if c.foreground]
        return [*(View(n, c, told=True) for n, c in told), *widened]

    def views(self, role: Role) -> range | list[int]:
        """Which of `all_views` a rule of this role looks at."""
        return self._foreground if role is Role.PRIMARY else range(len(self.all_views))

    @cached_property
    def _foreground(self) -> list[int]:
        return [at for at, view in enumerate(self.all_views) if view.told and view.claim.foreground]

    @cached_property
    def folded_text(self) -> str:
        return f" {fold(self._text)} "

    @property
    def _text(self) -> str:
        return f"{self.item.title}\n{self.item.summary}"

    def _reason(self, field: str, wanted: str, found: str) -> MatchReason:
        key = (field, wanted, found)
        if key not in self._reasons:
            self._reasons[key] = _reason(field, wanted, found, self.facts, self._concepts)
        return self._reasons[key]


def held(claim: Claim, field: str) -> tuple[str, ...]:
    """Concept ids that a claim holds in a field."""
    if field == "regulators":
        return (claim.regulator,) if claim.regulator else ()
    ids: tuple[str, ...] = getattr(claim, field)
    return ids


def settings_of(claim: Claim, facts: Facts) -> tuple[str, ...]:
    """Every setting that may meet a wanted one: of the claim, then of the item."""
    given = (claim.setting, facts.setting.line, facts.setting.stage, facts.setting.population)
    return tuple(g for g in given if g)


def setting_found(given: Sequence[str], wanted: str) -> str | None:
    return next((g for g in given if folded(wanted) in folded(g)), None)


def source_found(source: str, wanted: str) -> str | None:
    return source if folded(wanted) in folded(source) else None


def words_found(text: str, folded_text: str, wanted: str) -> str | None:
    """A word or phrase, hyphens and case aside; `re:…` is a pattern for RE2, which cannot be made to run away."""
    if wanted.startswith("re:"):
        hit = _pattern(wanted[3:]).search(text)
        return hit.group() if hit else None
    return wanted if f" {folded(wanted)} " in folded_text else None


class _Folding(dict[int, str]):
    """Table for str.translate that fills itself: five times faster than a pattern."""

    def __missing__(self, code: int) -> str:
        self[code] = chr(code) if chr(code).isalnum() else " "
        return self[code]


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Lower case, one space for anything that is no letter or digit."""
    return " ".join(text.lower().translate(_FOLDING).split())


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """As `fold`, remembered: for the short words of rules, settings and sources."""
    return fold(text)


def _with_mentions(claim: Claim, everything: dict[str, list[str]]) -> Claim:
    return claim.model_copy(
        update={f: tuple(dict.fromkeys((*getattr(claim, f), *ids))) for f, ids in everything.items()}
    )


@lru_cache(maxsize=4096)
def _pattern(source: str) -> "re.Pattern[str]":
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    made: re.Pattern[str] = re2.compile(source, options=options)
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
