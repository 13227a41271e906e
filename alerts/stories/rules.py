# SPDX-License-Identifier: MIT
"""The tables of rules.yaml, read once and checked: an unknown event name fails at import, not at night."""

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from alerts.model import EventType


class Cue(NamedTuple):
    """Words that tell the kind of an event. `lead`: the opening of the text counts, not only the title; `outranks`:
    in a title they count for more than the reader's kind."""

    group: str
    status: str
    lead: bool
    outranks: bool
    words: re.Pattern[str]


class Step(NamedTuple):
    """One row of what may follow what; pairs are (event, kind or None for any)."""

    after: frozenset[tuple[EventType, str | None]]
    then: frozenset[tuple[EventType, str | None]]
    by: str  # body · trial
    wording: str


def _events(names: list[str]) -> frozenset[EventType]:
    return frozenset(EventType(name) for name in names)


def _kinds(names: list[str]) -> frozenset[tuple[EventType, str | None]]:
    split = [name.partition("/") for name in names]
    return frozenset((EventType(event), kind or None) for event, _, kind in split)


_RULES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "rules.yaml").read_text(encoding="utf-8"))

_days = {name: timedelta(days=n) for name, n in _RULES["window_days"].items()}
WINDOW = _days.pop("default")
WINDOWS = {EventType(name): window for name, window in _days.items()}
ALIKE = tuple(_events(row) for row in _RULES["alike"])
UNSURE = tuple(_events(row) for row in _RULES["unsure"])
CLASS_WIDE = 4  # drugs; regimens have up to three that are no chemotherapy
SOFT = _events(_RULES["soft"])
SOFT_GAP = timedelta(days=_RULES["soft_days"])
COST_BODIES = frozenset(_RULES["cost_bodies"])
READOUTS = _events(_RULES["readouts"])
OF_TRIAL = READOUTS | {EventType.TRIAL_START, EventType.TRIAL_STOPPED}
BODIES_SAID = {name: re.compile(words, re.I) for name, words in _RULES["bodies_said"].items()}
REGULATORY = _events(_RULES["regulatory"])
STATUSES = {group: frozenset(names) for group, names in _RULES["statuses"].items()}
COMPATIBLE = frozenset(frozenset(row) for row in _RULES["compatible"])
CLOSED = frozenset(_RULES["closed_statuses"])
CUES = tuple(
    Cue(c["group"], c["status"], c.get("lead", False), c.get("outranks", False), re.compile(c["any"], re.I))
    for c in _RULES["cues"]
)
CORRECTION = re.compile(_RULES["correction"], re.I)
WAS_WRONG = re.compile(_RULES["was_wrong"], re.I)
HINTS = {EventType(name): re.compile(words, re.I) for name, words in _RULES["hints"].items()}
CLASSES = {name: re.compile(words, re.I) for name, words in _RULES["classes"].items()}
STUDY = re.compile(_RULES["study"], re.I)
ROUND_UP = re.compile(_RULES["round_up"], re.I)
BEFORE_OPINION = frozenset(_RULES["before_opinion"])
BACKBONE = frozenset(f"drug:{name}" for name in _RULES["backbone"])
PRODUCTS = {f"drug:{name}": [f"drug:{part}" for part in parts] for name, parts in _RULES["products"].items()}
PARTNERS = frozenset(f"drug:{name}" for name in _RULES["partners"])
DRIVERS = frozenset(_RULES["drivers"])
EVERY_TUMOUR: str = _RULES["generic_cancers"][1]
ANY_CANCER: str = _RULES["generic_cancers"][0]
UNSURE_CANCERS = {frozenset(row) for row in _RULES["unsure_cancers"]}
NAMED_WIDER: dict[str, str] = _RULES["named_wider"]
GENERIC = frozenset(_RULES["generic_cancers"])
SAME_BODY: dict[str, str] = _RULES["same_body"]
STEPS = tuple(Step(_kinds(r["after"]), _kinds(r["then"]), r["by"], r["wording"]) for r in _RULES["progress"])
STEP_SPAN = timedelta(days=365 * _RULES["progress_years"])


def status_group(event: EventType) -> str | None:
    """The list of kinds that an event's status is one of."""
    if event in READOUTS:
        return "trial"
    if event is EventType.LABEL_EXPANSION:
        return "approval"
    return event.value if event.value in STATUSES else None


def family(event: EventType) -> str:
    """Events that may be one story share a family, so that one look-up finds them; "?" for those that name no act."""
    if event in READOUTS:
        return "readout"
    if event in SOFT or event is EventType.DEAL:
        return "?"
    if event in {EventType.FILING_STATUS, EventType.DESIGNATION, EventType.OPINION_POSITIVE}:
        return "review"
    if event in REGULATORY - {EventType.WITHDRAWAL}:
        return "decision"
    return event.value


def body(regulator: str | None) -> str | None:
    """The body under which decisions are compared."""
    return SAME_BODY.get(regulator, regulator) if regulator else None


def subject_drugs(drugs: Iterable[str]) -> frozenset[str]:
    """Without chemotherapy and named chemotherapy regimens, which writers name or leave out, where anything else is left;
    a product of two drugs as these."""
    named = frozenset(part for drug in drugs for part in PRODUCTS.get(drug, [drug]))
    return frozenset(d for d in named - BACKBONE if not d.startswith("regimen:")) or named


def regimens(drugs: Iterable[str]) -> frozenset[str]:
    """The regimens that are called by a name of their own."""
    return frozenset(drug for drug in drugs if drug.startswith("regimen:"))


def class_wide(drugs: Iterable[str]) -> bool:
    """No drug is named, or so many that the news is on all of their class."""
    return len(set(drugs)) not in range(1, CLASS_WIDE)
