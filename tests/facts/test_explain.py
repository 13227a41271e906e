# SPDX-License-Identifier: MIT
"""`oncowire classify --explain`: the text with marks, and the reason behind every fact."""

import json

import pytest
from typer.testing import CliRunner

from alerts.cli import app

TITLE = "EU approves Cabometyx for neuroendocrine tumours versus sunitinib"


def explained(text: str, *options: str) -> tuple[int, str]:
    run = CliRunner().invoke(app, ["classify", "--explain", *options], input=text)
    return run.exit_code, run.stdout


def test_the_text_is_shown_with_marks_and_no_colour_codes_when_it_is_no_terminal() -> None:
    code, told = explained(TITLE)
    assert code == 0
    assert "[Cabometyx|drug] for [neuroendocrine tumours|indication] versus [sunitinib|drug mentioned]" in told
    assert "\x1b" not in told


def test_behind_each_fact_stands_the_entry_or_the_rule() -> None:
    _, told = explained(TITLE)
    assert "title 12-21: brand of drug:cabozantinib (ema, geniebpc, overlay, unii)" in told
    assert "not the subject here" in told
    assert "of events.yaml for approval" in told
    assert "claim      cabozantinib × neuroendocrine tumor × approval × EC" in told


def test_an_unknown_drug_says_what_showed_it() -> None:
    _, told = explained("Qwertatinib shrinks tumours in lung cancer")
    assert "in no vocabulary; an INN stem or the pattern of a company code shows it" in told


def test_json_lines_are_explained_too_and_a_bad_line_does_not_stop_the_rest() -> None:
    code, told = explained("{bad\n" + json.dumps({"title": TITLE, "summary": "[bold]no markup[/bold]"}))
    assert code == 1
    assert "[Cabometyx|drug]" in told
    assert "[bold]no markup[/bold]" in told


@pytest.mark.parametrize("text", ["", "Weather stays fine", "Cats", "Methods: we looked. Results: none."])
def test_an_item_that_says_nothing_is_explained_too(text: str) -> None:
    code, told = explained(text)
    assert code == 0
    assert "not about cancer" in told
    assert "\n  event " in told
