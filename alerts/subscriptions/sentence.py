# SPDX-License-Identifier: MIT
"""A rule read back as an English sentence, so that whoever wrote it sees what it says. Pure."""

from alerts.model import Concepts, EventType, Role
from alerts.subscriptions.rule import CONCEPT_FIELDS, Condition, Rule

# How a condition on a field is introduced, and how its refusal is.
PHRASES = {
    "drugs": ("about {}", "not about {}"),
    "indications": ("in {}", "not in {}"),
    "biomarkers": ("with {}", "not with {}"),
    "regulators": ("decided by {}", "not decided by {}"),
    "settings": ("in the setting {}", "not in the setting {}"),
    "text": ("whose text says {}", "whose text does not say {}"),
    "sources": ("from {}", "not from {}"),
}
WIDE = {"class": "any {}", "target": "anything that acts on {}"}


def sentence(rule: Rule, concepts: Concepts) -> str:
    """“Approvals or label expansions about cabozantinib in neuroendocrine tumor or any kind of it, decided by EC. …”"""
    said = [_events(rule.events)]
    refused = []
    for field, (yes, no) in PHRASES.items():
        condition = rule.condition(field)
        wanted = [part for part in (_all(field, condition, concepts), _any(field, condition, concepts)) if part]
        if wanted:
            said.append(yes.format(", and ".join(wanted)))
        if condition.none:
            refused.append(no.format(_list([_shown(field, v, concepts) for v in condition.none], "or")))
    if rule.events.none:
        refused.insert(0, f"no {_list([_words(v) for v in rule.events.none], 'or')}")
    whole = " ".join(said[:2]) + "".join(f", {part}" for part in said[2:])
    whole += f", but {_list(refused, 'and')}" if refused else ""
    return f"{whole[0].upper()}{whole[1:]}. {_role(rule.role)}"


def _role(role: Role) -> str:
    if role is Role.PRIMARY:
        return "All of that must be what the news is about, in one and the same claim."
    return "Background and drugs that are only mentioned (comparators, earlier treatments) count too."


def _events(condition: Condition) -> str:
    if condition.all and len(condition.all) > 1:
        return f"news that is {_list([_words(v) for v in condition.all], 'and')} at once"
    wanted = [*condition.any, *condition.all]
    return f"news of type {_list([_words(v) for v in wanted], 'or')}" if wanted else "any news"


def _any(field: str, condition: Condition, concepts: Concepts) -> str:
    shown = [_shown(field, value, concepts) for value in condition.any]
    if field == "indications" and shown:
        return f"{_list(shown, 'or')} ({'or any kind of it' if len(shown) == 1 else 'or any kind of them'})"
    return _list(shown, "or")


def _all(field: str, condition: Condition, concepts: Concepts) -> str:
    shown = [_shown(field, value, concepts) for value in condition.all]
    return (
        (("both " if len(shown) == 2 else "all of " if len(shown) > 2 else "") + _list(shown, "and")) if shown else ""
    )


def words_of(field: str, value: str, concepts: Concepts) -> str:
    """What a condition asks for by one of its values: “any PD-1 inhibitor”, “label expansion”."""
    return _words(value) if field == "events" else _shown(field, value, concepts)


def _shown(field: str, value: str, concepts: Concepts) -> str:
    if field not in CONCEPT_FIELDS:
        return f"“{value}”"
    ref = concepts.get(value)
    if ref is None:
        return value
    return WIDE[ref.kind].format(ref.name) if ref.kind in {"class", "target"} else ref.name


def _words(event: str) -> str:
    return EventType(event).value.replace("_", " ") if event in set(EventType) else event


def _list(parts: list[str], word: str) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"
