# SPDX-License-Identifier: MIT
"""One candidate, weighed: the verdict on each field, what is unknown, and how much text must then be shared."""

from datetime import timedelta
from functools import cached_property

from alerts.model import Concepts, EventType, StoryFacts, StoryState, Verdict
from alerts.stories import rules
from alerts.stories.compare import gap, verdicts
from alerts.stories.texts import jaccard, rare_words, similarity

# Floors of the TF-IDF cosine. Measured start: .30 where a drug is agreed (docs/stories.md); a fact more that is missing
# needs more words; nothing known at all needs a near copy.
FLOOR, FLOOR_STEP, FLOOR_MOST = 0.30, 0.15, 0.70
FLOOR_READOUT = 0.15  # all agree, but two analyses of one drug in one cancer may come on one day
FLOOR_COMPANY = 0.12  # no drug named, but company or trial, cancer, event and regulator agree
FLOOR_NAME = 0.20  # a deal between the same companies, or of one that both titles name
FLOOR_NAMELESS = 0.45
COPY_JACCARD = 0.70
UNSURE_DAYS = timedelta(days=21)
NAMELESS_DAYS = timedelta(days=7)
CORE = ("drugs", "indications", "event", "regulator")


class Weighed:
    """A candidate story against the facts of an item. The text is looked at only when it is asked for."""

    def __init__(self, mine: StoryFacts, text: str, story: StoryState, concepts: Concepts) -> None:
        self.mine, self.text, self.story = mine, text, story
        self.fields = verdicts(mine, story.facts, concepts)
        self.conflicts = [f for f, v in self.fields.items() if v is Verdict.CONFLICT]
        self.unknowns = [f for f in CORE if self.fields[f] is Verdict.UNKNOWN]

    @cached_property
    def score(self) -> float:
        return round(similarity(self.text, self.story.text), 3)

    @cached_property
    def copied(self) -> bool:
        """A near copy, of texts that are long enough to be told apart."""
        return jaccard(self.text, self.story.text) >= COPY_JACCARD

    @property
    def agreed(self) -> int:
        return sum(v is Verdict.AGREE for v in self.fields.values())

    @property
    def rank(self) -> tuple[int, float, int]:
        """The best candidate has most in common; the older story wins a draw, so that later ones fold into it."""
        return self.agreed, self.score, -self.story.id

    def joins(self) -> bool:
        """May the item join by facts, and by the text where facts are missing?"""
        if self.conflicts or self.mine.round_up or self.story.facts.round_up:
            return False
        return self._near() and (self.floor == 0 or self.score >= self.floor or self.copied)

    @cached_property
    def floor(self) -> float:
        """Least share of words for joining; 0 where the facts suffice."""
        missing = len(self.unknowns)
        if self.fields["drugs"] is Verdict.AGREE:
            return self._floor_of_known(missing)
        if self.mine.event is self.story.facts.event is EventType.DEAL:
            return FLOOR_NAME if self._name_shared() else FLOOR
        told = Verdict.AGREE in (self.fields.get("company"), self.fields.get("trial"))
        base = FLOOR_COMPANY if told else FLOOR_NAMELESS
        return min(FLOOR_MOST, base + FLOOR_STEP * (missing - 1))

    def _name_shared(self) -> bool:
        titles = (text.partition("\n")[0] for text in (self.text, self.story.text))
        mine, theirs = (set(rare_words(title)) for title in titles)
        return bool(mine & theirs)

    def _floor_of_known(self, missing: int) -> float:
        if missing:
            return min(FLOOR_MOST, FLOOR + FLOOR_STEP * (missing - 1))
        undated = gap(self.mine, self.story.facts) is None
        if undated:
            return FLOOR
        readout = self.mine.event in rules.READOUTS and self.fields.get("trial") is not Verdict.AGREE
        late = readout and self.fields["date"] is not Verdict.AGREE
        return FLOOR if late else FLOOR_READOUT if readout else 0.0

    def _near(self) -> bool:
        """What is not known to be the same event must at least be told in the same days."""
        if not self.unknowns:
            return True
        between = gap(self.mine, self.story.facts)
        limit = UNSURE_DAYS if self.unknowns in (["indications"], ["regulator"]) else NAMELESS_DAYS
        return between is None or between <= limit
