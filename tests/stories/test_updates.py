# SPDX-License-Identifier: MIT
"""What is a later step of what, and what is none."""

from datetime import timedelta

import pytest

from alerts.facts import concepts
from alerts.model import EventType, StoryFacts, Verdict
from alerts.stories import rules
from alerts.stories.compare import verdicts
from alerts.stories.progress import step_of
from tests.conftest import NOW


def told(kind: str, *, days: int = 0, body: str | None = "org:FDA", trial: str = "", **more: object) -> StoryFacts:
    event, _, status = kind.partition("/")
    known = {
        "drugs": ("drug:tarlatamab",),
        "indications": ("onc:SCLC",),
        "event": EventType(event),
        "status": status or None,
        "regulator": body,
        "trials": (trial,) if trial else (),
        "first_told": NOW + timedelta(days=days),
    }
    return StoryFacts.model_validate({**known, **more})


def step(earlier: StoryFacts, later: StoryFacts) -> str | None:
    found = step_of(earlier, later, verdicts(later, earlier, concepts()))
    return found.wording if found else None


@pytest.mark.parametrize(
    ("earlier", "later", "wording"),
    [
        ("filing_status/submitted", "filing_status/accepted", "filing accepted"),
        ("filing_status/accepted", "designation/breakthrough", "designation after the filing"),
        ("designation/breakthrough", "filing_status/submitted", "filing after the designation"),
        ("filing_status/accepted", "filing_status/extended", "the review moved on"),
        ("filing_status", "opinion_positive", "positive opinion"),
        ("filing_status/accepted", "approval", "approved"),
        ("opinion_positive", "label_expansion", "approved"),
        ("trial_stopped/hold", "trial_start/lifted", "the hold was lifted"),
        ("filing_status/accepted", "rejection/complete_response", "turned down"),
        ("rejection/complete_response", "filing_status/resubmitted", "filed again"),
        ("rejection/complete_response", "approval", "approved after a rejection"),
        ("approval/accelerated", "approval/full", "full approval"),
        ("approval/conditional", "label_expansion/full", "full approval"),
        ("approval/accelerated", "withdrawal", "withdrawn"),
        ("filing_status/submitted", "withdrawal", "withdrawn"),
    ],
)
def test_the_same_body_goes_on_from_step_to_step(earlier: str, later: str, wording: str) -> None:
    assert step(told(earlier), told(later, days=60)) == wording


@pytest.mark.parametrize(
    ("earlier", "later", "wording"),
    [
        ("trial_start", "trial_positive", "results of the trial"),
        ("trial_positive/topline", "trial_positive/congress", "full data"),
        ("trial_negative/topline", "trial_update/publication", "full data"),
        ("trial_positive/congress", "trial_positive/publication", "published"),
        ("trial_positive", "trial_update", "further data"),
        ("trial_stopped/hold", "trial_start/lifted", "the hold was lifted"),
        ("trial_update", "trial_stopped/terminated", "the trial was stopped"),
    ],
)
def test_the_same_trial_goes_on_from_step_to_step(earlier: str, later: str, wording: str) -> None:
    assert (
        step(told(earlier, body=None, trial="DELLPHI-304"), told(later, body=None, trial="DELLPHI-304", days=60))
        == wording
    )


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(told("opinion_positive", body="org:EMA"), told("approval", days=40), id="another body"),
        pytest.param(told("filing_status"), told("approval", days=40, indications=("onc:NSCLC",)), id="another cancer"),
        pytest.param(told("filing_status"), told("approval", days=40, indications=()), id="a cancer that is not named"),
        pytest.param(told("filing_status"), told("approval", days=40, drugs=("drug:sunitinib",)), id="another drug"),
        pytest.param(
            told("filing_status", setting="first-line"),
            told("approval", days=40, setting="second-line"),
            id="another line",
        ),
        pytest.param(told("approval"), told("filing_status", days=40), id="backwards"),
        pytest.param(told("approval/full"), told("approval/accelerated", days=40), id="full, then accelerated"),
        pytest.param(told("approval", days=40), told("withdrawal"), id="told before it"),
        pytest.param(
            told("trial_positive", trial="DELLPHI-304"),
            told("trial_update", days=40, trial="DELLPHI-305"),
            id="another trial",
        ),
        pytest.param(told("trial_positive"), told("trial_update", days=40), id="a trial that is not named"),
        pytest.param(
            told("trial_positive", trial="DELLPHI-304"),
            told("trial_positive", days=2, trial="DELLPHI-304"),
            id="two days later",
        ),
    ],
)
def test_what_is_another_thing_or_another_time_is_no_update(earlier: StoryFacts, later: StoryFacts) -> None:
    assert step(earlier, later) is None


def test_an_opinion_of_ema_is_followed_by_the_decision_of_the_commission() -> None:
    assert step(told("opinion_positive", body="org:EMA"), told("approval", body="org:EC", days=40)) == "approved"


def test_every_row_of_the_table_says_how_the_update_is_worded() -> None:
    assert all(row.wording and row.by in {"body", "trial"} for row in rules.STEPS)


@pytest.mark.parametrize("around", ["adjuvant", "neoadjuvant", "perioperative"])
@pytest.mark.parametrize("line", ["first-line", "second-line"])
def test_what_goes_with_surgery_is_another_use_than_a_line_of_advanced_disease(around: str, line: str) -> None:
    found = verdicts(told("approval", setting=around), told("approval", setting=line), concepts())
    assert found["setting"] is Verdict.CONFLICT
