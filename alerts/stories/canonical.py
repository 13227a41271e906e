# SPDX-License-Identifier: MIT
"""Canonical facts of a story: what later items are compared with, never with any other member."""

from alerts.model import Claim, Facts, NewsItem, Role, StoryFacts

ROUND_UP = 3  # so many foreground claims on different drugs are a round-up


def story_facts(facts: Facts, item: NewsItem | None = None) -> StoryFacts:
    """The foreground claim of the item's news, with what belongs to the item as a whole."""
    news = [c for c in facts.claims if c.foreground]
    lead = news[0] if news else Claim(event=facts.event.type, status=facts.event.status)
    return StoryFacts(
        drugs=lead.drugs or tuple(d.id for d in facts.drugs if d.role is Role.PRIMARY),
        indications=lead.indications,
        biomarkers=lead.biomarkers,
        event=lead.event,
        status=lead.status,
        regulator=lead.regulator,
        setting=lead.setting,
        trials=tuple(dict.fromkeys(name.upper() for t in facts.trials for name in (t.id, t.acronym) if name)),
        event_date=lead.event_date,
        companies=tuple(c.lower() for c in facts.companies),
        first_told=item.published or item.first_seen if item else None,
        round_up=len({c.drugs for c in news}) >= ROUND_UP,
    )
