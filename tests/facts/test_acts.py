# SPDX-License-Identifier: MIT
"""Two acts told in one breath are two claims; what only explains the news, or is planned, is none."""

import pytest

from alerts.facts import concepts, reader
from alerts.model import Claim, NewsItem

Bound = tuple[list[str], list[str], str, str | None]


def bound(title: str, summary: str = "") -> list[Bound]:
    return [_shown(c) for c in reader().read(NewsItem(id="1", title=title, summary=summary)).claims if c.foreground]


def _shown(claim: Claim) -> Bound:
    names = [[ref.name for i in ids if (ref := concepts().get(i))] for ids in (claim.drugs, claim.indications)]
    return names[0], names[1], claim.event.value, claim.regulator


@pytest.mark.parametrize(
    ("title", "first", "second"),
    [
        (
            "FDA accepts zongertinib filing in lung cancer and grants priority review",
            ("lung cancer", "designation", "org:FDA"),
            ("lung cancer", "filing_status", "org:FDA"),
        ),
        (
            "FDA clears zongertinib for mesothelioma but turns it down in prostate cancer",
            ("mesothelioma", "approval", "org:FDA"),
            ("prostate cancer", "rejection", "org:FDA"),
        ),
        (
            "Zongertinib wins in lung cancer but fails in bladder cancer",
            ("lung cancer", "trial_positive", None),
            ("bladder cancer", "trial_negative", None),
        ),
        (
            "Zongertinib approved in the US for breast cancer but rejected in Japan for lung cancer",
            ("breast cancer", "approval", "org:FDA"),
            ("lung cancer", "rejection", "org:PMDA"),
        ),
        (
            "Boehringer withdraws its EU application for zongertinib in melanoma and submits a new one for sarcoma",
            ("melanoma", "withdrawal", "org:EMA"),
            ("sarcoma", "filing_status", "org:EMA"),
        ),
        (
            "Boehringer ends zongertinib lung cancer study as FDA imposes a clinical hold on the drug",
            ("lung cancer", "trial_stopped", None),
            ("lung cancer", "trial_stopped", "org:FDA"),
        ),
    ],
)
def test_two_acts_in_one_headline_are_two_claims(
    title: str, first: tuple[str, str, str | None], second: tuple[str, str, str | None]
) -> None:
    assert bound(title) == [(["zongertinib"], [cancer], event, body) for cancer, event, body in (first, second)]


def test_a_yes_to_one_drug_and_a_no_to_another_keep_their_cancers() -> None:
    assert bound("EMA panel backs Imfinzi in bladder cancer but refuses Lynparza in pancreatic cancer") == [
        (["durvalumab"], ["bladder cancer"], "opinion_positive", "org:EMA"),
        (["olaparib"], ["pancreatic cancer"], "rejection", "org:EMA"),
    ]


def test_a_hold_told_in_the_lead_stands_beside_the_stop() -> None:
    assert bound(
        "Boehringer stops its zongertinib trial in lung cancer",
        "An interim look showed futility. The FDA has put every study of zongertinib on full clinical hold.",
    ) == [
        (["zongertinib"], ["lung cancer"], "trial_stopped", None),
        (["zongertinib"], ["lung cancer"], "trial_stopped", "org:FDA"),
    ]


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("FDA accepts zongertinib filing in lung cancer for priority review", ""),
        ("FDA approves zongertinib for lung cancer", "The agency had turned it down in prostate cancer in May."),
        ("Zongertinib approved in Japan for lung cancer", "Japan cleared the pill, while the FDA rejected it in May."),
        ("Boehringer withdraws zongertinib filing in the EU", "A study in lung cancer had supported the filing."),
        ("Boehringer stops zongertinib lung cancer trial after the FDA put it on clinical hold", ""),
        ("FDA accepts zongertinib filing in lung cancer; priority review could follow", ""),
        ("Zongertinib meets one goal in lung cancer but misses the other", ""),
    ],
)
def test_one_act_in_many_words_is_one_claim(title: str, summary: str) -> None:
    assert len(bound(title, summary)) == 1


@pytest.mark.parametrize(
    ("title", "bodies"),
    [
        ("Zongertinib cleared in the US and Japan for lung cancer", ["org:FDA", "org:PMDA"]),
        ("FDA, EMA and Health Canada accept filings for zongertinib in lung cancer", ["org:FDA", "org:EMA", "org:HC"]),
        ("EC and MHRA approve zongertinib in lung cancer", ["org:EC", "org:MHRA"]),
        ("NICE and SMC back zongertinib for lung cancer", ["org:NICE", "org:SMC"]),
        ("Zongertinib approved in the EU after FDA and Health Canada decisions in lung cancer", ["org:EC"]),
        ("MSD, as it is known outside the US and Canada, wins FDA approval of zongertinib", ["org:FDA"]),
    ],
)
def test_bodies_that_act_in_one_are_a_claim_each(title: str, bodies: list[str]) -> None:
    told = reader().read(NewsItem(id="1", title=title))
    assert [c.regulator for c in told.claims if c.foreground] == bodies
    assert set(bodies) <= {r.id for r in told.regulators if r.role.value == "primary"}


def test_a_day_to_come_is_not_the_day_of_the_act() -> None:
    item = NewsItem(
        id="1",
        title="FDA accepts zongertinib filing in lung cancer",
        summary="The FDA accepted the application and set a target date of March 1, 2031.",
        published="2030-05-02T08:00:00Z",
    )
    assert [c.event_date for c in reader().read(item).claims] == [None]


def test_cost_bodies_that_differ_have_each_told_the_news() -> None:
    told = bound("CADTH says yes to zongertinib in lung cancer, NICE no")
    assert [(event, body) for _, _, event, body in told] == [("access", "org:CADTH"), ("access", "org:NICE")]


def test_a_yes_and_a_no_take_their_cancers_from_the_lead() -> None:
    told = bound(
        "EMA committee says no to masitinib but yes to zongertinib",
        "It recommended zongertinib in lung cancer and refused masitinib in mastocytosis.",
    )
    assert [(drugs, cancers, event) for drugs, cancers, event, _ in told] == [
        (["masitinib"], ["mastocytosis"], "rejection"),
        (["zongertinib"], ["lung cancer"], "opinion_positive"),
    ]


def test_a_cancer_without_a_code_of_its_own_has_that_of_the_nearest_above_it() -> None:
    (myeloma,) = (
        reader().read(NewsItem(id="1", title="FDA approves Darzalex in smoldering multiple myeloma")).indications
    )
    assert (myeloma.name, myeloma.oncotree) == ("smoldering multiple myeloma", "PCM")


@pytest.mark.parametrize(("year", "event"), [(2025, "approval"), (2027, "label_expansion")])
def test_a_full_approval_is_the_first_in_the_year_of_the_first(year: int, event: str) -> None:
    title = "FDA gives full approval to taletrectinib in lung cancer"
    item = NewsItem(id="1", title=title, published=f"{year}-06-12T08:00:00Z")
    assert reader().read(item).event.type.value == event
