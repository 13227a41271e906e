# SPDX-License-Identifier: MIT
"""Vague headlines: what is not named is made up for by who acted, when and for whom; never so that a story goes untold."""

from datetime import timedelta

import pytest

from alerts.facts import concepts, reader
from alerts.facts.vocabulary import load as vocabulary
from alerts.model import Decision, Grouping, NewsItem, Verdict
from alerts.stories import Shelf, rules
from alerts.stories.compare import verdicts
from tests.conftest import NOW
from tests.stories.test_canonical import read

Headed = tuple[str, str]
TOVORAFENIB = (
    "FDA approves tovorafenib for children with relapsed BRAF-altered low-grade glioma",
    "The RAF inhibitor of Day One Biopharmaceuticals is the first of its kind in this disease.",
)
AVUTOMETINIB = (
    "FDA approves avutometinib with defactinib for KRAS-mutated low-grade serous ovarian cancer",
    "The capsules and tablets of Verastem will be sold as a co-pack.",
)


def after(first: Headed, *then: Headed, days: float = 1) -> Grouping:
    """What becomes of the last of these items, told `days` after the first."""
    shelf, grouping = Shelf(concepts()), None
    for number, (title, text) in enumerate((first, *then)):
        when = NOW + timedelta(days=days * number / len(then))
        item = NewsItem(id=str(number), title=title, summary=text, published=when, first_seen=when)
        _, grouping = shelf.place(item, reader().read(item), when)
    assert grouping is not None
    return grouping


def test_an_act_without_its_drug_finds_the_story_by_body_cancer_and_company() -> None:
    assert (
        after(TOVORAFENIB, ("Day One wins first FDA approval with childhood brain tumour medicine", "")).story_id == 1
    )


def test_an_act_without_its_drug_of_another_company_is_a_story_of_its_own() -> None:
    found = after(TOVORAFENIB, ("Nuvalent wins first FDA approval with childhood brain tumour medicine", ""))
    assert found.decision is Decision.NEW


def test_an_act_without_its_drug_joins_none_of_two_that_it_may_mean() -> None:
    other = (
        "FDA approves vorasidenib for children with low-grade glioma",
        "Day One Biopharmaceuticals shares the market.",
    )
    vague = ("Day One wins first FDA approval with childhood brain tumour medicine", "")
    assert after(TOVORAFENIB, other, vague).decision is Decision.NEW


def test_the_words_of_a_report_hint_at_the_act_that_its_title_does_not_name() -> None:
    vague = (
        "Verastem's rare ovarian cancer pair is here",
        "Avutometinib with defactinib was given the go-ahead on Thursday.",
    )
    assert after(AVUTOMETINIB, vague).story_id == 1


def test_a_study_in_the_days_of_an_approval_is_news_of_its_own() -> None:
    study = (
        "Study looks at what avutometinib does to the eyes in ovarian cancer",
        "Three centres followed their patients with photographs; the approved dose was given to most of them.",
    )
    assert after(AVUTOMETINIB, study).decision is Decision.NEW


CLASS = ("FDA lifts REMS for CAR-T therapies", "Hospitals need no certificate any more.")


def test_news_on_a_class_of_drugs_is_one_story() -> None:
    again = (
        "CAR T-cell safety programme: FDA drops REMS",
        "Hospitals no longer need a special certificate.",
    )
    assert after(CLASS, again).story_id == 1


def test_the_same_act_on_another_class_is_another_story() -> None:
    other = (
        "FDA lifts REMS for PARP inhibitors",
        "Hospitals need no certificate any more for them.",
    )
    assert after(CLASS, other).decision is Decision.NEW


def test_a_correction_that_says_the_same_is_no_second_alert() -> None:
    text = "The watchdog NICE has approved abemaciclib for a further 4,000 women with early breast cancer in England."
    first = ("NHS in England to pay for abemaciclib in early breast cancer", text)
    mended = (
        "Correction: NHS in England to pay for abemaciclib in early breast cancer",
        f"{text} A name was misspelt.",
    )
    assert after(first, mended).decision is Decision.SAME


