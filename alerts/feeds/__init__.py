"""Poll: feed address → new or changed items."""

from alerts.feeds.check import Checked, check, discover
from alerts.feeds.decide import Change, Schedule, first_poll_s
from alerts.feeds.memory import Memory, Notice, Options
from alerts.feeds.opml import ListedFeed, read_opml, starter, write_opml
from alerts.feeds.parse import Selectors
from alerts.feeds.politeness import host_key
from alerts.feeds.poll import Attempt, FeedState, PollResult, poll, unsaved
from alerts.feeds.sandbox import Sandbox, sandbox

__all__ = [
    "Attempt",
    "Change",
    "Checked",
    "FeedState",
    "ListedFeed",
    "Memory",
    "Notice",
    "Options",
    "PollResult",
    "Sandbox",
    "Schedule",
    "Selectors",
    "check",
    "discover",
    "first_poll_s",
    "host_key",
    "poll",
    "read_opml",
    "sandbox",
    "starter",
    "unsaved",
    "write_opml",
]
