# SPDX-License-Identifier: MIT
"""One decision in several versions, and several decisions that read alike: whose act it is, told by whom and when."""

import pytest

from alerts.model import Decision
from tests.stories.test_vague import Headed, after

EC = (
    "European Commission approves sacituzumab govitecan in triple-negative breast cancer",
    "Gilead may sell Trodelvy in the EU.",
)
CHMP = (
    "CHMP recommends sacituzumab govitecan in triple-negative breast cancer",
    "The committee of the EMA was in favour.",
)
NICE = (
    "NICE recommends enzalutamide for hormone-sensitive prostate cancer",
    "The watchdog changed its mind for England.",
)
FDA = (
    "FDA approves zenocutuzumab for NRG1-positive pancreatic cancer",
    "On November 24, 2026, the agency approved zenocutuzumab-zbco (Bizengri, Merus) in advanced disease.",
)


def test_a_decision_of_the_commission_that_an_outlet_calls_emas_is_one_story() -> None:
    called = (
        "European Medicines Agency approves Trodelvy for triple-negative breast cancer",
        "The drug is sold by Gilead.",
    )
    assert after(EC, called).story_id == 1


def test_the_opinion_and_the_decision_are_two_stories_and_the_second_an_update() -> None:
    found = after(CHMP, EC, days=60)
    assert (found.decision, found.follows) == (Decision.UPDATE, 1)


def test_an_opinion_told_once_more_after_the_decision_goes_to_the_opinion() -> None:
    again = (
        "Positive CHMP opinion for Trodelvy in triple-negative breast cancer",
        "The committee of the EMA backed Gilead's drug.",
    )
    assert after(CHMP, EC, again, days=20).story_id == 1


def test_one_cost_body_and_the_other_are_two_stories_on_one_day() -> None:
    smc = ("SMC accepts enzalutamide for hormone-sensitive prostate cancer", "Patients in Scotland can have it.")
    assert after(NICE, smc, days=0.1).decision is Decision.NEW


@pytest.mark.parametrize(
    ("told", "days"),
    [
        pytest.param(
            ("Bizengri of Merus approved by FDA in NRG1-positive pancreatic cancer", "It is the first medicine against it."),
            0.2, id="the company's release",
        ),
        pytest.param(
            ("Zenocutuzumab-zbco: notice of approval", "The Food and Drug Administration approved Bizengri (zenocutuzumab) in "
             "pancreatic cancer with an NRG1 fusion on November 24, 2026."),
            6, id="the agency's notice some days later",
        ),
        pytest.param(
            ("Merus tells of a strong quarter", "Bizengri (zenocutuzumab) won FDA approval in NRG1-positive pancreatic cancer on "
             "November 24, 2026."),
            40, id="the company's restatement weeks later",
        ),
        pytest.param(
            ("US regulator clears Merus drug in pancreatic cancer", "Zenocutuzumab is for tumours with a rare gene fusion."),
            1, id="a wire's version",
        ),
    ],
)  # fmt: skip
def test_the_versions_of_one_decision_are_one_story_for_weeks(told: Headed, days: float) -> None:
    assert after(FDA, told, days=days).story_id == 1


def test_the_decision_of_another_body_on_the_same_day_is_another_story() -> None:
    other = (
        "European Commission approves zenocutuzumab for NRG1-positive pancreatic cancer",
        "Bizengri comes to the EU.",
    )
    assert after(FDA, other, days=0.1).decision is Decision.NEW
