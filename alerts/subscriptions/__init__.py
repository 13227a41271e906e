"""Match: story × subscriptions → alerts, with the reasons why and why not."""

from alerts.subscriptions.match import match
from alerts.subscriptions.parse import Fault, Parsed, parse
from alerts.subscriptions.rule import ChannelSpec, Rule, SubscriptionSpec

__all__ = ["ChannelSpec", "Fault", "Parsed", "Rule", "SubscriptionSpec", "match", "parse"]
