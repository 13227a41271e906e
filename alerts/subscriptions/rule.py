# SPDX-License-Identifier: MIT
"""Rules and subscriptions as values."""

from typing import Literal

from pydantic import Field

from alerts.model import EventType, Role, Value

CONCEPT_FIELDS = {"drugs": "drug", "indications": "indication", "regulators": "regulator", "biomarkers": "biomarker"}
FIELDS = ("drugs", "indications", "events", "regulators", "biomarkers", "settings", "text", "sources")


class Condition(Value):
    """any: one of them must hold · all: every one · none: no one. Concepts by id, texts as written."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.any or self.all or self.none)


class Rule(Value):
    """Every condition that is given must hold of one claim of the item."""

    drugs: Condition = Condition()
    indications: Condition = Condition()
    events: Condition = Condition()
    regulators: Condition = Condition()
    biomarkers: Condition = Condition()
    settings: Condition = Condition()
    text: Condition = Condition()
    sources: Condition = Condition()
    role: Role = Role.PRIMARY

    def condition(self, field: str) -> Condition:
        found: Condition = getattr(self, field)
        return found


class ChannelSpec(Value):
    """A destination as a rule file names it. `config` keys: address · url · bot_token, channel · label.

    `cadence`, `quiet`, `cap_per_day` of a channel stand above those of its subscription.
    """

    kind: Literal["email", "slack", "teams", "channel"]
    config: dict[str, str] = Field(default_factory=dict)
    cadence: str | None = None
    quiet: str | None = None
    cap_per_day: int | None = None
    fallback: "ChannelSpec | None" = None  # told instead when this one is beyond help


class SubscriptionSpec(Value):
    """One subscription of a rule file; names are resolved to concept ids."""

    name: str
    rule: Rule
    cadence: str = "instant"
    quiet: str | None = None
    cap_per_day: int | None = None
    priority: tuple[EventType, ...] = ()  # told at once whatever the rhythm
    digest_by: Literal["drug", "cancer"] = "drug"
    channels: tuple[ChannelSpec, ...] = ()
    state: Literal["draft", "active", "paused"] = "active"
