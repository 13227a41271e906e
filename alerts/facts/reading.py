# SPDX-License-Identifier: MIT
"""What the steps of reading one item share: its sentences, the names found in them, and the events that they tell."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from alerts.facts.clauses import Second
from alerts.facts.events import AUTHORISED, EVERY, Event, events
from alerts.facts.matcher import Hit
from alerts.facts.news import Told
from alerts.facts.prepare import Part, Sentence
from alerts.model import EventType, Mention, NewsItem


class Found(NamedTuple):
    """A name in the item: where it stands, and whether it may be the subject of its sentence."""

    hit: Hit
    sentence: Sentence
    subject: bool
    source: str  # the field as given
    earlier: bool = False  # in a clause that tells what came before, or a second news of another drug (see clauses)

    @property
    def mention(self) -> Mention:
        """Made as it is asked for: no fact quotes a company."""
        return self.sentence.mention(self.hit.start, self.hit.end, self.source)

    @property
    def words(self) -> str:
        """As they are written."""
        first, last = self.sentence.at(self.hit.start, self.hit.end)
        return self.source[first:last]

    @property
    def titled(self) -> bool:
        return self.sentence.part is Part.TITLE


@dataclass(slots=True)
class Reading:
    """One item half read. Sentences are named by their number: 0 is the title."""

    item: NewsItem
    parts: list[Sentence]
    found: list[Found]
    masked: dict[int, str]
    earlier: dict[int, tuple[int, int]] = field(default_factory=dict)  # key positions of such clauses
    seconds: dict[int, Second] = field(default_factory=dict)  # a second news, by sentence number
    main: Told | None = None
    _by_kind: dict[str, dict[str, list[Found]]] = field(default_factory=dict)

    def events(self, sentence: Sentence, kinds: Collection[EventType] = EVERY) -> Iterator[Event]:
        return events(self.masked[sentence.number], title=sentence.part is Part.TITLE, kinds=kinds)

    def tells(self, sentence: Sentence, kind: EventType) -> bool:
        kinds = AUTHORISED if kind in AUTHORISED else {kind}
        return next(self.events(sentence, kinds), None) is not None

    def names(self, kind: str) -> dict[str, list[Found]]:
        """Places by concept, in the order of the text."""
        if not self._by_kind:
            for one in self.found:
                self._by_kind.setdefault(one.hit.kind, {}).setdefault(one.hit.id, []).append(one)
        return self._by_kind.get(kind, {})

    def within(self, number: int, start: int, end: int) -> list[Found]:
        """Places between key positions of one sentence: what its clause names."""
        return [f for f in self.found if f.sentence.number == number and start <= f.hit.start < end]

    def source(self, sentence: Sentence) -> str:
        return self.item.title if sentence.field == "title" else self.item.summary

    def span(self, sentence: Sentence, start: int, end: int) -> Mention:
        """Span of key positions in the field as given."""
        return sentence.mention(start, end, self.source(sentence))

    def whole(self, sentence: Sentence) -> Mention:
        key = sentence.keyed.key
        return self.span(sentence, len(key) - len(key.lstrip()), len(key.rstrip()))