def test_a_correction_that_tells_a_wrong_figure_is_an_update() -> None:
    text = "The watchdog NICE has approved abemaciclib for a further 4,000 women with early breast cancer in England."
    first = ("NHS in England to pay for abemaciclib in early breast cancer", text)
    mended = (
        "Correction: NHS in England to pay for abemaciclib in early breast cancer",
        "An earlier version misstated how many women may have it: the watchdog NICE has approved abemaciclib for a further "
        "4,000 with early breast cancer in England, not 14,000.",
    )
    assert after(first, mended).decision is Decision.UPDATE


def test_a_rival_named_beside_the_drug_does_not_make_another_story_of_one_act() -> None:
    first = ("FDA approves Amgen's sotorasib with panitumumab for KRAS G12C-mutated colorectal cancer", "")
    again = read("Amgen gets FDA approval in colorectal cancer, joining Krazati", "Sotorasib is second there.")
    assert again.drugs == ("drug:adagrasib",)
    assert verdicts(again, read(*first), concepts())["drugs"] is Verdict.UNKNOWN
    rival = read("FDA approves adagrasib of Bristol Myers Squibb in colorectal cancer", "")
    assert verdicts(rival, read(*first), concepts())["drugs"] is Verdict.CONFLICT


@pytest.mark.parametrize(
    ("setting", "other", "verdict"),
    [("neoadjuvant", "locally advanced", False), ("neoadjuvant", "metastatic", True), ("adjuvant", "advanced", True)],
)
def test_locally_advanced_disease_may_be_operated_on(setting: str, other: str, verdict: bool) -> None:
    base = read("FDA approves pembrolizumab for head and neck cancer")
    a, b = (base.model_copy(update={"setting": s}) for s in (setting, other))
    assert (verdicts(a, b, concepts())["setting"] is Verdict.CONFLICT) is verdict


def test_one_trial_of_one_act_leaves_open_how_a_rare_tumour_is_named() -> None:
    a = read("FDA approves belzutifan for paraganglioma", "LITESPARK-015 was evaluated.")
    b = read("FDA approves belzutifan for adrenal gland cancer", "LITESPARK-015 was evaluated.")
    assert verdicts(a, b, concepts())["indications"] is not Verdict.CONFLICT
    other = read("FDA approves belzutifan for renal cell carcinoma", "LITESPARK-005 was evaluated.")
    assert verdicts(a, other, concepts())["indications"] is Verdict.CONFLICT


def test_a_voucher_is_another_thing_than_a_priority_review() -> None:
    sold = read("Day One sells priority review voucher of tovorafenib in glioma for 108 million dollars")
    assert sold.status == "voucher"


def test_a_subject_told_by_the_body_becomes_the_act_once_somebody_names_it() -> None:
    shelf = Shelf(concepts())
    for n, title in enumerate(
        (
            "European Commission widens Jemperli in endometrial cancer",
            "European Commission approves Jemperli in endometrial cancer",
        )
    ):
        item = NewsItem(id=str(n), title=title, published=NOW, first_seen=NOW)
        shelf.place(item, reader().read(item), NOW)
    assert {story.facts.event.value for story in shelf.stories.values()} <= {"approval", "label_expansion"}


@pytest.mark.parametrize(
    ("first", "then", "days"),
    [
        pytest.param(
            (
                "FDA approves Keytruda for TMB-high solid tumours whatever their site",
                "The second such label of pembrolizumab.",
            ),
            ("FDA approves Keytruda for cutaneous squamous cell carcinoma", "Pembrolizumab may be given to adults."),
            7,
            id="an approval whatever the tumour, and one in a tumour",
        ),
        pytest.param(
            (
                "Merck presents promising data of three new medicines at ESMO",
                "The pipeline of the company grows in oncology.",
            ),
            (
                "Merck presents data of Keytruda with Lenvima in seven tumours at ESMO",
                "Response rates of the pair were shown.",
            ),
            0.1,
            id="a company's pipeline, and data of one drug",
        ),
        pytest.param(
            (
                "Aptose starts TUSCANY trial of tuspetinib in newly diagnosed AML",
                "The triplet is given with venetoclax.",
            ),
            ("Aptose starts MyeloMATCH trial of tuspetinib in newly diagnosed AML", "The NCI runs it."),
            9,
            id="two trials begin",
        ),
        pytest.param(
            (
                "SpringWorks to take part in Guggenheim healthcare conference",
                "The chief executive will speak on oncology.",
            ),
            (
                "SpringWorks to take part in Jefferies healthcare conference",
                "The chief executive will speak on oncology.",
            ),
            6,
            id="one company at two conferences",
        ),
        pytest.param(
            (
                "NXC-201 in AL amyloidosis: 75% complete responses at ASH",
                "Immix told of sixteen patients outside the US.",
            ),
            (
                "NXC-201 in AL amyloidosis: responses of first patients of NEXICART-2",
                "Immix told of four patients in the US.",
            ),
            8,
            id="data told days later, of a trial that was not named before",
        ),
        pytest.param(
            ("Alvotech: record results of the second quarter", "Revenues of the company rose."),
            (
                "Alvotech: positive topline results of denosumab biosimilar AVT03",
                "The study in patients met its endpoint.",
            ),
            1,
            id="quarterly results, and results of a trial",
        ),
    ],
)
def test_news_that_merely_shares_company_or_drug_is_never_swallowed(first: Headed, then: Headed, days: float) -> None:
    assert after(first, then, days=days).decision is not Decision.SAME


