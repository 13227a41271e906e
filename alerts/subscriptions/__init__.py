"""Match: story × subscriptions → alerts, with the reasons why and why not."""

from alerts.subscriptions.index import RuleIndex
from alerts.subscriptions.match import match
from alerts.subscriptions.parse import Fault, Parsed, parse
from alerts.subscriptions.preview import Archive, Found, Preview
from alerts.subscriptions.rule import ChannelSpec, Rule, SubscriptionSpec

__all__ = [
    "Archive",
    "ChannelSpec",
    "Fault",
    "Found",
    "Parsed",
    "Preview",
    "Rule",
    "RuleIndex",
    "SubscriptionSpec",
    "match",
    "parse",
]
