# SPDX-License-Identifier: MIT
"""Bad input of `oncowire classify --jsonl`: its own line says so with a code, and the rest goes on."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from alerts.cli import app
from alerts.cli.jsonl import MAX_LINE_CHARS
from alerts.facts import reader
from alerts.facts.language import language
from alerts.facts.text import keyed
from alerts.model import NewsItem

GOOD = {"id": "good", "title": "FDA approves tarlatamab for small cell lung cancer"}


def classified(*lines: str) -> list[dict[str, Any]]:
    run = CliRunner().invoke(app, ["classify", "--jsonl"], input="\n".join(lines) + "\n")
    assert run.exit_code == 0
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        ("null", "bad_json"),
        ('"text"', "bad_json"),
        ("[" * 100_000, "bad_json"),
        ('{"title": 1}', "bad_item"),
        ('{"title": null}', "bad_item"),
        ('{"summary": "no title"}', "bad_item"),
        ('{"title": "x", "summary": ["y"]}', "bad_item"),
        ('{"title": "x", "published": 3}', "bad_item"),
        ('{"title": {"de": "x"}}', "bad_item"),
        (json.dumps({"title": "x" * MAX_LINE_CHARS}), "line_too_long"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_a_bad_line_says_what_is_wrong_and_the_next_is_read(line: str, code: str) -> None:
    bad, good = classified(line, json.dumps(GOOD))
    assert bad["error"]["code"] == code
    assert bad["error"]["message"]
    assert good["drugs"][0]["name"] == "tarlatamab"


@pytest.mark.parametrize("published", ["soon", "2026-13-45", "Someday, 99 Foo 2026", "0000", "\u0662\u0660"])
def test_a_date_that_nobody_can_read_is_told_and_the_item_is_read_as_undated(published: str) -> None:
    told, good = classified(json.dumps({**GOOD, "published": published}), json.dumps(GOOD))
    assert [w["code"] for w in told["warnings"]] == ["bad_published"]
    assert repr(published) in told["warnings"][0]["message"]
    assert told["drugs"] == good["drugs"]
    assert "warnings" not in good


@pytest.mark.parametrize("published", ["2026-03-02", "Mon, 02 Mar 2026 10:00:00 GMT", "", None])
def test_a_date_that_can_be_read_or_is_not_given_is_no_cause_for_a_warning(published: str | None) -> None:
    assert "warnings" not in classified(json.dumps({**GOOD, "published": published}))[0]


def test_half_a_character_is_shown_as_one_that_is_not_known_and_the_rest_is_read() -> None:
    told, good = classified('{"title": "FDA approves tarlatamab \\ud800", "summary": "\\udfff"}', json.dumps(GOOD))
    assert [d["name"] for d in told["drugs"]] == ["tarlatamab"]
    assert good["drugs"][0]["name"] == "tarlatamab"


def test_bytes_that_are_no_text_cost_nothing_else() -> None:
    lines = b'{"title": "FDA approves tarlatamab \xff\xfe"}\n\xff\n' + json.dumps(GOOD).encode() + b"\n"
    run = subprocess.run(
        [sys.executable, "-m", "alerts.cli", "classify", "--jsonl"], input=lines, capture_output=True, check=True
    )
    told, bad, good = map(json.loads, run.stdout.splitlines())
    assert told["drugs"][0]["name"] == good["drugs"][0]["name"] == "tarlatamab"
    assert bad["error"]["code"] == "bad_json"


def test_the_id_of_a_bad_line_is_given_back() -> None:
    assert classified('{"id": "a7", "title": 1}')[0]["id"] == "a7"


def test_empty_text_is_no_error_and_empty_lines_are_passed_over() -> None:
    first, second = classified('{"title": "", "summary": ""}', "", "   ", json.dumps(GOOD))
    assert (first["relevant"], first["drugs"], first["event"]["type"], len(first["claims"])) == (
        False,
        [],
        "unknown",
        1,
    )
    assert second["relevant"] is True


def test_a_megabyte_of_text_is_read() -> None:
    long = "The trial of tarlatamab in small cell lung cancer went on. " * 17_000
    assert len(long) > 1_000_000
    assert classified(json.dumps({"title": GOOD["title"], "summary": long}))[0]["drugs"][0]["name"] == "tarlatamab"


@pytest.mark.parametrize("name", ["\u0441abozantinib", "cabozant\u0456nib", "c\u03b1bozantinib"])
def test_a_name_with_a_foreign_letter_is_flagged_and_not_matched(name: str) -> None:
    told = classified(json.dumps({"title": f"FDA approves {name} for thyroid cancer"}))[0]
    assert "homoglyph" in told["flags"]
    assert "drug:cabozantinib" not in {d["id"] for d in told["drugs"]}


def test_greek_letters_of_science_are_no_look_alikes() -> None:
    told = classified(json.dumps({"title": "FOLR1, integrin αvβ6 and TGF-β in ovarian cancer"}))[0]
    assert told["flags"] == []


@pytest.mark.parametrize("mark", ["\u202e", "\u202a", "\u2066", "\u2067"])
def test_direction_marks_are_flagged_and_do_not_hide_a_name(mark: str) -> None:
    told = classified(json.dumps({"title": f"FDA approves {mark}tarlatamab for small cell lung cancer"}))[0]
    assert "bidi" in told["flags"]
    assert [d["name"] for d in told["drugs"]] == ["tarlatamab"]


def test_control_characters_are_flagged_and_the_spans_stay_true() -> None:
    title = "FDA\u0000 approves\u0007 tarlatamab\u001b[31m for small cell lung cancer"
    told = classified(json.dumps({"title": title}))[0]
    assert "control_characters" in told["flags"]
    mention = told["drugs"][0]["mentions"][0]
    assert title[mention["start"] : mention["end"]] == mention["text"] == "tarlatamab"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The agency said that the drug was approved for the treatment of adults", "en"),
        ("Die Kommission hat das Medikament für die Behandlung von Erwachsenen zugelassen", "de"),
        ("La Commission a approuvé le médicament pour les adultes dans une forme avancée", "fr"),
        ("La Comisión aprobó el medicamento para los adultos con una enfermedad avanzada", "es"),
        ("De Commissie heeft het middel goedgekeurd voor volwassenen met een gevorderde ziekte", "nl"),
        ("Lyfið hefur verið samþykkt fyrir fullorðna með sjúkdóminn og er til sölu", "is"),
        ("国家药监局批准卡博替尼用于治疗神经内分泌肿瘤", "zh"),
        ("厚生労働省は進行した神経内分泌腫瘍の治療薬を承認した", "ja"),
        ("Комиссия одобрила препарат для лечения взрослых", "ru"),
        ("Cabozantinib", None),
    ],
)
def test_the_language_of_a_text_is_told(text: str, code: str | None) -> None:
    assert language(keyed(text).key) == code


def test_a_foreign_item_is_marked_and_its_names_are_read() -> None:
    text = "Die EU-Kommission hat Cabozantinib für Erwachsene mit einer fortgeschrittenen Erkrankung zugelassen"
    told = classified(json.dumps({"title": text}))[0]
    assert told["language"] == "de"
    assert [d["name"] for d in told["drugs"]] == ["cabozantinib"]


ANY = st.characters(exclude_categories=())  # halves of characters as well


@settings(max_examples=60, deadline=None)
@given(title=st.text(ANY, max_size=200), summary=st.text(ANY, max_size=400))
def test_any_text_is_read_and_every_span_points_at_its_words(title: str, summary: str) -> None:
    item = NewsItem(id="1", title=title, summary=summary)
    facts = reader().read(item)
    fields = {"title": item.title, "summary": item.summary}
    found: list[Any] = [
        *facts.drugs,
        *facts.indications,
        *facts.biomarkers,
        *facts.regulators,
        *facts.trials,
        facts.event,
    ]
    for fact in found:
        for mention in fact.mentions:
            assert fields[mention.field][mention.start : mention.end] == mention.text


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(["Amgen makes blinatumomab.", "It sells denosumab.", "Lilly makes abemaciclib."]))
def test_the_order_of_boiler_plate_does_not_matter(order: list[str]) -> None:
    read = reader().read(
        NewsItem(id="1", title=GOOD["title"], summary="It was cleared today.\n\nAbout Amgen\n\n" + " ".join(order))
    )
    assert {(d.name, d.role.value) for d in read.drugs} == {
        ("tarlatamab", "primary"),
        ("blinatumomab", "mentioned"),
        ("denosumab", "mentioned"),
        ("abemaciclib", "mentioned"),
    }


@settings(max_examples=20, deadline=None)
@given(advert=st.sampled_from(["Advertisement", "<script>var ad = 1</script>", "<!-- ad -->", "Ad slot 3"]))
def test_an_advertisement_changes_nothing(advert: str) -> None:
    text = "The agency approved the drug on the strength of one trial."
    plain = reader().read(NewsItem(id="1", title=GOOD["title"], summary=text))
    with_ad = reader().read(NewsItem(id="1", title=GOOD["title"], summary=f"{text}\n\n{advert}"))
    assert with_ad.model_copy(update={"flags": ()}) == plain.model_copy(update={"flags": ()})
