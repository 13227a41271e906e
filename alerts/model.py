# SPDX-License-Identifier: MIT
"""Frozen values that travel between stages. No behaviour beyond reading them; no I/O.

    feed ──poll──▶ NewsItem ──read──▶ Facts ──group──▶ Grouping ──match──▶ Match ──render+send──▶ Outcome

Field names of `Facts` are the JSON of `oncowire classify` (contract): they are an interface, not a detail.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, field_validator


class Value(BaseModel):
    """Base of all frozen values: immutable, compares by content, refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls, **values: Any) -> Self:
        """What the constructor makes, checked as there, in half the time: for values made by the thousand a second."""
        made: Self = cls.__pydantic_validator__.validate_python(values)
        return made


# ── poll → read ──────────────────────────────────────────────────────────────────────────────────


class SourceTier(StrEnum):
    """Who speaks, best first: decides the lead item of a story (regulator > company > journal > …)."""

    REGULATOR = "regulator"
    HTA = "hta"
    COMPANY = "company"
    JOURNAL = "journal"
    SOCIETY = "society"
    RESEARCH = "research"
    REGISTRY = "registry"
    PREPRINT = "preprint"
    TRADE = "trade"
    WIRE = "wire"
    UNKNOWN = "unknown"


_HALF = re.compile("[\ud800-\udfff]")


class NewsItem(Value):
    """One article as the later stages see it. `title` and `summary` are exactly what spans point into."""

    id: str
    title: str
    summary: str = ""
    link: str = ""
    published: datetime | None = None  # what the publisher claims, UTC; may be missing or wrong
    first_seen: datetime | None = None  # when we saw it, UTC; the order of alerts
    source: str = ""  # name of the feed or outlet
    tier: SourceTier = SourceTier.UNKNOWN

    @field_validator("title", "summary", "source", mode="before")
    @classmethod
    def _whole_characters(cls, value: object) -> object:
        """Half a character (a lone surrogate) can be neither stored nor sent: it is shown as one that is not known."""
        return value if not isinstance(value, str) or value.isascii() else _HALF.sub("\ufffd", value)


# ── read → group, match ──────────────────────────────────────────────────────────────────────────


class Role(StrEnum):
    """`primary`: the event is about it. `mentioned`: comparator, prior therapy, competitor, background."""

    PRIMARY = "primary"
    MENTIONED = "mentioned"


class EventType(StrEnum):
    """What happened; definitions in docs/glossary.md. `unknown` is an honest answer and never a guess."""

    APPROVAL = "approval"
    LABEL_EXPANSION = "label_expansion"
    FILING_STATUS = "filing_status"
    DESIGNATION = "designation"
    OPINION_POSITIVE = "opinion_positive"
    REJECTION = "rejection"
    TRIAL_POSITIVE = "trial_positive"
    TRIAL_NEGATIVE = "trial_negative"
    TRIAL_UPDATE = "trial_update"
    TRIAL_START = "trial_start"
    TRIAL_STOPPED = "trial_stopped"
    SAFETY = "safety"
    WITHDRAWAL = "withdrawal"
    ACCESS = "access"
    DEAL = "deal"
    CORPORATE = "corporate"
    CONFERENCE = "conference"
    RESEARCH = "research"
    OTHER = "other"
    UNKNOWN = "unknown"


class Mention(Value):
    """A span: Unicode code point offsets into the field as given; `text` is that slice."""

    field: Literal["title", "summary"]
    start: int
    end: int
    text: str


class DrugFact(Value):
    id: str  # drug:… or novel:…
    name: str  # INN in lower case; a code as printed, upper case; a regimen keeps its name
    role: Role
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    brand: str | None = None  # as printed in the text, else the best-known one
    tier: str = ""  # approved · listed · stem_only · regimen · other · repurposed · novel
    mentions: tuple[Mention, ...] = ()


class IndicationFact(Value):
    id: str  # onc:… doid:… ncit:…
    name: str
    oncotree: str | None = None
    role: Role
    mentions: tuple[Mention, ...] = ()


class BiomarkerFact(Value):
    id: str
    name: str
    status: str | None = None  # positive · negative · low · mutated · …
    mentions: tuple[Mention, ...] = ()


class EventFact(Value):
    type: EventType = EventType.UNKNOWN
    status: str | None = None  # accelerated · full · conditional · topline · final · priority_review · …
    mentions: tuple[Mention, ...] = ()


class RegulatorFact(Value):
    id: str  # org:…
    name: str  # short name: FDA, EC, EMA
    role: Role
    mentions: tuple[Mention, ...] = ()


class TrialFact(Value):
    id: str | None = None  # registry id: NCT…
    acronym: str | None = None
    phase: str | None = None  # 1 · 1/2 · 2 · 2/3 · 3 · 4
    mentions: tuple[Mention, ...] = ()


