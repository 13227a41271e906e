"""Match: story × subscriptions → alerts, with the reasons why and why not."""
