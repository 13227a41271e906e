# SPDX-License-Identifier: MIT
"""The sample news and what must come of it, read from data/newsroom.yaml and data/rules/*.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import model_validator

from alerts.model import AlertKind, ChannelKind, Value

DATA = Path(__file__).with_name("data")
RULES = DATA / "rules"
SAMPLE_RECEIVER = "127.0.0.1:8071"  # stands in the rule files for the port that the demo finds free


class FeedPlan(Value):
    title: str
    format: Literal["rss", "atom", "rdf"]
    tier: str
    path: str


class Article(Value):
    """One item. `hours_ago` is counted from the moment of its release."""

    id: str
    feed: str
    wave: int
    hours_ago: float = 0.0
    title: str
    html: str


class StoryPlan(Value):
    """Items that are one story, the story it follows, and who must be told of it (subscription → kind)."""

    name: str
    items: tuple[str, ...]
    follows: str | None = None
    told: dict[str, AlertKind]


class Told(NamedTuple):
    """One delivery: who was told of what, how."""

    subscription: str
    story: str
    channel: ChannelKind
    kind: AlertKind

    def __str__(self) -> str:
        return f"{self.subscription!r} of {self.story!r} by {self.channel} ({self.kind})"


class Newsroom(Value):
    """The whole file. Refuses one that contradicts itself."""

    feeds: dict[str, FeedPlan]
    people: dict[str, str]
    items: tuple[Article, ...]
    stories: tuple[StoryPlan, ...]
    quiet: dict[str, str]

    @model_validator(mode="after")
    def _whole(self) -> "Newsroom":
        ids = [item.id for item in self.items]
        placed = [item for story in self.stories for item in story.items] + list(self.quiet)
        if sorted(ids) != sorted(placed):
            raise ValueError(f"each item belongs to one story or to quiet: {sorted(set(ids) ^ set(placed))}")
        if unknown := {item.feed for item in self.items} - set(self.feeds):
            raise ValueError(f"unknown feed {unknown}")
        names = [story.name for story in self.stories]
        if unknown := {story.follows for story in self.stories if story.follows} - set(names):
            raise ValueError(f"unknown story {unknown}")
        return self

    @property
    def waves(self) -> list[int]:
        return sorted({item.wave for item in self.items})

    def wave(self, number: int) -> list[Article]:
        return [item for item in self.items if item.wave == number]

    def expected(self, channels: Mapping[str, tuple[ChannelKind, ...]], until_wave: int) -> set[Told]:
        """Deliveries that must have been made once everything up to `until_wave` is out."""
        first_wave = {item.id: item.wave for item in self.items}
        return {
            Told(subscription, story.name, channel, kind)
            for story in self.stories
            if min(first_wave[item] for item in story.items) <= until_wave
            for subscription, kind in story.told.items()
            for channel in channels[subscription]
        }


def load(path: Path = DATA / "newsroom.yaml") -> Newsroom:
    return Newsroom.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def channels_of_rules(folder: Path = RULES) -> dict[str, tuple[ChannelKind, ...]]:
    """Subscription → kinds of its channels, as the rule files say."""
    subscriptions = [rule for path in sorted(folder.glob("*.yaml")) for rule in yaml.safe_load(path.read_text("utf-8"))]
    return {
        rule["name"]: tuple(ChannelKind(kind) for channel in rule["channels"] for kind in channel)
        for rule in subscriptions
    }


def write_rules(folder: Path, receiver: str) -> None:
    """Copy the rule files with the real `host:port` of the local receivers."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(RULES.glob("*.yaml")):
        text = path.read_text(encoding="utf-8").replace(SAMPLE_RECEIVER, receiver)
        (folder / path.name).write_text(text, encoding="utf-8")
