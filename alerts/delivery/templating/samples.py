# SPDX-License-Identifier: MIT
"""Made-up values by which a template's variables are known, and on which it is tried before any story is there."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alerts.delivery.digest import Waiting, digest
from alerts.delivery.values import alert_values, digest_values
from alerts.model import Alert, AlertKind, Digest, EventType, FactRow, MatchReason, Quote, SourceLine

LINKS = {
    name: f"https://oncowire.example.org/{name}/sample"
    for name in ("story", "more", "mute", "pause", "manage", "unsubscribe")
}


def full() -> Alert:
    """An update in which everything is filled."""
    return Alert(
        kind=AlertKind.UPDATE,
        story_id=1,
        revision=1,
        status_line="EU approval",
        drugs="examplumab",
        cancers="gastric cancer",
        headline="Examplumab cleared in Europe",
        sentence="The European Commission approved examplumab for gastric cancer on 3 March 2026.",
        event=EventType.APPROVAL,
        facts=(FactRow(label="Drug", value="examplumab (Exemplar)"), FactRow(label="Cancer", value="gastric cancer")),
        quotes=(Quote(text="Median survival was 14.1 and 11.0 months.", outlet="Example Pharma", url=LINKS["story"]),),
        sources=tuple(
            SourceLine(outlet=o, title=f"News at {o}", url=LINKS["story"], published=datetime(2026, 3, 3, tzinfo=UTC))
            for o in ("Example Agency", "Example Wire")
        ),
        subscription="Gastric cancer in Europe",
        reasons=(
            MatchReason(
                field="indications",
                wanted="stomach cancer",
                found="gastric cancer",
                path=("gastric cancer", "stomach cancer"),
            ),
        ),
        follows_headline="Experts recommend examplumab",
        follows_date=date(2026, 1, 20),
        event_date=date(2026, 3, 3),
        links=LINKS,
    )


def bare() -> Alert:
    """A story of which next to nothing is known."""
    return Alert(
        kind=AlertKind.STORY, story_id=2, revision=1, status_line="News", drugs="", cancers="", headline="A line",
        sentence="There is news.", event=EventType.UNKNOWN, subscription="All", links=LINKS,
    )  # fmt: skip


def gathered(alerts: Sequence[Alert] = ()) -> Digest:
    """A digest of these, by drug; of our samples if there are none."""
    now = datetime(2026, 3, 4, 7, tzinfo=UTC)
    waiting = [Waiting(one, now, "cadence") for one in alerts or (full(), bare())]
    window = (now - timedelta(days=1), now)
    return digest(
        waiting, subscription="Gastric cancer in Europe", window=window, zone="Europe/Paris", by="drug", links=LINKS
    )


def known_of_digest() -> dict[str, Any]:
    """Sample values of a digest with a warning in it, so that every list holds something."""
    warned = full().model_copy(update={"event": EventType.SAFETY, "status_line": "EMA safety"})
    return digest_values(gathered((full(), warned)), 2)


def known() -> dict[str, Any]:
    """Sample values: their keys are the variables of a template."""
    return alert_values(full())
