# SPDX-License-Identifier: MIT
"""One candidate, weighed: the verdict on each field, what is unknown, and how much text must then be shared."""

from datetime import timedelta
from functools import cached_property

from alerts.model import Concepts, EventType, NewsItem, SourceTier, StoryFacts, StoryState, Verdict
from alerts.stories import rules
from alerts.stories.compare import gap, verdicts
from alerts.stories.texts import classes_of, cosine, jaccard, names, names_differ, similarity, text_of, words

# Floors of the TF-IDF cosine. Measured start: .30 where a drug is agreed (docs/stories.md); a fact more that is missing
# needs more words; nothing known at all needs a near copy.
FLOOR, FLOOR_STEP, FLOOR_MOST = 0.30, 0.15, 0.70
FLOOR_READOUT = 0.25  # all agree, but two analyses of one drug in one cancer may come on one day
FLOOR_COMPANY = 0.12  # no drug named, but company or trial, cancer, event and regulator agree
FLOOR_NAMELESS = 0.30  # only the drug is not named, all else agrees
FLOOR_NAME = 0.20  # a deal between the same companies, or of one that both titles name
FLOOR_SOFT = {EventType.RESEARCH: 0.60, EventType.UNKNOWN: 0.30}  # two studies of one drug are two stories
FLOOR_SOFT_ELSE = 0.45
FLOOR_OF_ACT = 0.30  # an act is known on one side only, and the story that stands there knows of none
FLOOR_UNTRIED = 0.40  # data told some days later, of which not both say the trial
FLOOR_LATE = 0.60  # a trial told again after more than ten days, unless it is named: rather its next news
FLOOR_PAPERS = 0.50  # two papers on one trial
FLOOR_STUDIES = 0.55  # two reports of a study without a drug, in the words of the public press
FLOOR_ONLY, FLOOR_ONLY_READOUT, FLOOR_ONLY_STEP = 0.08, 0.20, 0.08  # the only story on this drug in these days
FLOOR_ONLY_COMPANY = 0.15  # no drug named, but the only such act of this company with this body in these days
FLOOR_PATIENTS = 0.12  # the only readout of these days in the very same patients
FLOOR_CLASS = 0.20  # no drug named, but the only act of these days on its class of drugs
FLOOR_TRIAL = 0.15  # no act read, but drug and trial of a readout of these days
HINT_CHARS = 400  # of title and text: what is news comes first
COPY_JACCARD = 0.70
COPIES_ONLY = 2.0  # no share of words is enough
UNSURE_DAYS = timedelta(days=21)
NAMELESS_DAYS = timedelta(days=7)
ONLY_DAYS = timedelta(days=3)
SAME_ACT = timedelta(days=1)  # one body, one drug, one kind of act: its cancer need not be told twice
ONLY_ACT_DAYS = timedelta(days=10)  # where only the cancer is not told of an act of a body
PAPERS = {SourceTier.JOURNAL, SourceTier.RESEARCH, SourceTier.PREPRINT, SourceTier.REGISTRY}
_IN_STEPS = {EventType.TRIAL_START, EventType.FILING_STATUS}
CORE = ("drugs", "indications", "event", "regulator")


