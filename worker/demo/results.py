# SPDX-License-Identifier: MIT
"""What the service made of the sample news, and whether that is what had to come of it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from alerts.model import AlertKind, ChannelKind, DeliveryState
from worker.demo.news import Newsroom, Told


class Sent(NamedTuple):
    """A delivery as the store has it."""

    subscription: str
    story: int
    channel: ChannelKind
    kind: AlertKind
    state: DeliveryState
    at: datetime
    subject: str
    why: str


class Snapshot(NamedTuple):
    """The store at one moment. `story_of`: item of the newsroom → its story; `open_work`: rows that are still due."""

    story_of: Mapping[str, int]
    follows: Mapping[int, int | None]
    deliveries: Sequence[Sent]
    items: int
    stories: int
    alerts: int
    open_work: int


def why(reasons: Sequence[Mapping[str, Any]]) -> str:
    """The conditions that were met, in one line: "pancreatic NET ⊂ neuroendocrine tumor, approval, EC"."""
    return ", ".join(dict.fromkeys(_reason(reason) for reason in reasons))


def _reason(reason: Mapping[str, Any]) -> str:
    found, wanted = str(reason.get("found", "")), str(reason.get("wanted", ""))
    return found if found.lower() == wanted.lower() else f"{found} ⊂ {wanted}"


def told(newsroom: Newsroom, snapshot: Snapshot) -> list[Told]:
    """Deliveries that were sent, with the sample's name of the story."""
    name_of = {
        snapshot.story_of[item]: story.name
        for story in newsroom.stories
        for item in story.items
        if item in snapshot.story_of
    }
    unplanned = {story: f"“{item}”" for item, story in snapshot.story_of.items()} | name_of
    return [
        Told(sent.subscription, unplanned.get(sent.story, f"story {sent.story}"), sent.channel, sent.kind)
        for sent in snapshot.deliveries
        if sent.state is DeliveryState.SENT
    ]


def faults(newsroom: Newsroom, expected: set[Told], snapshot: Snapshot, received: Mapping[str, int]) -> list[str]:
    """Everything that is not as the newsroom file says, one line each; empty if all is well."""
    sent = told(newsroom, snapshot)
    found = [f"not told: {one}" for one in sorted(expected - set(sent))]
    found += [f"told, but should not have been: {one}" for one in sorted(set(sent) - expected)]
    found += [f"told twice: {one}" for one in sorted({one for one in sent if sent.count(one) > 1})]
    found += _story_faults(newsroom, snapshot)
    for channel in ChannelKind:
        count = sum(one.channel is channel for one in sent)
        if received.get(channel.value, 0) != count:
            found.append(
                f"{channel}: {count} sent by the store's account, {received.get(channel.value, 0)} in the outbox"
            )
    return found


def _story_faults(newsroom: Newsroom, snapshot: Snapshot) -> list[str]:
    found, number_of = [], {}
    for plan in newsroom.stories:
        numbers = {snapshot.story_of.get(item) for item in plan.items}
        if len(numbers) != 1 or None in numbers:
            found.append(f"{plan.name!r} should be one story: {[(i, snapshot.story_of.get(i)) for i in plan.items]}")
        number_of[plan.name] = snapshot.story_of.get(plan.items[0])
    for plan in newsroom.stories:
        number = number_of[plan.name]
        wanted = number_of[plan.follows] if plan.follows else None
        if number is not None and plan.follows and snapshot.follows.get(number) != wanted:
            found.append(f"{plan.name!r} should follow {plan.follows!r}")
    shared = [name for name, number in number_of.items() if list(number_of.values()).count(number) > 1]
    if shared:
        found.append(f"these should be stories of their own: {', '.join(shared)}")
    return found
