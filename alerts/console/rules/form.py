# SPDX-License-Identifier: MIT
"""The form of a rule: from the browser, from a stored subscription, and to what rule files say. Pure.

The whole form travels with each request, so it works the same with and without JavaScript and nothing is kept half-way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData

from alerts.console.rules.fields import FIELDS, MAX_CHIPS, QUANTIFIERS, resolve
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.rhythm import DAYS, parse_cadence, parse_quiet
from alerts.subscriptions import Fault, SubscriptionSpec, parse
from alerts.subscriptions.rule import ChannelSpec, Condition, Rule

Chips = dict[tuple[str, str], tuple[str, ...]]  # (field, any · all · none) → values


@dataclass(frozen=True)
class RuleForm:
    """All that the form holds."""

    name: str = ""
    chips: Chips = field(default_factory=dict)
    role: str = "primary"
    cadence: str = "instant"  # instant · daily · weekly
    first: bool = False
    at: str = "08:00"
    day: str = "mon"
    zone: str = "Europe/Paris"
    quiet_from: str = ""
    quiet_to: str = ""
    cap_per_day: str = ""
    priority: tuple[str, ...] = ()
    digest_by: str = "drug"
    channels: tuple[int, ...] = ()
    new_email: str = ""
    revision: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)  # what stands in the type-ahead fields, by "drugs.any"
    faults: Mapping[str, str] = field(default_factory=dict)  # by field of the form
    focus: str = ""  # place of the field that gets the focus after a change

    def values(self, key: str, quantifier: str) -> tuple[str, ...]:
        return self.chips.get((key, quantifier), ())

    def open(self, key: str) -> bool:
        """Are there values beside the plain `any`, so that the rest must be shown?"""
        return any(
            self.values(key, q) or f"{key}.{q}" in self.faults or self.typed.get(f"{key}.{q}") for q in ("all", "none")
        )

    def with_(self, **changes: Any) -> "RuleForm":
        return replace(self, **changes)

    @property
    def empty(self) -> bool:
        return not any(values for (_, q), values in self.chips.items() if q != "none")


def read(form: FormData) -> RuleForm:
    """What the browser sent; what makes no sense is dropped, what cannot be understood is kept with its fault."""
    plain: dict[str, Any] = {key: str(form.get(key, default))[:300] for key, default in _PLAIN.items()}
    chips: dict[tuple[str, str], tuple[str, ...]] = {}
    for entry in form.getlist("chip")[:MAX_CHIPS]:
        place, _, value = str(entry).partition("=")
        _put(chips, place, value)
    numbers = [str(c) for c in form.getlist("channel")]
    return RuleForm(
        **plain,
        chips=chips,
        first="first" in form,
        channels=tuple(int(c) for c in numbers if c.isascii() and c.isdigit() and len(c) < 10),
        priority=tuple(str(p) for p in form.getlist("priority"))[:30],
        revision=int(r) if (r := str(form.get("revision", "0"))).isascii() and r.isdigit() and len(r) < 10 else 0,
        typed={
            k.removeprefix("type."): str(v) for k, v in form.multi_items() if k.startswith("type.") and str(v).strip()
        },
    )


_PLAIN = {
    "name": "", "role": "primary", "cadence": "instant", "at": "08:00", "day": "mon", "zone": "Europe/Paris",
    "quiet_from": "", "quiet_to": "", "cap_per_day": "", "digest_by": "drug", "new_email": "",
}  # fmt: skip


def _put(chips: dict[tuple[str, str], tuple[str, ...]], place: str, value: str) -> None:
    key, _, quantifier = place.partition(".")
    if value and quantifier in QUANTIFIERS and any(f.key == key for f in FIELDS):
        had = chips.get((key, quantifier), ())
        chips[key, quantifier] = had if value in had else (*had, value)


def changed(form: RuleForm, pick: str = "", drop: str = "") -> RuleForm:
    """After a suggestion was picked or a value taken away, and with everything added that stands typed.

    Picking answers what was typed in that place, so that text is gone then.
    """
    chips, typed, faults = dict(form.chips), dict(form.typed), dict(form.faults)
    if pick:
        place, _, value = pick.partition("=")
        _put(chips, place, value)
        typed.pop(place, None)
    if drop:
        place, _, value = drop.partition("=")
        key, _, quantifier = place.partition(".")
        chips[key, quantifier] = tuple(v for v in chips.get((key, quantifier), ()) if v != value)
    for place, text in list(typed.items()):
        try:
            for part in _parts(place, text):
                _put(chips, place, resolve(place.partition(".")[0], part))
            del typed[place]
        except (InputError, KeyError) as exc:
            faults[place] = exc.message if isinstance(exc, InputError) else "There is no such field."
    return form.with_(chips=chips, typed=typed, faults=faults)


def _parts(place: str, text: str) -> list[str]:
    """Several names at once, by commas or lines; a text phrase or a pattern may hold a comma."""
    if place.startswith("text."):
        return [text.strip()]
    return [part.strip() for part in text.replace("\n", ",").replace(";", ",").split(",") if part.strip()]


def of(spec: SubscriptionSpec, channels: Sequence[int], revision: int) -> RuleForm:
    """The form of a stored subscription."""
    cadence = parse_cadence(spec.cadence)
    quiet = parse_quiet(spec.quiet) if spec.quiet else None
    zone = cadence.zone if cadence.kind != "instant" else quiet.zone if quiet else "Europe/Paris"
    return RuleForm(
        name=spec.name,
        chips={(f.key, q): v for f in FIELDS for q in QUANTIFIERS if (v := getattr(spec.rule.condition(f.key), q))},
        role=spec.rule.role.value,
        cadence=cadence.kind,
        first=cadence.first,
        at=f"{cadence.at:%H:%M}",
        day=DAYS[cadence.day],
        zone=zone,
        quiet_from=f"{quiet.start:%H:%M}" if quiet else "",
        quiet_to=f"{quiet.end:%H:%M}" if quiet else "",
        cap_per_day=str(spec.cap_per_day or ""),
        priority=tuple(e.value for e in spec.priority),
        digest_by=spec.digest_by,
        channels=tuple(channels),
        revision=revision,
    )


def as_file(form: RuleForm, state: str, labels: Mapping[int, str]) -> dict[str, Any]:
    """What a rule file would say: checked by the very parser of rule files."""
    rule: dict[str, Any] = {}
    for (key, quantifier), values in form.chips.items():
        if values:
            rule.setdefault(key, {})[quantifier] = list(values)
    if form.role != "primary":
        rule["role"] = form.role
    data: dict[str, Any] = {"name": form.name, "rule": rule, "cadence": cadence_text(form), "state": state}
    if form.quiet_from or form.quiet_to:
        data["quiet"] = f"{form.quiet_from}-{form.quiet_to} {form.zone}"
    if form.cap_per_day:
        data["cap_per_day"] = form.cap_per_day
    if form.priority:
        data["priority"] = list(form.priority)
    if form.digest_by != "drug":
        data["digest_by"] = form.digest_by
    data["channels"] = [{"channel": labels[c]} for c in form.channels if c in labels]
    if form.new_email.strip():
        data["channels"].append({"email": form.new_email.strip()})
    return data


def cadence_text(form: RuleForm) -> str:
    if form.cadence == "instant":
        return "instant"
    day = f"{form.day} " if form.cadence == "weekly" else ""
    return f"{'first then ' if form.first else ''}{form.cadence} {day}{form.at} {form.zone}"


# Where in the form a fault of the parser is shown.
_PLACES = {
    "missing_key": "name", "too_long": "name", "empty_rule": "rule", "no_channel": "channels", "bad_email": "new_email",
    "bad_cadence": "cadence", "bad_quiet": "quiet", "bad_cap": "cap_per_day", "unknown_event": "priority",
    "bad_pattern": "rule", "bad_role": "rule", "bad_state": "name", "bad_digest_by": "cadence",
}  # fmt: skip
_SAID = {
    "empty_rule": "Say at least one thing that must hold; as it stands, the rule would match everything.",
    "no_channel": "Choose where to tell it, or save it as a draft.",
    "missing_key": "Give the rule a name.",
}


def check(form: RuleForm, state: str, labels: Mapping[int, str]) -> tuple[SubscriptionSpec | None, RuleForm]:
    """The specification if nothing is wrong; the form with its faults in any case."""
    parsed = parse(json.dumps(as_file(form, state, labels)), concepts())
    if form.typed or not parsed.specs or parsed.faults:
        found = {_PLACES.get(f.code, "rule"): _SAID.get(f.code, _sentence(f)) for f in parsed.faults}
        return None, form.with_(faults={**found, **form.faults})
    return parsed.specs[0], form


def _sentence(fault: Fault) -> str:
    return f"{fault.message[0].upper()}{fault.message[1:]}."


def rule_of(form: RuleForm) -> Rule:
    """The conditions alone, for a preview."""
    made = {
        f.key: Condition(**{q: form.values(f.key, q) for q in QUANTIFIERS})
        for f in FIELDS
        if any(form.values(f.key, q) for q in QUANTIFIERS)
    }
    return Rule.model_validate({**made, "role": form.role if form.role in {"primary", "mentioned"} else "primary"})


def stored_spec(spec: Mapping[str, Any], channels: Sequence[ChannelSpec] = ()) -> SubscriptionSpec:
    """A subscription's row as a specification again."""
    return SubscriptionSpec.model_validate({**spec, "channels": [c.model_dump() for c in channels]})
