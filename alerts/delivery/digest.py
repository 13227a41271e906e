# SPDX-License-Identifier: MIT
"""What waited becomes one digest: grouped by drug or by cancer, newest first. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from alerts.model import Alert, Digest, DigestGroup

UNNAMED = {"drug": "No drug named", "cancer": "No cancer named"}


class Waiting(NamedTuple):
    """An alert that waited: since when the story is known, and why it was held."""

    alert: Alert
    seen: datetime
    why: str


def digest(
    waiting: Sequence[Waiting],
    *,
    subscription: str,
    window: tuple[datetime, datetime],
    zone: str,
    by: Literal["drug", "cancer"],
    links: dict[str, str],
) -> Digest:
    """`waiting` is never empty: an empty digest is not sent."""
    newest = sorted(waiting, key=lambda w: (w.seen, w.alert.story_id), reverse=True)
    return Digest(
        subscription=subscription,
        window_start=window[0],
        window_end=window[1],
        zone=zone,
        why=_why(w.why for w in waiting),
        grouped_by=by,
        groups=tuple(_groups(newest, by)),
        links=links,
    )


def _groups(newest: Sequence[Waiting], by: Literal["drug", "cancer"]) -> Iterable[DigestGroup]:
    """In the order of their newest story; what names no drug (or cancer) comes last."""
    found: dict[str, list[Alert]] = {}
    for waiting in newest:
        named = waiting.alert.drugs if by == "drug" else waiting.alert.cancers
        found.setdefault(named, []).append(waiting.alert)
    unnamed = found.pop("", None)
    for heading, alerts in found.items():
        yield DigestGroup(heading=heading, alerts=tuple(alerts))
    if unnamed:
        yield DigestGroup(heading=UNNAMED[by], alerts=tuple(unnamed))


def _why(reasons: Iterable[str]) -> Literal["cadence", "quiet", "cap", "snooze", "mixed"]:
    given = set(reasons)
    for one in ("cadence", "quiet", "cap", "snooze"):
        if given == {one}:
            return one
    return "mixed"
