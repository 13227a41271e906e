# SPDX-License-Identifier: MIT
"""Rules, items and facts over a small piece of the vocabulary, so that they meet often."""

from hypothesis import strategies as st

from alerts.model import (
    BiomarkerFact,
    Claim,
    DrugFact,
    EventType,
    Facts,
    IndicationFact,
    NewsItem,
    Role,
    Setting,
)
from alerts.subscriptions.rule import Condition, Rule

DRUGS = ("drug:pembrolizumab", "drug:nivolumab", "drug:cabozantinib", "novel:XYZ-1")
CANCERS = ("onc:PANET", "onc:NSCLC", "onc:LUNG", "onc:RCC")
MARKERS = ("bm:HER2", "bm:PD-L1")
BODIES = ("org:FDA", "org:EC")
EVENTS = (EventType.APPROVAL, EventType.SAFETY, EventType.UNKNOWN)
LINES = ("first-line", "adjuvant", "second-line or later")
OUTLETS = ("Example Wire", "Oncology Daily", "")
TEXTS = ("", "First-line hope in mice", "A mouse study: HER-2 and more", "Ü ß ﬁ -- ++")

WANTED = {
    "drugs": (*DRUGS, "class:pd-1 inhibitor", "target:pd-1"),
    "indications": (*CANCERS, "news:solid-tumors", "doid:162"),
    "biomarkers": MARKERS,
    "regulators": BODIES,
    "events": tuple(e.value for e in EVENTS),
    "settings": ("first-line", "Adjuvant", "line"),
    "text": ("first-line", "mouse", "re:m(ouse|ice)", "her-2", "--", "hope in"),
    "sources": ("wire", "example wire", "daily"),
}


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


def conditions(field: str) -> st.SearchStrategy[Condition]:
    values = WANTED[field]
    full = st.builds(Condition, any=some(values), all=some(values), none=some(values))
    open_ = st.just(Condition())  # most fields of most rules are open, else hardly any would ever match
    return st.one_of(open_, open_, open_, open_, st.builds(Condition, any=some(values)), full)


rules = st.builds(Rule, role=st.sampled_from(Role), **{field: conditions(field) for field in WANTED})

claims = st.builds(
    Claim,
    drugs=some(DRUGS),
    indications=some(CANCERS),
    biomarkers=some(MARKERS),
    event=st.sampled_from(EVENTS),
    regulator=st.none() | st.sampled_from(BODIES),
    setting=st.none() | st.sampled_from(LINES),
    foreground=st.booleans(),
)

facts = st.builds(
    Facts,
    drugs=some(DRUGS).map(lambda ids: tuple(DrugFact(id=i, name=i, role=Role.MENTIONED) for i in ids)),
    indications=some(CANCERS).map(lambda ids: tuple(IndicationFact(id=i, name=i, role=Role.PRIMARY) for i in ids)),
    biomarkers=some(MARKERS).map(lambda ids: tuple(BiomarkerFact(id=i, name=i) for i in ids)),
    setting=st.builds(Setting, line=st.none() | st.sampled_from(LINES)),
    claims=st.lists(claims, max_size=3).map(tuple),
)

items = st.builds(
    NewsItem,
    id=st.just("1"),
    title=st.sampled_from(TEXTS),
    summary=st.sampled_from(TEXTS),
    source=st.sampled_from(OUTLETS),
)