class Setting(Value):
    line: str | None = None  # first-line · second-line · previously treated · …
    stage: str | None = None  # adjuvant · neoadjuvant · metastatic · unresectable or metastatic · …
    population: str | None = None  # adults · paediatric · …


class Claim(Value):
    """What the text binds together: these drugs × these cancers × this event × this regulator."""

    drugs: tuple[str, ...] = ()  # ids of Facts.drugs
    indications: tuple[str, ...] = ()
    biomarkers: tuple[str, ...] = ()
    event: EventType = EventType.UNKNOWN
    status: str | None = None
    regulator: str | None = None  # id of Facts.regulators; None where no body acts
    setting: str | None = None
    event_date: date | None = None
    foreground: bool = True  # what the item is news of; False for background
    evidence: tuple[Mention, ...] = ()  # the sentence or clause that binds it


class Facts(Value):
    """All that was read in one item. Empty lists mean "the text does not say"."""

    relevant: bool = False
    language: str | None = None  # ISO 639-1 of the text, None if unsure
    drugs: tuple[DrugFact, ...] = ()
    indications: tuple[IndicationFact, ...] = ()
    biomarkers: tuple[BiomarkerFact, ...] = ()
    event: EventFact = EventFact()
    regulators: tuple[RegulatorFact, ...] = ()
    trials: tuple[TrialFact, ...] = ()
    setting: Setting = Setting()
    companies: tuple[str, ...] = ()
    event_date: date | None = None
    claims: tuple[Claim, ...] = ()  # at least one for every item that was read
    results: tuple[Mention, ...] = ()  # sentences that carry key results with numbers, to be quoted as given
    flags: tuple[str, ...] = ()  # homoglyph · truncated · non_english · round_up · …
    extractor_version: str = ""


class ConceptRef(Value):
    """A vocabulary entry as other stages see it."""

    kind: str  # drug · class · target · indication · biomarker · regulator
    id: str
    name: str


class Concepts(Protocol):
    """What rules and messages ask of the vocabulary (implemented by alerts.facts, handed over by the pipeline)."""

    def resolve(self, kind: str, name: str) -> ConceptRef | None:
        """Preferred name, synonym, brand, code or id → concept; None if unknown."""

    def suggest(self, kind: str, name: str, limit: int = 3) -> Sequence[ConceptRef]:
        """Nearest known concepts for an unknown name, best first."""

    def get(self, concept_id: str) -> ConceptRef | None:
        """Concept of an id."""

    def ancestors(self, concept_id: str) -> frozenset[str]:
        """Ids of everything above it in the hierarchy, itself included (a drug's classes and targets count)."""

    def path(self, concept_id: str, ancestor_id: str) -> Sequence[ConceptRef]:
        """Shortest way up, both ends included; empty if there is none."""


# ── group → match ────────────────────────────────────────────────────────────────────────────────


class Decision(StrEnum):
    NEW = "new"
    SAME = "same"
    UPDATE = "update"  # a new story that follows an earlier one


class Verdict(StrEnum):
    AGREE = "agree"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


class GroupReason(Value):
    """Why an item went where it went: kept as a row, shown in words."""

    code: str  # same_url · same_text · facts_agree · facts_agree_text_floor · conflict_event · no_candidate · …
    text: str
    fields: dict[str, Verdict] = {}
    score: float | None = None


class StoryFacts(Value):
    """Canonical facts of a story: what later items are compared with (never with any other member)."""

    drugs: tuple[str, ...] = ()
    indications: tuple[str, ...] = ()
    biomarkers: tuple[str, ...] = ()
    event: EventType = EventType.UNKNOWN
    status: str | None = None
    regulator: str | None = None
    setting: str | None = None
    trials: tuple[str, ...] = ()  # registry ids and acronyms, upper case
    event_date: date | None = None
    companies: tuple[str, ...] = ()  # lower case; stands in where no drug is named
    first_told: datetime | None = None  # earliest publication among the items, UTC; windows are measured from it
    named: tuple[str, ...] = ()  # every drug that the text names, whatever its part
    round_up: bool = False  # a story of its own that no other item may join by its facts


class StoryState(Value):
    """A stored story as the group stage sees it."""

    id: int
    headline: str
    facts: StoryFacts
    text: str = ""  # title + summary of the lead item, for the text floor
    lead_tier: SourceTier = SourceTier.UNKNOWN
    revision: int = 1
    first_seen: datetime
    last_seen: datetime
    keys: tuple[str, ...] = ()
    follows: int | None = None


class Attachment(Value):
    """A further story that a round-up tells of: a story_item row, no alert."""

    story_id: int
    reason: GroupReason


