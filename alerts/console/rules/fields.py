# SPDX-License-Identifier: MIT
"""What the form says about each field of a rule, and how what somebody typed becomes a value of it."""

from collections.abc import Callable
from typing import NamedTuple

import re2

from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.lookup import lookup
from alerts.model import EventType
from alerts.subscriptions.rule import CONCEPT_FIELDS

QUANTIFIERS = ("any", "all", "none")
MAX_CHARS = 200
MAX_CHIPS = 200


class FieldHelp(NamedTuple):
    """A field as the form shows it."""

    key: str
    label: str
    hint: str
    example: str
    kinds: tuple[str, ...] = ()  # of concepts that may be picked

    def sentence(self, quantifier: str) -> str:
        """One sentence on what the box does."""
        return SENTENCES[quantifier].format(self.label.lower())


SENTENCES = {
    "any": "At least one of these must be what the news is about.",
    "all": "Every one of these must be there, together.",
    "none": "None of these may be there.",
}
FIELDS = (
    FieldHelp(
        "drugs", "Drugs", "A drug, a brand, a code, a class (PD-1 inhibitor) or a target (HER2).", "e.g. Keytruda",
        ("drug", "class", "target"),
    ),
    FieldHelp(
        "indications", "Cancers", "A cancer includes every kind of it that the vocabulary knows.",
        "e.g. neuroendocrine tumor", ("indication",),
    ),
    FieldHelp("events", "Events", "What happened: approval, positive trial, safety …", "e.g. approval"),
    FieldHelp(
        "regulators", "Regulators", "Who decided: FDA, EC, EMA, NICE …", "e.g. FDA", ("regulator",),
    ),
    FieldHelp(
        "biomarkers", "Biomarkers", "A marker that the news ties to the drug.", "e.g. EGFR exon 20", ("biomarker",)
    ),
    FieldHelp("settings", "Settings", "Line, stage or population, as written in the news.", "e.g. first-line"),
    FieldHelp(
        "text", "Words in the text", "A word or phrase; re:… is a pattern (RE2). Better is a concept above.",
        "e.g. overall survival",
    ),
    FieldHelp("sources", "Sources", "Part of the name of a feed or outlet.", "e.g. FDA"),
)  # fmt: skip
BY_KEY = {field.key: field for field in FIELDS}
SETTINGS = (
    "first-line", "second-line", "previously treated", "maintenance", "adjuvant", "neoadjuvant", "perioperative",
    "metastatic", "locally advanced", "unresectable or metastatic", "early stage", "relapsed or refractory", "adults",
    "paediatric",
)  # fmt: skip


class Suggestion(NamedTuple):
    """Something that can be picked. `note`: the synonym that was hit, what is below, what kind it is."""

    value: str
    name: str
    note: str


def suggest(field: str, typed: str, sources: Callable[[str, int], list[str]], limit: int = 10) -> list[Suggestion]:
    """What fits what was typed so far. `sources` asks the store for names of feeds."""
    typed = typed.strip()[:MAX_CHARS]
    if field in CONCEPT_FIELDS:
        return [
            Suggestion(hit.ref.id, hit.ref.name, _note(hit.ref.kind, hit.by, hit.below))
            for hit in lookup().suggest(BY_KEY[field].kinds, typed, limit)
        ]
    if field == "text" or not (typed or field == "events"):
        return []
    names = list(EventType) if field == "events" else SETTINGS if field == "settings" else sources(typed, limit)
    folded = typed.lower().replace("_", " ")
    fitting = [str(n) for n in names if folded in str(n).lower().replace("_", " ")]
    return [Suggestion(n, n.replace("_", " ") if field == "events" else n, "") for n in fitting[:limit]]


def _note(kind: str, by: str, below: int) -> str:
    parts = [by] if by else []
    if kind in {"class", "target"}:
        parts.append(f"{kind}, {below} drugs")
    elif below:
        parts.append(f"includes {below} kind{'s' if below > 1 else ''} of it")
    return " · ".join(parts)


def resolve(field: str, typed: str) -> str:
    """The value that was meant. Raises InputError(unknown_… · bad_pattern · too_long) with what to do."""
    typed = " ".join(typed.split())
    if len(typed) > MAX_CHARS:
        raise InputError("too_long", f"At most {MAX_CHARS} characters.")
    if field in CONCEPT_FIELDS:
        return _concept(field, typed)
    if field == "events":
        wanted = typed.lower().replace(" ", "_").replace("-", "_")
        if wanted not in set(EventType):
            near = ", ".join(s.name for s in suggest(field, typed, lambda *_: []))
            shown = near or ", ".join(e.value.replace("_", " ") for e in EventType)
            raise InputError("unknown_event", f"“{typed}” is no event. There are: {shown}.")
        return wanted
    if field == "text" and typed.startswith("re:"):
        _check_pattern(typed[3:])
    return typed


def _concept(field: str, typed: str) -> str:
    kinds = BY_KEY[field].kinds
    for kind in kinds:
        ref = concepts().resolve(kind, typed)
        if ref is not None:
            return ref.id
    exact = lookup().exact(kinds, typed)
    if exact is not None:
        return exact.id
    near = [hit.ref.name for hit in lookup().suggest(kinds, typed, 3)]
    near = near or [ref.name for kind in kinds for ref in concepts().suggest(kind, typed)][:3]
    raise InputError(
        f"unknown_{CONCEPT_FIELDS[field]}",
        f"The vocabulary does not know “{typed}”." + (f" Did you mean {', '.join(near)}?" if near else ""),
    )


def _check_pattern(source: str) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(source, options=options)
    except re2.error as exc:
        raise InputError("bad_pattern", f"RE2 cannot read the pattern: {exc}") from None


class Chip(NamedTuple):
    """A value as the form shows it."""

    value: str
    name: str
    note: str


def chip(field: str, value: str) -> Chip:
    """Name and what is below it; a concept that the vocabulary no longer knows is shown by its id and says so."""
    if field == "events":
        return Chip(value, value.replace("_", " "), "")
    if field not in CONCEPT_FIELDS:
        return Chip(value, value, "")
    ref = concepts().get(value)
    if ref is None:
        return Chip(value, value, "not in the vocabulary any more: never met")
    return Chip(value, ref.name, _note(ref.kind, "", lookup().count_below(value)))


class Branch(NamedTuple):
    """What stands directly below a concept. `below`: how many concepts are below it in turn."""

    concept: str
    name: str
    below: int


MAX_BRANCHES = 60


def tree(field: str, value: str) -> list[Branch]:
    """What a value takes in, one level of it; empty for what has nothing below it."""
    card = lookup().card(value) if field in CONCEPT_FIELDS else None
    found = card.below if card is not None else ()
    return [Branch(ref.id, ref.name, lookup().count_below(ref.id)) for ref in found[:MAX_BRANCHES]]