class Weighed:
    """A candidate story against the facts of an item. The text is looked at only when it is asked for."""

    def __init__(self, mine: StoryFacts, item: NewsItem, story: StoryState, concepts: Concepts) -> None:
        self.mine, self.text, self.tier, self.story = mine, text_of(item), item.tier, story
        self.fields = verdicts(mine, story.facts, concepts)
        self.conflicts = [f for f, v in self.fields.items() if v is Verdict.CONFLICT]
        self.unknowns = [f for f in CORE if self.fields[f] is Verdict.UNKNOWN]

    @cached_property
    def score(self) -> float:
        return round(similarity(self.text, self.story.text), 3)

    @cached_property
    def shared(self) -> float:
        """The share of words that counts: that of the titles where companies' boilerplate would speak for two acts."""
        events = {self.mine.event, self.story.facts.event}
        if events <= rules.SOFT - {EventType.UNKNOWN, EventType.RESEARCH} and names_differ(*self.titles):
            return 0.0  # one company at two congresses
        ours = self.fields.get("company") is Verdict.AGREE
        bare = (events == {EventType.DEAL} and not ours) or (ours and bool(events & rules.SOFT - {EventType.UNKNOWN}))
        return round(cosine(*self.titles), 3) if bare and not self.drug_shared else self.score

    @cached_property
    def copied(self) -> bool:
        """A near copy in which no name was exchanged for another ("A to speak at X", "B to speak at X")."""
        return jaccard(self.text, self.story.text) >= COPY_JACCARD and not names_differ(*self.titles)

    @property
    def titles(self) -> tuple[str, str]:
        return self.text.partition("\n")[0], self.story.text.partition("\n")[0]

    @property
    def agreed(self) -> int:
        return sum(v is Verdict.AGREE for v in self.fields.values())

    @property
    def rank(self) -> tuple[int, float, int]:
        """The best candidate has most in common; the older story wins a draw, so that later ones fold into it."""
        return self.agreed, self.score, -self.story.id

    def joins(self, *, only: bool = False) -> bool:
        """May the item join by facts, and by the text where facts are missing? A near copy always may.

        `only`: no other story on its drug (or, where none is named, of its company) was told in these days without a
        conflict; then fewer words need to be shared.
        """
        if not self.open or not self._near():
            return False
        floor = self.floor_of_only if only else self.floor
        return floor == 0 or self.shared >= floor or self.copied

    @property
    def open(self) -> bool:
        return not (self.conflicts or self.mine.round_up or self.story.facts.round_up)

    @cached_property
    def of_these_days(self) -> bool:
        """A story on the same drug, told within days, that the item might belong to."""
        every = rules.EVERY_TUMOUR in (
            *self.mine.indications,
            *self.story.facts.indications,
        )  # told: whatever the tumour
        use_untold = self.unknowns == ["indications"] and self.mine.event in rules.REGULATORY and not every
        return self.open and self.drug_shared and self._told_within(ONLY_ACT_DAYS if use_untold else ONLY_DAYS)

    @cached_property
    def of_company(self) -> bool:
        """An act of the same body on a drug of the same company, told within days, that a nameless item might mean."""
        acts = all(self.fields.get(field) is Verdict.AGREE for field in ("company", "event", "regulator"))
        return self.open and acts and self.mine.event in rules.REGULATORY and self.told_together

    @cached_property
    def of_body(self) -> bool:
        """An act of one body in one cancer of these days, told without its drug by a text that names the story's company."""
        same = all(self.fields.get(field) is Verdict.AGREE for field in ("event", "regulator", "indications"))
        nameless = self.fields["drugs"] is Verdict.UNKNOWN and self.mine.event in rules.REGULATORY
        return self.open and same and nameless and self.told_together and self._company_echoed()

    def _company_echoed(self) -> bool:
        """Does one text name the company that the other one's reader found, or does a name stand in both?"""
        texts, found = (self.text, self.story.text), (self.story.facts.companies, self.mine.companies)
        heard = any(
            _heard(company, text) for text, companies in zip(texts, found, strict=True) for company in companies
        )
        (mine, theirs) = (names(title) for title in self.titles)
        return heard or bool(mine & names(self.story.text)) or bool(theirs & names(self.text))

    @cached_property
    def of_class(self) -> bool:
        """Neither side tells of one drug; the same act on the same class of drugs by the same body in these days."""
        same = self.fields["event"] is Verdict.AGREE and self.fields["regulator"] is Verdict.AGREE
        nameless = rules.class_wide(self.mine.drugs) and rules.class_wide(self.story.facts.drugs)
        alike = nameless and same and self.open and self.told_together and self.mine.event not in rules.SOFT
        return alike and bool(classes_of(self.text) & classes_of(self.story.text))

    @property
    def told_together(self) -> bool:
        return self._told_within(ONLY_DAYS)

    def _told_within(self, limit: timedelta) -> bool:
        between = gap(self.mine, self.story.facts)
        return between is not None and between <= limit

    @cached_property
    def drug_shared(self) -> bool:
        """A partner in many regimens may leave open whether both speak of one regimen, but it is a name in common."""
        if self.fields["drugs"] is Verdict.AGREE or not set(self.mine.drugs).isdisjoint(self.story.facts.drugs):
            return True
        named = not set(self.mine.named).isdisjoint(self.story.facts.drugs)
        return named and bool(self.mine.drugs) and self.fields.get("trial") is Verdict.AGREE

    @property
    def floor_of_only(self) -> float:
        if self.hinted:
            return min(self.floor, FLOOR_ONLY)
        if self.of_class:
            return FLOOR_CLASS
        if self.floor >= COPIES_ONLY or self._of_a_subject() or self._next_step() or self._paper_beside_data():
            return self.floor
        if not self.drug_shared:
            return min(self.floor, self._floor_of_nameless())
        alike = self._same_patients() or self._same_readout()
        base = FLOOR_ONLY if not self._untried() else FLOOR_PATIENTS if alike else FLOOR_ONLY_READOUT
        steps = 0 if self._bound_anyhow() else len(self.unknowns)
        return min(self.floor, self._unswallowed(base + FLOOR_ONLY_STEP * steps))

    def _floor_of_nameless(self) -> float:
        """For the only act of its company, or of its body in its cancer. A text that names neither drug nor cancer would
        reach nobody by itself: it may fold into that act of the same day in any words.
        """
        if self.of_company and not self.mine.drugs and not self.mine.indications and self._told_within(SAME_ACT):
            return 0.0
        return FLOOR_ONLY if self.of_body else FLOOR_ONLY_COMPANY

    def _of_a_subject(self) -> bool:
        """A study, or two texts that tell of no act: being the only ones of their days says little."""
        events = {self.mine.event, self.story.facts.event}
        return EventType.RESEARCH in events or events <= rules.SOFT - {EventType.UNKNOWN}

    def _same_patients(self) -> bool:
        """Cancer, marker and line or stage are told alike."""
        return all(self.fields.get(f) is Verdict.AGREE for f in ("indications", "biomarkers", "setting"))

    def _same_readout(self) -> bool:
        """The same outcome of one day, of a drug that is not in every regimen."""
        alike = self.mine.event is self.story.facts.event and not self.unknowns and self._told_within(SAME_ACT)
        return alike and self.tier not in PAPERS and bool(set(self.mine.drugs) - rules.PARTNERS)

    def _bound_anyhow(self) -> bool:
        """A partner of the same regimen may be left out; so may the cancer of a body's only act of a day or of a company's,
        or what a trial tells.
        """
        acts = self.fields["event"] is Verdict.AGREE and self.mine.event in rules.REGULATORY and self.told_together
        untold = self.unknowns == ["indications"]
        bound = untold and (self.fields.get("company") is Verdict.AGREE or self._told_within(SAME_ACT))
        return self.unknowns == ["drugs"] or (acts and (bound or self.fields.get("trial") is Verdict.AGREE))

    @cached_property
    def hinted(self) -> bool:
        """Drug and cancer agree, and the words of one side hint at the act that the other side names (rules.yaml: hints)."""
        bound = Verdict.AGREE is self.fields["drugs"] is self.fields["indications"]
        by_body = self.fields["regulator"] is Verdict.AGREE
        another = self.fields.get("trial") is Verdict.UNKNOWN and bool(self.mine.trials) and not by_body
        if not bound or self.tier in PAPERS or another:
            return False
        mine, theirs = self.mine.event, self.story.facts.event
        if self.fields["event"] is Verdict.UNKNOWN and self.told_together:
            return _hints(theirs, self.text) or (by_body and _hints(mine, self.story.text))
        return False

    @cached_property
    def floor(self) -> float:
        """Least share of words for joining; 0 where the facts suffice."""
        return self._unswallowed(self._floor())

    def _unswallowed(self, floor: float) -> float:
        """A known act is not lightly swallowed by a story that knows of none: that may be any other news on the drug."""
        mine, theirs = self.mine.event, self.story.facts.event
        if EventType.DEAL in (mine, theirs) and mine is not theirs:  # "secures a partner", "secures support"
            return max(floor, FLOOR + FLOOR_STEP)
        if mine in rules.SOFT or theirs not in rules.SOFT or self.fields["event"] is Verdict.AGREE:
            return floor
        if theirs is EventType.UNKNOWN:
            return max(floor, FLOOR_OF_ACT)
        # what is to be shown at a congress is announced in the words in which it is then shown
        return max(floor, FLOOR_MOST if theirs is EventType.CONFERENCE else FLOOR_MOST - FLOOR_STEP)

    def _floor(self) -> float:
        return max(self._floor_by_facts(), FLOOR_MOST if self._next_step() else 0.0)

    def _next_step(self) -> bool:
        """A start or a filing of which no kind is told, after more than ten days: rather the next cohort or meeting."""
        both = self.mine.event is self.story.facts.event and self.mine.event in _IN_STEPS
        known_date = gap(self.mine, self.story.facts) is not None
        return both and known_date and Verdict.AGREE not in (self.fields["date"], self.fields.get("status"))

    def _floor_by_facts(self) -> float:
        further = FLOOR_STEP * (len(self.unknowns) - 1)
        if self._papers():
            return COPIES_ONLY
        if {self.tier, self.story.lead_tier} <= PAPERS:
            further = max(further, FLOOR_PAPERS - FLOOR)
        if self.drug_shared:
            return self._floor_of_known(further)
        if self.mine.event is self.story.facts.event is EventType.DEAL:
            return 0.0 if self._same_partners() else FLOOR_NAME if self._name_shared() else FLOOR
        if self.fields.get("trial") is Verdict.AGREE and self.fields["event"] is Verdict.AGREE and self.told_together:
            return FLOOR_COMPANY  # one readout of one trial
        if Verdict.AGREE in (self.fields.get("company"), self.fields.get("trial")):
            neither = (
                "indications" in self.unknowns and self.mine.event in rules.READOUTS
            )  # nor the drug: any data of theirs
            least = FLOOR_COMPANY + further + (FLOOR_STEP if neither else 0.0)
            return max(self._floor_of_soft(FLOOR_MOST - FLOOR_STEP), min(FLOOR_MOST, least))
        if self.fields["indications"] is Verdict.AGREE:
            if self._one_study():
                return FLOOR_STUDIES
            untried = 0.0 if self.mine.event in rules.REGULATORY else FLOOR_STEP
            return max(self._floor_of_soft(FLOOR_MOST), min(FLOOR_MOST, FLOOR_NAMELESS + further + untried))
        return COPIES_ONLY

    def _floor_of_known(self, further: float) -> float:
        """For a shared drug."""
        if self.unknowns:
            if self._told_of_trial():
                return FLOOR_TRIAL
            soft = FLOOR_SOFT.get(self.mine.event, FLOOR_SOFT_ELSE)
            return max(self._floor_of_soft(soft), min(FLOOR_MOST, FLOOR + further))
        undated = gap(self.mine, self.story.facts) is None
        late = self._untried() and self.fields["date"] is not Verdict.AGREE
        if late and not undated:
            return FLOOR_LATE
        if self._untried() and not undated and not self.told_together:
            return FLOOR_UNTRIED
        if self._paper_beside_data():
            return FLOOR_MOST
        return FLOOR if undated else FLOOR_READOUT if self._untried() else 0.0

    def _floor_of_soft(self, floor: float) -> float:
        """Both name a subject and no act (a congress, a paper, quarterly figures): `floor`."""
        return floor if {self.mine.event, self.story.facts.event} <= rules.SOFT - {EventType.UNKNOWN} else 0.0

    def _one_study(self) -> bool:
        """Two reports on research in one cancer, of the same days, neither of which names what the other does not."""
        told = self.mine.event is self.story.facts.event is EventType.RESEARCH and self.told_together
        drugless = not self.mine.drugs and not self.story.facts.drugs
        return (
            told
            and drugless
            and PAPERS.isdisjoint({self.tier, self.story.lead_tier})
            and not names_differ(*self.titles)
        )

    def _papers(self) -> bool:
        """Two papers or registry entries: each is news of its own unless both name the trial."""
        return {self.tier, self.story.lead_tier} <= PAPERS and self.fields.get("trial") is not Verdict.AGREE

    def _told_of_trial(self) -> bool:
        """Words on a trial in the days of its readout ("final data of X cement the triplet")."""
        same = self.fields.get("trial") is Verdict.AGREE and self.story.facts.event in rules.READOUTS
        return same and self.mine.event in {EventType.RESEARCH, EventType.UNKNOWN} and self.told_together

    def _untried(self) -> bool:
        """A readout whose trial is not known to be the same."""
        return self.mine.event in rules.READOUTS and self.fields.get("trial") is not Verdict.AGREE

    def _paper_beside_data(self) -> bool:
        """One side tells of a paper, the other days later names a trial and no paper: the next data come in such weeks."""
        kinds = {self.mine.status, self.story.facts.status}
        apart = bool(self.fields.get("trial")) and not self._told_within(SAME_ACT)
        return self._untried() and apart and kinds == {"publication", None}

    def _same_partners(self) -> bool:
        """Two companies seldom sign twice in the same days."""
        return len(set(self.mine.companies) & set(self.story.facts.companies)) > 1 and self.told_together

    def _name_shared(self) -> bool:
        """A name that both titles hold, or one company of a deal that both are about in the same days."""
        mine, theirs = (names(title) for title in self.titles)
        of_days = self.fields.get("company") is Verdict.AGREE and self.told_together
        return bool(mine & theirs) or (of_days and self.fields["indications"] is Verdict.AGREE)

    def _near(self) -> bool:
        """What is not known to be the same event must at least be told in the same days."""
        if not self.unknowns:
            return True
        between = gap(self.mine, self.story.facts)
        limit = UNSURE_DAYS if self.unknowns in (["indications"], ["regulator"]) else NAMELESS_DAYS
        return between is None or between <= limit


def _hints(act: EventType, text: str) -> bool:
    """Does a text, whose title tells of no study, hint at this act?"""
    said = act in rules.HINTS and rules.HINTS[act].search(text[:HINT_CHARS])
    return bool(said) and not rules.STUDY.search(text.partition("\n")[0])


def _heard(company: str, text: str) -> bool:
    """Does a text hold the name of a company, or its first word where that is a name?"""
    said, name = words(text), words(company)
    return (
        bool(name) and (name[0] in names(company) or f" {' '.join(name)} " in f" {' '.join(said)} ") and name[0] in said
    )
