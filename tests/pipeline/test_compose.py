# SPDX-License-Identifier: MIT
"""From what was read to what a message says: status, one sentence, the facts in order, the source's own words and numbers."""

import re

import pytest

from alerts.facts import concepts, reader
from alerts.model import Alert, AlertKind, Claim, EventType, NewsItem
from alerts.pipeline import wording
from alerts.pipeline.compose import Telling, alert

NET = NewsItem(
    id="1",
    title="European Commission approves Cabometyx (cabozantinib) for pancreatic neuroendocrine tumours",
    summary=(
        "<p>Ipsen said on 24 July 2025 that the European Commission has approved cabozantinib for previously treated adults with "
        "pancreatic neuroendocrine tumours.</p><p>In the phase 3 CABINET trial (NCT03375320) median progression-free survival "
        "was 13.8 months with cabozantinib and 4.4 months with placebo (hazard ratio 0.23; 95% CI 0.12&ndash;0.42).</p>"
    ),
    source="Example Wire",
    link="https://wire.example.org/1",
)


def told(item: NewsItem, kind: AlertKind = AlertKind.STORY) -> Alert:
    return alert(
        Telling(
            kind=kind, story_id=1, revision=1, lead=item, facts=reader().read(item), sources=(), subscription="NET"
        ),
        concepts(),
    )


def test_an_alert_says_who_did_what_and_lists_the_facts_in_order() -> None:
    made = told(NET)
    assert made.status_line == "EU approval"
    assert made.sentence.startswith("The European Commission approved cabozantinib for pancreatic neuroendocrine tumor")
    assert made.sentence.endswith("on 24 July 2025.")
    rows = {row.label: row.value for row in made.facts}
    assert list(rows) == ["Drug", "Company", "Cancer", "Setting", "Event", "Regulator", "Date", "Trial"]
    assert rows["Drug"].startswith("cabozantinib (Cabometyx), ")
    assert rows["Company"] == "Ipsen"
    assert rows["Regulator"] == "European Commission"
    assert rows["Date"] == "24 July 2025"
    assert rows["Trial"] == "CABINET (NCT03375320), phase 3"


def test_key_results_are_quoted_with_the_numbers_as_the_source_gives_them() -> None:
    quoted = " ".join(quote.text for quote in told(NET).quotes)
    assert "13.8 months with cabozantinib and 4.4 months with placebo (hazard ratio 0.23; 95% CI 0.12–0.42)" in quoted
    assert "<" not in quoted
    assert {quote.outlet for quote in told(NET).quotes} == {"Example Wire"}


def test_a_biomarker_stands_in_the_facts() -> None:
    item = NewsItem(
        id="2", title="FDA approves trastuzumab deruxtecan for HER2-low metastatic breast cancer", source="Wire"
    )
    rows = {row.label: row.value for row in told(item).facts}
    assert rows["Biomarker"] == "HER2 low"
    assert "Date" not in rows


@pytest.mark.parametrize("event", EventType)
@pytest.mark.parametrize("regulator", ["org:FDA", "org:EC", None])
@pytest.mark.parametrize(("drugs", "cancers"), [("cabozantinib", "gastric cancer"), ("cabozantinib", ""), ("", "")])
def test_every_event_reads_as_a_sentence_whatever_is_known(
    event: EventType, regulator: str | None, drugs: str, cancers: str
) -> None:
    claim = Claim(event=event, regulator=regulator)
    text = wording.sentence(claim, drugs, cancers, None)
    assert re.fullmatch(r"[A-Z][^{}]+\.", text)
    assert "None" not in text
    assert "  " not in text
    assert (drugs or "a drug that is not named").lower() in text.lower()
    assert not cancers or f" for {cancers}" in text
    assert re.fullmatch(r"[A-Z]\S.*", wording.status_line(claim, None))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["gastric cancer"], "gastric cancer"),
        (["gastric cancer", "melanoma"], "gastric cancer and melanoma"),
        (["pancreatic neuroendocrine tumor", "lung neuroendocrine tumor"], "pancreatic and lung neuroendocrine tumors"),
        (["a", "b", "c"], "a, b and c"),
    ],
)
def test_cancers_that_end_alike_share_their_end(names: list[str], said: str) -> None:
    assert wording.cancers(names) == said


def test_a_status_that_changes_what_an_approval_is_worth_stands_in_the_status_line() -> None:
    claim = Claim(event=EventType.APPROVAL, regulator="org:FDA", status="accelerated")
    assert wording.status_line(claim, None) == "FDA accelerated approval"
    assert wording.status_line(claim.model_copy(update={"event": EventType.ACCESS}), None) == "FDA access"
