# SPDX-License-Identifier: MIT
"""Alerts and digests to render, in words of our own."""

from datetime import UTC, date, datetime
from typing import Any

from alerts.model import (
    Alert,
    AlertKind,
    Digest,
    DigestGroup,
    EventType,
    FactRow,
    MatchReason,
    Quote,
    SourceLine,
    SourceTier,
)

HOSTILE = (
    "<!channel> <@U1> [x](javascript:alert(1)) *b* _i_ ~s~ `c` <at>all</at> <script>alert(1)</script>"
    "\r\nBcc: c@example.org\u202e\x00 {{DATE(2026-01-01T00:00:00Z, SHORT)}} &lt;!here&gt; http://x.example.org/|y>"
)
LINKS = {
    "story": "https://wire.example.org/stories/7",
    "mute": "https://wire.example.org/s/mute?t=a.b-c_d",
    "manage": "https://wire.example.org/s/manage?t=a.b-c_d",
    "unsubscribe": "https://wire.example.org/s/leave?t=a.b-c_d",
}
NET = "pancreatic and extra-pancreatic neuroendocrine tumors"


def approval(**changes: Any) -> Alert:
    """An EU approval in three outlets."""
    made = Alert(
        kind=AlertKind.STORY,
        story_id=7,
        revision=1,
        status_line="EU approval",
        drugs="cabozantinib",
        cancers=NET,
        headline="Cabozantinib cleared in Europe for neuroendocrine tumours",
        sentence=f"The European Commission approved cabozantinib for {NET} on 24 July 2025.",
        event=EventType.APPROVAL,
        facts=(
            FactRow(label="Drug", value="cabozantinib (Cabometyx), multikinase inhibitor"),
            FactRow(label="Company", value="Ipsen"),
            FactRow(label="Cancer", value=NET),
            FactRow(label="Setting", value="previously treated, advanced"),
            FactRow(label="Regulator", value="European Commission"),
            FactRow(label="Date", value="24 July 2025"),
            FactRow(label="Trial", value="CABINET (NCT03375320), phase 3"),
        ),
        quotes=(
            Quote(
                text="Median progression-free survival was 13.8 months with cabozantinib and 4.4 months with placebo "
                "(hazard ratio 0.23, 95% CI 0.12–0.42).",
                outlet="Example Pharma",
                url="https://pharma.example.org/news/net",
            ),
        ),
        sources=(
            SourceLine(
                outlet="European Commission",
                title="Union register: Cabometyx, new indication",
                url="https://register.example.org/h1136?l=en&v=2",
                tier=SourceTier.REGULATOR,
                published=datetime(2025, 7, 24, 9, tzinfo=UTC),
            ),
            SourceLine(outlet="Example Pharma", title="Our medicine in NET", url="https://pharma.example.org/news/net"),
            SourceLine(outlet="Oncology Wire", title="EU clears cabozantinib", url="https://news.example.org/1"),
        ),
        subscription="EU approvals in neuroendocrine tumours",
        reasons=(
            MatchReason(field="drugs", wanted="cabozantinib", found="cabozantinib"),
            MatchReason(
                field="indications",
                wanted="neuroendocrine tumor",
                found="pancreatic neuroendocrine tumor",
                path=("pancreatic neuroendocrine tumor", "neuroendocrine tumor"),
            ),
            MatchReason(field="events", wanted="approval", found="approval"),
            MatchReason(field="regulators", wanted="EC", found="EC"),
        ),
        event_date=date(2025, 7, 24),
        links=LINKS,
    )
    return made.model_copy(update=changes)


def update() -> Alert:
    """The same approval for somebody who was told of the opinion before it."""
    return approval(
        kind=AlertKind.UPDATE,
        follows_headline="Experts of the EMA recommend cabozantinib in neuroendocrine tumours",
        follows_date=date(2025, 6, 20),
    )


def miss(**changes: Any) -> Alert:
    """A trial that missed."""
    return approval(
        status_line="Trial miss",
        drugs="exampletinib",
        cancers="gastric cancer",
        headline="Exampletinib misses survival goal",
        sentence="A trial of exampletinib for gastric cancer missed its goal.",
        event=EventType.TRIAL_NEGATIVE,
        facts=(),
        quotes=(),
        event_date=None,
        sources=(SourceLine(outlet="Oncology Wire", title="No survival gain", url="https://news.example.org/2"),),
    ).model_copy(update=changes)


def everywhere(text: str, count: int = 1, kind: AlertKind = AlertKind.STORY) -> Alert:
    """The same text in every place that a feed or a team can fill."""
    return Alert(
        kind=kind,
        story_id=1,
        revision=1,
        status_line=text,
        drugs=text,
        cancers=text,
        headline=text,
        sentence=text,
        event=EventType.APPROVAL,
        facts=(FactRow(label=text, value=text),) * count,
        quotes=(Quote(text=text, outlet=text, url=text),) * count,
        sources=(
            SourceLine(outlet=text, title=text, url=text),
            *(SourceLine(outlet=text, title=text, url="https://example.org/a?b=1&c=2"),) * count,
        ),
        subscription=text,
        reasons=(MatchReason(field="drugs", wanted=text, found=text, path=(text, text)),) * count,
        follows_headline=text if kind is AlertKind.UPDATE else None,
        links=LINKS,
    )


def warning() -> Alert:
    """A safety warning on the approved drug."""
    return approval(
        event=EventType.SAFETY,
        status_line="Safety warning",
        cancers="",
        headline="Cabozantinib: watch for perforations",
        sentence="The European Medicines Agency warned of gastrointestinal perforation with cabozantinib.",
        facts=(FactRow(label="Drug", value="cabozantinib (Cabometyx)"), FactRow(label="Regulator", value="EMA")),
        quotes=(),
        sources=(
            SourceLine(
                outlet="EMA",
                title="Perforation risk with cabozantinib",
                url="https://register.example.org/s9",
                tier=SourceTier.REGULATOR,
            ),
        ),
    )


def digest(*groups: DigestGroup, **changes: Any) -> Digest:
    """A day's digest; of an update, a warning and a miss if no groups are given."""
    told = groups or (
        DigestGroup(heading="cabozantinib", alerts=(update(), warning())),
        DigestGroup(heading="exampletinib", alerts=(miss(),)),
    )
    made = Digest(
        subscription="NET, daily",
        window_start=datetime(2025, 7, 23, 6, tzinfo=UTC),
        window_end=datetime(2025, 7, 24, 6, tzinfo=UTC),
        zone="Europe/Paris",
        groups=told,
        links={
            **LINKS,
            "pause": "https://wire.example.org/s/pause?t=a.b-c_d",
            "more": "https://wire.example.org/stories",
        },
    )
    return made.model_copy(update=changes)