def test_a_readout_in_the_very_same_patients_is_one_story_though_only_one_text_names_the_trial() -> None:
    first = (
        "Enhertu beats ramucirumab and paclitaxel in second-line HER2-positive gastric cancer",
        "DESTINY-Gastric04 met its endpoint of overall survival, the companies said.",
    )
    again = (
        "HER2 drug prolongs survival in stomach cancer study",
        "Trastuzumab deruxtecan helped people with HER2-positive disease in the second line, AstraZeneca and Daiichi said.",
    )
    assert after(first, again, days=0.1).story_id == 1


def test_a_product_of_two_drugs_is_found_and_met_by_their_names() -> None:
    first = ("FDA approves Akeega for BRCA2-mutated metastatic castration-sensitive prostate cancer", "")
    again = ("Niraparib with abiraterone wins FDA approval in BRCA2-mutated castration-sensitive prostate cancer", "")
    assert after(first, again).story_id == 1


def test_products_are_held_by_their_parts_as_the_vocabulary_has_them() -> None:
    parts = {name: list(vocabulary().drugs[name].components) for name in rules.PRODUCTS}
    assert parts == {name: sorted(held) for name, held in rules.PRODUCTS.items()}


def test_a_refusal_that_was_reversed_is_a_recommendation() -> None:
    text = "The cost body NICE reversed its earlier refusal after a better offer."
    assert read("Fruquintinib for bowel cancer on the NHS after all, says NICE", text).status == "recommended"
    assert read("NICE says no to fruquintinib in bowel cancer", "The price is too high.").status == "refused"


def test_a_glioma_named_by_its_grade_or_by_its_cell_is_left_open() -> None:
    by_cell = read("FDA approves vorasidenib for astrocytoma and oligodendroglioma")
    assert (
        verdicts(by_cell, read("FDA approves vorasidenib for low-grade glioma"), concepts())["indications"]
        is Verdict.UNKNOWN
    )
    other = read("FDA approves vorasidenib for high-grade glioma")
    assert verdicts(by_cell, other, concepts())["indications"] is Verdict.CONFLICT


SERD = (
    "FDA approves imlunestrant for ESR1-mutated breast cancer",
    "Eli Lilly will sell the pill as Inluriyo.",
)


def test_a_headline_without_drug_and_cancer_folds_into_the_only_act_of_its_company_of_that_day() -> None:
    assert after(SERD, ("FDA green-lights Lilly's new pill", "")).story_id == 1


def test_such_a_headline_three_days_later_is_no_longer_sure_to_mean_it() -> None:
    assert after(SERD, ("FDA green-lights Lilly medicine", ""), days=2.9).decision is Decision.NEW


def test_such_a_headline_joins_none_of_two_acts_of_one_company() -> None:
    second = ("FDA approves pirtobrutinib for chronic lymphocytic leukemia", "Eli Lilly sells it as Jaypirca.")
    assert after(SERD, second, ("FDA green-lights Lilly's new pill", "")).decision is Decision.NEW


def test_two_companies_do_not_sign_twice_in_the_same_days() -> None:
    deal = ("BioNTech and Bristol Myers Squibb to develop BNT327 together in solid tumors", "Costs are shared.")
    assert after(deal, ("BioNTech strikes cancer pact worth up to $11bn with Bristol Myers Squibb", "")).story_id == 1
    other = ("BioNTech strikes cancer pact with Genmab", "")
    assert after(deal, other).decision is Decision.NEW


