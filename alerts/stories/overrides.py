# SPDX-License-Identifier: MIT
"""Splits and merges by hand: they outrank the rules and survive re-runs and re-reading with a new extractor."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from alerts.model import Decision, Grouping, GroupReason, Value


class Override(Value):
    """What a person said about one item. merge: it belongs to `story_id`; split: it must not be in `story_id`."""

    kind: Literal["merge", "split"]
    story_id: int
    author: str
    at: datetime


def overridden(grouping: Grouping, overrides: Sequence[Override]) -> Grouping:
    """The decision after the overrides of its item were heard; the newest speaks last."""
    for said in sorted(overrides, key=lambda o: o.at):
        if said.kind == "merge":
            grouping = _by_hand(Decision.SAME, said, f"Merged by {said.author}", story_id=said.story_id)
        elif grouping.story_id == said.story_id and grouping.decision is Decision.SAME:
            grouping = _by_hand(Decision.NEW, said, f"Split off by {said.author}", related=(said.story_id,))
    forbidden = {o.story_id for o in overrides if o.kind == "split"}
    also = tuple(a for a in grouping.also if a.story_id not in forbidden)
    return grouping if also == grouping.also else grouping.model_copy(update={"also": also})


def _by_hand(
    decision: Decision, said: Override, verb: str, story_id: int | None = None, related: tuple[int, ...] = ()
) -> Grouping:
    reason = GroupReason(code=f"by_hand_{said.kind}", text=f"{verb} on {said.at:%Y-%m-%d}; this outranks the rules.")
    return Grouping(decision=decision, story_id=story_id, related=related, reason=reason)
