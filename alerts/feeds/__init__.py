"""Poll: feed address → new or changed items."""

from alerts.feeds.decide import Change, Schedule, first_poll_s
from alerts.feeds.opml import ListedFeed, read_opml, starter, write_opml
from alerts.feeds.poll import Attempt, FeedState, PollResult, host_key, poll

__all__ = [
    "Attempt",
    "Change",
    "FeedState",
    "ListedFeed",
    "PollResult",
    "Schedule",
    "first_poll_s",
    "host_key",
    "poll",
    "read_opml",
    "starter",
    "write_opml",
]
