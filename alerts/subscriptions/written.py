# SPDX-License-Identifier: MIT
"""Subscriptions as rule files have them: `parse(written([spec]))` gives the same specifications back. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from alerts.model import Concepts, Role
from alerts.subscriptions.rule import CONCEPT_FIELDS, FIELDS, ChannelSpec, Condition, Rule, SubscriptionSpec


def written(specs: Sequence[SubscriptionSpec], concepts: Concepts) -> str:
    """YAML with names instead of ids wherever the name leads back to the same concept."""
    return yaml.dump(
        [as_data(spec, concepts) for spec in specs],
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),  # seven times as fast, where libyaml is there
        sort_keys=False,
        allow_unicode=True,
        width=110,
        default_flow_style=None,
    )


def as_data(spec: SubscriptionSpec, concepts: Concepts) -> dict[str, Any]:
    """Keys and values of a rule file; what is default is left out, but for cadence and state, which people look for."""
    data: dict[str, Any] = {"name": spec.name, "rule": _rule(spec.rule, concepts), "cadence": spec.cadence}
    data |= {key: value for key in ("quiet", "cap_per_day") if (value := getattr(spec, key)) is not None}
    if spec.priority:
        data["priority"] = [event.value for event in spec.priority]
    if spec.digest_by != "drug":
        data["digest_by"] = spec.digest_by
    if spec.channels:
        data["channels"] = [_channel(channel) for channel in spec.channels]
    return data | {"state": spec.state}


def _rule(rule: Rule, concepts: Concepts) -> dict[str, Any]:
    data: dict[str, Any] = {f: _condition(f, c, concepts) for f in FIELDS if not (c := rule.condition(f)).empty}
    return data | ({"role": rule.role.value} if rule.role is not Role.PRIMARY else {})


def _condition(field: str, condition: Condition, concepts: Concepts) -> dict[str, list[str]]:
    kept = {key: getattr(condition, key) for key in ("any", "all", "none") if getattr(condition, key)}
    return {key: [name_of(field, value, concepts) for value in values] for key, values in kept.items()}


def name_of(field: str, value: str, concepts: Concepts) -> str:
    """The preferred name of a concept if it is understood in this field, else its id; words as they are."""
    kind = CONCEPT_FIELDS.get(field)
    ref = concepts.get(value) if kind else None
    if kind is None or ref is None:
        return value
    name = f"{ref.kind}:{ref.name}" if ref.kind in {"class", "target"} else ref.name
    found = concepts.resolve(kind, name)
    return name if found is not None and found.id == value else value


def _channel(channel: ChannelSpec) -> dict[str, Any]:
    config: Mapping[str, str] = channel.config
    value: Any = dict(config) if "bot_token" in config else next(iter(config.values()))
    times = {k: v for k in ("cadence", "quiet", "cap_per_day") if (v := getattr(channel, k)) is not None}
    fallback = {"fallback": _channel(channel.fallback)} if channel.fallback else {}
    return {channel.kind: value, **times, **fallback}