class Grouping(Value):
    """Decision of the group stage for one item."""

    decision: Decision
    story_id: int | None = None  # SAME: the story it joins
    follows: int | None = None  # UPDATE: the story it follows
    step: str = ""  # UPDATE: what became of it, as "Update to …: …" ends ("full approval")
    related: tuple[int, ...] = ()  # shown as related, not merged
    also: tuple[Attachment, ...] = ()  # round-ups: further stories to attach the item to
    review: bool = False  # a person should look: likely the same story, but too much is unknown
    reason: GroupReason


# ── match → send ─────────────────────────────────────────────────────────────────────────────────


class MatchReason(Value):
    """One condition of a rule and how it was met."""

    field: str  # drugs · indications · events · regulators · biomarkers · settings · text · sources
    wanted: str  # as written in the rule, preferred name
    found: str  # what the claim holds
    path: tuple[str, ...] = ()  # names from found up to wanted, where they differ
    mentions: tuple[Mention, ...] = ()


class Match(Value):
    """Did a rule meet a story, and why or why not. `failed`: the conditions of the nearest claim that did not hold."""

    match: bool
    reasons: tuple[MatchReason, ...] = ()
    failed: tuple[str, ...] = ()
    claim: int | None = None  # index into Facts.claims


class ChannelKind(StrEnum):
    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"


class AlertKind(StrEnum):
    """What a delivery tells; part of its unique key."""

    STORY = "story"
    UPDATE = "update"
    DIGEST = "digest"
    TEST = "test"
    CONFIRM = "confirm"  # asks whether the address wants to be written to
    NOTICE = "notice"  # tells a reader that another channel died or lives again


class SourceLine(Value):
    outlet: str
    title: str
    url: str
    tier: SourceTier = SourceTier.UNKNOWN
    published: datetime | None = None


class FactRow(Value):
    """One line of the facts table of a message."""

    label: str
    value: str


class Quote(Value):
    text: str
    outlet: str
    url: str = ""


class Alert(Value):
    """What one channel is to be told about one story: all that a template may use, plain data only."""

    kind: AlertKind
    story_id: int
    revision: int
    status_line: str  # "EU approval"
    drugs: str  # "cabozantinib"
    cancers: str  # "pancreatic and extra-pancreatic NET"
    headline: str  # title of the lead item
    sentence: str  # what happened, in one sentence
    event: EventType
    facts: tuple[FactRow, ...] = ()
    quotes: tuple[Quote, ...] = ()
    sources: tuple[SourceLine, ...] = ()  # lead first; the rest is "also reported by"
    subscription: str = ""
    reasons: tuple[MatchReason, ...] = ()
    follows_headline: str | None = None
    follows_date: date | None = None
    follows_step: str = ""  # what became of it: "full approval"
    event_date: date | None = None
    links: dict[str, str] = {}  # story · manage · mute · unsubscribe
    possible_repeat: bool = False


class DigestGroup(Value):
    """Alerts of a digest under one heading (a drug or a cancer), newest first."""

    heading: str
    alerts: tuple[Alert, ...]


class Digest(Value):
    """What one channel is told over a window: never sent when it holds nothing."""

    subscription: str
    window_start: datetime  # UTC
    window_end: datetime  # UTC
    zone: str = "UTC"  # IANA name in which times are shown
    why: Literal["cadence", "quiet", "cap", "snooze", "mixed"] = "cadence"  # why these waited: shown in words
    grouped_by: Literal["drug", "cancer"] = "drug"
    groups: tuple[DigestGroup, ...] = ()
    links: dict[str, str] = {}  # manage · unsubscribe · pause


class Message(Value):
    """A rendered alert for one channel: stored as it is, sent as it is, replayed as it is."""

    channel: ChannelKind
    message_id: str  # fixed for the delivery, also on a repeat
    subject: str
    text: str  # email: the text part; Slack: top-level text; Teams: fallback text
    html: str | None = None  # email only
    payload: dict[str, Any] | None = None  # Slack blocks or Teams card
    headers: dict[str, str] = {}  # email only: List-Unsubscribe, References, …


class OutcomeKind(StrEnum):
    OK = "ok"
    TRANSIENT = "transient"
    PERMANENT_ENDPOINT = "permanent_endpoint"
    PERMANENT_MESSAGE = "permanent_message"
    UNKNOWN = "unknown"  # the other side may or may not have it


class Outcome(Value):
    """How one attempt to send ended. `code` is stable (smtp_550, http_410, timeout, connect_refused …)."""

    kind: OutcomeKind
    code: str
    detail: str = ""
    retry_after_s: float | None = None
    provider_id: str | None = None


class DeliveryState(StrEnum):
    """pending → sending → sent | retry | unknown | dead | suppressed."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry"
    UNKNOWN = "unknown"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


class DeliveryStep(Value):
    """What becomes of a delivery after an attempt: its next state, when it is due again, and why."""

    state: DeliveryState
    not_before: datetime | None = None
    reason: str
