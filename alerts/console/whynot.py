# SPDX-License-Identifier: MIT
"""“Why not sent?” of a stored story: every rule of the team, by the very code that matches, with what became of its alerts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlmodel import Session

from alerts.console.rules.article import wanted
from alerts.console.rules.preview import instead
from alerts.facts import concepts
from alerts.model import DeliveryState, Facts, Match
from alerts.pipeline.matching import MAX_MEMBERS
from alerts.store import browse, digests, items, rules, stories
from alerts.store.browse import Asked, DeliveryLine
from alerts.store.items import StoredItem
from alerts.store.tables import DigestEntry, MatchRow, Story, Subscription
from alerts.subscriptions import Rule, match

OPEN = {DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.RETRY}
Read = Sequence[tuple[StoredItem, Facts]]


class Failed(NamedTuple):
    """A condition that did not hold: what the rule wants and what the nearest claim says."""

    field: str
    wanted: str
    found: str


class Answer(NamedTuple):
    """One rule. `code`: told · waits · unsure · left_out · silent · not_then · missed; `words` says it in a sentence."""

    rule: Subscription
    code: str
    words: str
    failed: Sequence[Failed] = ()
    sent: Sequence[DeliveryLine] = ()
    entries: Sequence[DigestEntry] = ()


def answers(session: Session, story: Story, team_id: int) -> list[Answer]:
    """Of all rules of the team, those that met the story first, then the nearest misses."""
    order = ("told", "waits", "unsure", "left_out", "silent", "not_then", "missed")
    made = each(session, story, team_id, rules.all_of(session, team_id))
    return sorted(made, key=lambda a: (order.index(a.code), len(a.failed), a.rule.name.lower()))


def each(session: Session, story: Story, team_id: int, asked: Iterable[Subscription]) -> Iterator[Answer]:
    """Of these rules of the team, in their order, each worked out when it is asked for."""
    assert story.id is not None
    loaded = items.load(session, stories.members(session, story.id)[-MAX_MEMBERS:])
    facts = items.facts_of_all(session, loaded)
    read = [(item, facts[item.id]) for item in loaded]
    met = {m.subscription_id: m for m, _ in browse.told(session, story.id, team_id)}
    for rule in asked:
        yield _answer(session, story, rule, met.get(rule.id or 0), read)


def _answer(session: Session, story: Story, rule: Subscription, row: MatchRow | None, read: Read) -> Answer:
    if row is not None:
        return _matched(session, story, rule)
    found, facts = nearest(Rule.model_validate(rule.spec["rule"]), read)
    if not found.match:
        failed = [Failed(f, wanted(rule, f), instead(f, facts, found.claim) if facts else "") for f in found.failed]
        said = "" if failed else "Nothing in it is what the news is about."
        return Answer(rule, "missed", said, failed)
    code, words = not_told(story.silent_reason, rule.state)
    return Answer(rule, code, words)


def nearest(rule: Rule, read: Read) -> tuple[Match, Facts | None]:
    """The match of the first source that meets the rule, else the one with the fewest failing conditions."""
    best: tuple[Match, Facts | None] = (Match(match=False), None)
    for item, facts in read:
        found = match(rule, item.news, facts, concepts())
        if found.match:
            return found, facts
        if best[1] is None or len(found.failed) < len(best[0].failed):
            best = (found, facts)
    return best


def not_told(silent_reason: str | None, state: str) -> tuple[str, str]:
    """Code and words for a rule that fits the story and was not told of it."""
    if silent_reason is not None:
        return "silent", f"It fits, but nobody is told of this story: {silent_reason.replace('_', ' ')}."
    if state != "active":
        return "silent", f"It fits, but the rule is {'a draft' if state == 'draft' else state}: it tells nobody."
    return (
        "not_then",
        "It fits as the rule is now; when the story came, the rule was not there, not active, or asked for more.",
    )


def _matched(session: Session, story: Story, rule: Subscription) -> Answer:
    filters = {"story": str(story.id), "subscription": str(rule.id)}
    sent = browse.deliveries(session, rule.team_id, Asked(filters=filters)).rows
    entries = digests.of_story(session, rule.id or 0, story.id or 0)
    digested = digests.states(session, entries)
    waiting = any(e.told_at is None for e in entries)
    code, words = became({line.delivery.state for line in sent} | digested, waiting=waiting, left_out=bool(entries))
    return Answer(rule, code, words, sent=sent, entries=entries)


def became(states: set[str], *, waiting: bool, left_out: bool) -> tuple[str, str]:
    """Code and words for a rule that met the story, from the states of its deliveries and what a digest holds of it."""
    if DeliveryState.SENT in states:
        return "told", "It fits, and it was told."
    if states & OPEN or waiting:
        return "waits", "It fits; it is on its way or waits for a later message."
    if DeliveryState.UNKNOWN in states:
        return "unsure", "It fits; whether it arrived is not known."
    if states:
        return "left_out", "It fits, but it did not arrive:"
    if left_out:
        return "left_out", "It fits, but its readers had said that they do not want it."
    return "left_out", "It fits, but the rule had no channel that could be written to."
