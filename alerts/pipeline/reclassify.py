# SPDX-License-Identifier: MIT
"""What a change of the vocabulary would do to stored news: what is read otherwise, and which rules would say otherwise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlmodel import Session

from alerts.facts import concepts, reader
from alerts.facts.concepts import VocabularyConcepts
from alerts.facts.reader import Reader
from alerts.model import Facts
from alerts.pipeline.preview import History
from alerts.pipeline.vocabulary import Tried, words_of
from alerts.store import items, vocabulary
from alerts.store.items import StoredItem
from alerts.subscriptions import Rule, RuleIndex

MAX_TRIED = 300
"""The newest items that a change may be about are read twice: about a second."""
MAX_COUNTED = 5000


class Changed(NamedTuple):
    """An item that would be read otherwise: what would be read no more, and what instead."""

    item: StoredItem
    gone: tuple[str, ...]
    come: tuple[str, ...]


class RuleEffect(NamedTuple):
    """A rule that would say otherwise, by the titles of the items."""

    rule_id: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]


class Effect(NamedTuple):
    """`concerned`: items with one of the names or entries in them (counted up to MAX_COUNTED); `tried`: the newest of them."""

    concerned: int
    tried: int
    changed: list[Changed]
    rules: list[RuleEffect]


def effect(
    session: Session, history: History, made: Tried, tree: VocabularyConcepts, rules: Mapping[int, Rule]
) -> Effect:
    """Read the newest stored items that the change may be about with both vocabularies, and try the rules on both."""
    by_name = vocabulary.naming(session, words_of(made.difference), MAX_COUNTED)
    by_place = _under(history, made, tree) if made.difference.moved else []
    ids = sorted({*by_name, *by_place}, reverse=True)
    loaded = sorted(items.load(session, ids[:MAX_TRIED]), key=lambda item: -item.id)
    new = Reader(made.vocabulary, tree)
    pairs = [(item, reader().read(item.news), new.read(item.news)) for item in loaded]
    changed = [c for item, old, after in pairs if (c := _changed(item, old, after, tree))]
    return Effect(len(ids), len(loaded), changed, _rules(pairs, rules, tree))


def _under(history: History, made: Tried, new: VocabularyConcepts) -> list[int]:
    """Items that name an entry below one that moved."""
    old, moved = concepts(), made.difference.moved
    known: dict[str, bool] = {}

    def concerns(concept: str) -> bool:
        if concept not in known:
            known[concept] = not moved.isdisjoint({concept, *old.ancestors(concept), *new.ancestors(concept)})
        return known[concept]

    return history.holding(concerns)[:MAX_COUNTED]


def _changed(item: StoredItem, old: Facts, new: Facts, tree: VocabularyConcepts) -> Changed | None:
    before, after = _told(old, concepts()), _told(new, tree)
    gone, come = (tuple(x for x in one if x not in other) for one, other in ((before, after), (after, before)))
    return Changed(item, gone, come) if gone or come else None


def _told(facts: Facts, tree: VocabularyConcepts) -> list[str]:
    """What an item is about, in words."""
    parts: list[tuple[str, str]] = []
    for drug in facts.drugs:
        parts.append((f"drug {drug.name}", drug.role))
    parts += [(f"cancer {one.name}", one.role) for one in facts.indications]
    parts += [(f"biomarker {one.name}", "") for one in facts.biomarkers]
    parts += [(_name(one.id, tree), one.role) for one in facts.regulators]
    told = [f"{text} (mentioned)" if role == "mentioned" else text for text, role in parts]
    told.append(f"event {facts.event.type.value.replace('_', ' ')}")
    return [*dict.fromkeys(told), *([] if facts.relevant else ["not about cancer"])]


def _name(concept: str, tree: VocabularyConcepts) -> str:
    ref = tree.get(concept)
    return f"body {ref.name if ref else concept}"


def _rules(
    pairs: Sequence[tuple[StoredItem, Facts, Facts]], rules: Mapping[int, Rule], tree: VocabularyConcepts
) -> list[RuleEffect]:
    gained: dict[int, list[str]] = defaultdict(list)
    lost: dict[int, list[str]] = defaultdict(list)
    before, after = _index(rules, concepts()), _index(rules, tree)
    for item, old, new in pairs:
        had, has = set(before.match(item.news, old)), set(after.match(item.news, new))
        for where, which in ((gained, has - had), (lost, had - has)):
            for rule_id in which:
                where[rule_id].append(item.news.title)
    return [RuleEffect(r, tuple(gained[r]), tuple(lost[r])) for r in rules if r in gained or r in lost]


def _index(rules: Mapping[int, Rule], known: VocabularyConcepts) -> RuleIndex[int]:
    made: RuleIndex[int] = RuleIndex(known)
    for rule_id, rule in rules.items():
        made.put(rule_id, rule)
    return made
