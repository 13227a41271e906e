# SPDX-License-Identifier: MIT
"""Claims bind what belongs together: drug, cancer, event and body, and the day that the text gives of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from alerts.facts import concepts, reader
from alerts.facts.vocabulary import load
from alerts.model import Facts, NewsItem
from tests.facts.test_corpus import read
from tests.stories.streams import EIGHTH, FIFTEENTH, FIFTH, FOURTEENTH, NINTH, SIXTH, TENTH, THIRTEENTH, Told, stream

AUTHORISED = {"approval", "label_expansion"}
Bound = tuple[str, str, str, str | None]


@pytest.mark.parametrize(
    ("path", "f1", "dates"),
    [
        (FIFTH, 0.97, "13 of 13"),
        (SIXTH, 0.93, "5 of 5"),
        (EIGHTH, 0.97, "7 of 7"),
        (NINTH, 0.74, "2 of 2"),
        (TENTH, 0.79, "10 of 10"),
        (THIRTEENTH, 0.97, "14 of 14"),
        (FOURTEENTH, 0.95, "14 of 14"),
        (FIFTEENTH, 0.9, "14 of 17"),
    ],
    ids=["fifth", "sixth", "eighth", "ninth", "tenth", "thirteenth", "fourteenth", "fifteenth"],
)
def test_the_claims_of_a_labelled_stream_are_bound_as_labelled(path: Path, f1: float, dates: str) -> None:
    """Micro F1 over (drug, cancer, event, body). The ninth and tenth were put into other words on 2026-11-26: their bounds are
    what was measured on these, with nothing mended for them. First runs, nothing mended: .883, .833, .962, .920, .673, .939,
    .916, .866, dates 10 of 13, 5 of 5, 7 of 7, 2 of 2, 9 of 10, 14 of 14, 13 of 14, 13 of 17.
    """
    right = found = wanted = dated = days = 0
    for told in stream(path):
        facts = reader().read(told.item)
        got, want = Counter(_told(facts)), Counter(_labelled(told))
        right += (got & want).total()
        found += got.total()
        wanted += want.total()
        told_days = {str(claim.event_date) for claim in facts.claims}
        labelled = [str(row[4]) for row in told.claims if len(row) > 4]
        dated += len(labelled)
        days += sum(day in told_days for day in labelled)
    assert 2 * right / (found + wanted) >= f1
    assert f"{days} of {dated}" == dates


def _told(facts: Facts) -> Iterator[Bound]:
    for claim in facts.claims:
        if claim.foreground:
            yield from _spread(claim.drugs, claim.indications, claim.event.value, claim.regulator)


def _labelled(told: Told) -> Iterator[Bound]:
    for drugs, cancers, event, body, *_ in told.claims:
        yield from _spread(
            [_id("drug", d) for d in drugs], [_id("indication", c) for c in cancers], event, body and f"org:{body}"
        )


def _spread(drugs: Sequence[str], cancers: Sequence[str], event: str, body: str | None) -> Iterator[Bound]:
    act = "authorised" if event in AUTHORISED else event
    return ((drug, _node(cancer), act, body) for drug in drugs or [""] for cancer in cancers or [""])


def _node(cancer: str) -> str:
    """The OncoTree node, where there is one: endometrial cancer and carcinoma are told as the same."""
    known = load().indications.get(cancer)
    return (known and known.oncotree) or cancer


def _id(kind: str, name: str) -> str:
    concept = concepts().resolve(kind, name)
    return concept.id if concept else f"novel:{name.lower().replace('-', '')}"


def test_two_pairs_in_one_sentence_are_two_claims() -> None:
    item = NewsItem(
        id="1",
        title="CHMP backs Keytruda in melanoma and Imfinzi in small cell lung cancer",
        summary="Both opinions go to the European Commission.",
    )
    bound = [(c.drugs, c.indications, c.event.value) for c in reader().read(item).claims if c.foreground]
    assert bound == [
        ((_id("drug", "pembrolizumab"),), (_id("indication", "melanoma"),), "opinion_positive"),
        ((_id("drug", "durvalumab"),), (_id("indication", "small cell lung cancer"),), "opinion_positive"),
    ]


def test_a_regimen_in_two_cancers_is_one_claim() -> None:
    item = NewsItem(id="1", title="FDA approves Opdivo plus Yervoy in melanoma and in renal cell carcinoma")
    (claim,) = (c for c in reader().read(item).claims if c.foreground)
    assert (len(claim.drugs), len(claim.indications)) == (2, 2)


def test_a_pipeline_in_company_news_is_not_taken_apart_into_pairs() -> None:
    item = NewsItem(
        id="1", title="Biotech reports second quarter: Keytruda in melanoma and Imfinzi in small cell lung cancer grow"
    )
    assert len([c for c in reader().read(item).claims if c.foreground]) == 1


@pytest.mark.parametrize(
    ("title", "event"),
    [
        ("Five-year data of olaparib in ovarian cancer bring no new safety signals", "trial_update"),
        ("Company reports no unexpected safety concerns with Keytruda in melanoma", "trial_update"),
        ("FDA examines safety signals for Keytruda in melanoma", "safety"),
    ],
)
def test_what_brings_no_signal_is_no_news_of_harm(title: str, event: str) -> None:
    assert reader().read(NewsItem(id="1", title=title)).event.type.value == event


@pytest.mark.parametrize(
    ("title", "event", "body"),
    [
        ("Regeneron steers odronextamab past the FDA in follicular lymphoma", "approval", "org:FDA"),
        ("Lymphoma drug odronextamab crosses the FDA finish line", "approval", "org:FDA"),
        ("Odronextamab permitted in the US for follicular lymphoma", "approval", "org:FDA"),
        ("Brussels signs off odronextamab for follicular lymphoma", "approval", "org:EC"),
        ("Odronextamab earns a second use in lymphoma from the FDA", "label_expansion", "org:FDA"),
        ("Factory faults keep odronextamab off the US market", "rejection", "org:FDA"),
        ("FDA could not approve odronextamab for lymphoma by its action date", "rejection", "org:FDA"),
        ("Odronextamab fails to convince FDA panel in lymphoma", "rejection", "org:FDA"),
        ("Regeneron may resume testing odronextamab in lymphoma as FDA releases its hold", "trial_start", "org:FDA"),
        ("FDA slaps a hold on the lymphoma trial of odronextamab", "trial_stopped", "org:FDA"),
        ("European Commission gives its assent to odronextamab in lymphoma", "approval", "org:EC"),
        ("Lymphoma drug odronextamab won over the FDA", "approval", "org:FDA"),
        ("FDA stands by its refusal of odronextamab in lymphoma", "rejection", "org:FDA"),
        ("FDA hold on a lymphoma study of odronextamab is lifted", "trial_start", "org:FDA"),
        ("Odronextamab enters another tumour type in the US", "label_expansion", "org:FDA"),
        ("FDA withholds full approval of odronextamab in lymphoma", "rejection", "org:FDA"),
        ("Odronextamab fails to clear the FDA in follicular lymphoma", "rejection", "org:FDA"),
        ("Regeneron celebrates a long-awaited FDA win in lymphoma with odronextamab", "approval", "org:FDA"),
    ],
)
def test_an_act_in_other_words_is_read_as_that_act(title: str, event: str, body: str) -> None:
    facts = reader().read(NewsItem(id="1", title=title))
    acting = [r.id for r in facts.regulators if r.role.value == "primary"]
    assert (facts.event.type.value, acting) == (event, [body])


def test_a_body_that_refused_before_does_not_approve_now() -> None:
    item = NewsItem(
        id="1",
        title="Japan becomes first to clear odronextamab for lymphoma",
        summary="The decision comes months after the FDA refused to approve the antibody.",
    )
    assert [c.regulator for c in reader().read(item).claims if c.foreground] == ["org:PMDA"]


def test_a_drug_for_which_patients_are_unfit_is_no_subject() -> None:
    facts = reader().read(NewsItem(id="1", title="New regimen approved by FDA for cisplatin-ineligible bladder cancer"))
    assert [d.name for d in facts.drugs if d.role.value == "primary"] == []


def test_an_update_on_a_review_is_what_the_text_says_it_is() -> None:
    item = NewsItem(
        id="1",
        title="Regeneron gives regulatory update on odronextamab in follicular lymphoma",
        summary="The company received a complete response letter from the FDA.",
    )
    assert reader().read(item).event.type.value == "rejection"


@pytest.mark.parametrize(
    "title",
    [
        "Opdivo challenger odronextamab shrinks lymphoma in late-stage trial",
        "Odronextamab challenges Columvi in lymphoma after FDA approval",
    ],
)
def test_the_rival_in_a_headline_is_no_subject(title: str) -> None:
    facts = reader().read(NewsItem(id="1", title=title))
    assert [d.name for d in facts.drugs if d.role.value == "primary"] == ["odronextamab"]


def test_a_dropped_drug_is_a_stopped_programme() -> None:
    assert reader().read(NewsItem(id="1", title="Roche ditches tiragolumab")).event.type.value == "trial_stopped"
    dearer = NewsItem(id="1", title="Roche drops Tecentriq prices in Brazil")
    assert reader().read(dearer).event.type.value != "trial_stopped"


def _foreground(title: str, summary: str = "") -> list[tuple[set[str], str, str | None]]:
    facts = read(title, summary)
    return [({i.split(":")[-1] for i in c.drugs}, c.event.value, c.regulator) for c in facts.claims if c.foreground]


def test_a_title_that_tells_two_acts_on_two_drugs_makes_a_claim_of_each() -> None:
    told = _foreground("FDA clears Datroway for EGFR lung cancer, turns down filing for Enhertu in gastric cancer")
    assert told == [
        ({"datopotamabderuxtecan"}, "approval", "org:FDA"),
        ({"trastuzumabderuxtecan"}, "rejection", "org:FDA"),
    ]


def test_one_drug_that_wins_in_one_cancer_and_fails_in_another_makes_two_claims() -> None:
    facts = read("Keytruda wins in a bladder cancer trial, fails in liver cancer")
    assert [(c.event.value, len(c.indications)) for c in facts.claims] == [("trial_positive", 1), ("trial_negative", 1)]


def test_a_digest_makes_a_claim_of_each_act_that_it_lists() -> None:
    told = _foreground(
        "Highlights from the CHMP's June meeting",
        "The committee recommended marketing authorisation for belzutifan in renal cell carcinoma. It also backed a "
        "conditional authorisation of talquetamab in multiple myeloma. A negative opinion was adopted for masitinib "
        "in mastocytosis.",
    )
    assert [kind for _, kind, _ in told] == ["opinion_positive", "opinion_positive", "rejection"]
    assert {body for _, _, body in told} == {"org:EMA"}


def test_an_application_that_is_accepted_and_given_priority_review_makes_two_claims() -> None:
    told = _foreground("FDA accepts filing for zongertinib in lung cancer and grants priority review")
    assert {kind for _, kind, _ in told} == {"filing_status", "designation"}
    assert len(_foreground("Filing for zongertinib in lung cancer accepted for priority review by the FDA")) == 1


def test_the_trial_that_an_approval_rests_on_is_no_second_news() -> None:
    told = _foreground(
        "FDA approves Imfinzi in limited-stage small cell lung cancer",
        "The FDA approved durvalumab, and the ADRIATIC trial showed longer survival than placebo in small cell lung cancer.",
    )
    assert len(told) == 1


def test_a_yes_to_one_drug_and_a_no_to_another_in_one_sentence_are_not_mixed() -> None:
    facts = read(
        "Week at the FDA: pirtobrutinib in, camizestrant out",
        "The agency approved pirtobrutinib on March 6 for chronic lymphocytic leukemia,"
        " and it rejected camizestrant for advanced breast cancer.",
    )
    told = {c.drugs: c.event.value for c in facts.claims if c.foreground}
    assert told.pop(("drug:camizestrant",)) == "rejection"
    assert told.pop(("drug:pirtobrutinib",)) in AUTHORISED
    assert told == {}