def test_one_body_does_not_decide_on_one_drug_twice_a_day_so_its_cancer_may_be_left_out() -> None:
    first = ("FDA approves Keytruda Qlex, pembrolizumab under the skin, across most solid tumors", "It takes a minute.")
    assert after(first, ("FDA clears Merck's Keytruda shot under the skin", "")).story_id == 1
    cervix, skin = (("FDA approves pembrolizumab for " + cancer, "") for cancer in ("cervical cancer", "melanoma"))
    assert after(cervix, skin, ("FDA clears yet another Keytruda use", "")).decision is Decision.NEW


def test_the_next_meeting_or_cohort_weeks_later_is_news_of_its_own() -> None:
    meeting = (
        "Oblivia reports outcome of its meeting with the FDA on avutometinib in ovarian cancer",
        "Reviewers agreed with the plan of the next study.",
    )
    later = (
        "Oblivia and FDA agree on how avutometinib for ovarian cancer is to be made",
        "A further meeting with the FDA dealt with manufacturing.",
    )
    assert after(meeting, later, days=20).decision is not Decision.SAME


def test_data_of_a_named_trial_are_not_told_by_the_paper_of_the_week_before() -> None:
    paper = ("Lancet publishes positive results of tovorafenib in low-grade glioma", "")
    data = ("Day One shows positive first data of tovorafenib in LOGGIC trial in low-grade glioma", "")
    assert after(paper, data, days=2).decision is not Decision.SAME


def test_a_study_without_a_drug_is_found_by_its_cancer() -> None:
    first = ("Study: yearly ultrasound can reduce ovarian cancer deaths by a fifth", "")
    again = ("Ovarian cancer deaths reduced by yearly ultrasound, study finds", "")
    other = ("Study: coffee may be linked to fewer ovarian cancer deaths", "")
    assert after(first, again).story_id == 1
    assert after(first, other).decision is Decision.NEW


def test_what_a_tumour_lacks_does_not_tell_its_patients_from_those_with_another_marker() -> None:
    first = ("FDA refuses zolbetuximab in HER2-negative gastric cancer", "A complete response letter cites a plant.")
    assert (
        after(first, ("FDA turns down Astellas' zolbetuximab, a claudin 18.2 drug for gastric cancer", "")).story_id
        == 1
    )


def test_a_filing_taken_back_while_another_is_handed_in_is_one_story() -> None:
    filed = (
        "New application for tovorafenib in glioma submitted to the FDA",
        "At the same time the firm took back its earlier one.",
    )
    pulled = ("Day One withdraws FDA application for tovorafenib in glioma and files anew", "")
    assert after(filed, pulled, days=1).story_id == 1
    assert after(filed, pulled, days=30).decision is not Decision.SAME


def test_a_regimen_by_its_name_is_the_regimen_by_its_parts() -> None:
    parts = (
        "FDA approves Onivyde with oxaliplatin, fluorouracil and leucovorin (NALIRIFOX) in pancreatic cancer",
        "Ipsen's NAPOLI 3 trial was positive.",
    )
    assert after(parts, ("NALIRIFOX approved by FDA as a first treatment of pancreatic cancer", "")).story_id == 1
    assert after(parts, ("FOLFIRINOX approved by FDA in pancreatic cancer", "")).decision is Decision.NEW


def test_two_reports_of_one_outcome_on_one_day_need_few_words_in_common() -> None:
    company = (
        "Tovorafenib showed highly significant prolongation of the time to progression in low-grade glioma",
        "Independent monitors looked at LOGGIC as planned.",
    )
    wire = ("Day One's tovorafenib meets goal of glioma study", "The firm will talk to regulators next.")
    assert after(company, wire, days=0.5).story_id == 1


def test_a_tumour_of_the_tube_or_the_peritoneum_is_told_as_ovarian_cancer() -> None:
    regulator = ("FDA approves avutometinib for fallopian tube or primary peritoneal carcinoma", "")
    assert after(regulator, ("Verastem's avutometinib gains FDA approval in ovarian cancer", "")).story_id == 1
