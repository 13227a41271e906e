# SPDX-License-Identifier: MIT
"""Colour and icon of each kind of event. The words stand beside both always: neither is needed to understand a message."""

from typing import NamedTuple

from alerts.model import EventType


class Look(NamedTuple):
    """`colour` carries white text, `text_colour` stands on white, `dark_colour` on the dark card: each at 4.5:1 or more
    (WCAG 2.2, 1.4.3); `teams` is the Adaptive Card's own name of the colour."""

    tone: str  # good · bad · warn · plain
    colour: str
    dark_colour: str
    teams: str


GOOD = Look("good", "#1a7f37", "#6bd28a", "Good")
BAD = Look("bad", "#b42318", "#ff9c92", "Attention")
WARN = Look("warn", "#a15c07", "#f5b35c", "Warning")
PLAIN = Look("plain", "#175cd3", "#84adff", "Accent")

_EVENTS: dict[EventType, tuple[Look, str]] = {
    EventType.APPROVAL: (GOOD, "✅"),
    EventType.LABEL_EXPANSION: (GOOD, "🆕"),
    EventType.FILING_STATUS: (PLAIN, "📄"),
    EventType.DESIGNATION: (PLAIN, "🏷️"),
    EventType.OPINION_POSITIVE: (GOOD, "👍"),
    EventType.REJECTION: (BAD, "⛔"),
    EventType.TRIAL_POSITIVE: (GOOD, "📈"),
    EventType.TRIAL_NEGATIVE: (BAD, "📉"),
    EventType.TRIAL_UPDATE: (PLAIN, "📊"),
    EventType.TRIAL_START: (PLAIN, "🧪"),
    EventType.TRIAL_STOPPED: (BAD, "🛑"),
    EventType.SAFETY: (WARN, "⚠️"),
    EventType.WITHDRAWAL: (BAD, "↩️"),
    EventType.ACCESS: (GOOD, "🏥"),
    EventType.DEAL: (PLAIN, "🤝"),
    EventType.CORPORATE: (PLAIN, "🏢"),
    EventType.CONFERENCE: (PLAIN, "🎤"),
    EventType.RESEARCH: (PLAIN, "🔬"),
    EventType.OTHER: (PLAIN, "📰"),
    EventType.UNKNOWN: (PLAIN, "📰"),
}


WARNINGS = frozenset({EventType.SAFETY, EventType.WITHDRAWAL})  # stand first in a digest, whatever is newest


def look(event: EventType) -> Look:
    return _EVENTS[event][0]


def icon(event: EventType) -> str:
    return _EVENTS[event][1]
