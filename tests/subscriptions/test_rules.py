# SPDX-License-Identifier: MIT
"""Rule files: faults with their line, and matching that binds every condition to one claim."""

import pytest

from alerts.facts import concepts, reader
from alerts.model import EventType, Match, NewsItem
from alerts.subscriptions import match, parse

GOOD = """
name: Alice
rule: {drugs: {any: [Cabometyx]}, indications: {any: [neuroendocrine tumor]}, events: {any: [approval]}, regulators: {any: [EC]}}
channels: [{email: alice@example.org}]
"""


def faults(text: str) -> list[tuple[int, str]]:
    return [(f.line, f.code) for f in parse(text, concepts()).faults]


def tried(rule: str, title: str, summary: str = "") -> Match:
    parsed = parse(f"name: Bob\nrule: {rule}\nstate: draft\n", concepts())
    assert not parsed.faults
    item = NewsItem(id="1", title=title, summary=summary, source="Example Wire")
    return match(parsed.specs[0].rule, item, reader().read(item), concepts())


def test_a_good_file_has_no_fault_and_brands_become_concepts() -> None:
    parsed = parse(GOOD, concepts())
    assert parsed.faults == []
    assert parsed.specs[0].rule.drugs.any == ("drug:cabozantinib",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (1, "empty_file")),
        ("a: [", (1, "bad_yaml")),
        (GOOD.replace("name: Alice", 'name: "Al\\0ice"'), (2, "bad_character")),
        (GOOD.replace("name: Alice", 'name: "half \\ud83d"'), (2, "bad_character")),
        ("just words", (1, "bad_type")),
        (GOOD.replace("Cabometyx", "cabozantinibb"), (3, "unknown_drug")),
        (GOOD.replace("approval]", "aproval]"), (3, "unknown_event")),
        (GOOD.replace("alice@example.org", "alice at example.org"), (4, "bad_email")),
        (GOOD.replace("alice@example.org", '"a@b.org\\nBcc: c@d.org"'), (4, "bad_email")),
        (GOOD.replace("{email: alice@example.org}", "{slack: https://evil.example.org/x}"), (4, "bad_webhook")),
        (GOOD.replace("{email: alice@example.org}", "{fax: 1}"), (4, "unknown_channel")),
        (GOOD + "colour: red\n", (5, "unknown_key")),
        (GOOD + "cadence: hourly\n", (5, "bad_cadence")),
        (GOOD + "cadence: daily 08:00 Europe/Atlantis\n", (5, "bad_cadence")),
        (GOOD + "quiet: late\n", (5, "bad_quiet")),
        (GOOD + "cap_per_day: many\n", (5, "bad_cap")),
        (GOOD + "state: asleep\n", (5, "bad_state")),
        (GOOD + "priority: [fire]\n", (5, "unknown_event")),
        (GOOD + "digest_by: colour\n", (5, "bad_digest_by")),
        (GOOD + "cadence: first then instant\n", (5, "bad_cadence")),
        (GOOD.replace("alice@example.org}", "alice@example.org, cadence: hourly}"), (4, "bad_cadence")),
        (GOOD.replace("alice@example.org}", "alice@example.org, quiet: 22-7}"), (4, "bad_quiet")),
        (GOOD.replace("alice@example.org}", "alice@example.org, fallback: {fax: 1}}"), (4, "unknown_channel")),
        (
            GOOD.replace("alice@example.org}", "alice@example.org, fallback: {email: alice@example.org}}"),
            (4, "bad_fallback"),
        ),
        (GOOD.replace("{email: alice@example.org}", "{cadence: instant}"), (4, "bad_channel")),
        ("name: Bob\nrule: {}\nchannels: [{email: b@example.org}]\n", (2, "empty_rule")),
        ("name: Bob\nrule: {text: {any: ['re:(']}}\nchannels: [{email: b@example.org}]\n", (2, "bad_pattern")),
        ("rule: {text: {any: [x]}}\n", (1, "missing_key")),
    ],
)
def test_each_fault_is_told_with_its_line_and_code(text: str, expected: tuple[int, str]) -> None:
    assert expected in faults(text)


def test_a_file_that_a_program_wrote_as_json_may_hold_any_character() -> None:
    """JSON writes what is beyond the first plane as two escapes, which YAML takes for two characters."""
    parsed = parse(
        '{"name": "\\ud83d\\ude00 \\u00e9", "rule": {"events": {"any": ["approval"]}}, "state": "draft"}', concepts()
    )
    assert [spec.name for spec in parsed.specs] == ["😀 é"]


def test_an_unknown_name_comes_with_the_nearest_ones() -> None:
    fault = parse(GOOD.replace("Cabometyx", "cabozantinb"), concepts()).faults[0]
    assert "did you mean cabozantinib" in fault.message


def test_one_bad_subscription_costs_no_other() -> None:
    both = f"- {GOOD.strip().replace(chr(10), chr(10) + '  ')}\n- name: Bob\n  rule: {{drugs: {{any: [nosuchdrug]}}}}\n"
    parsed = parse(both, concepts())
    assert [s.name for s in parsed.specs] == ["Alice"]
    assert [f.code for f in parsed.faults] == ["unknown_drug"]


def test_a_rule_on_net_meets_pancreatic_net_and_says_the_path() -> None:
    found = tried(
        "{indications: {any: [neuroendocrine tumor]}}", "FDA approves everolimus for pancreatic neuroendocrine tumors"
    )
    assert found.match
    assert found.reasons[0].path == ("pancreatic neuroendocrine tumor", "neuroendocrine tumor")


def test_a_rule_on_pancreatic_net_does_not_meet_net() -> None:
    assert not tried("{indications: {any: [pNET]}}", "FDA approves lanreotide for neuroendocrine tumors").match


def test_a_background_approval_meets_no_rule_on_the_other_regulator() -> None:
    news = (
        "EC approves cabozantinib for neuroendocrine tumours",
        "It follows the March 2025 FDA approval of cabozantinib.",
    )
    assert tried("{drugs: {any: [cabozantinib]}, regulators: {any: [EC]}}", *news).match
    refused = tried("{drugs: {any: [cabozantinib]}, regulators: {any: [FDA]}}", *news)
    assert (refused.match, refused.failed) == (False, ("regulators",))


def test_a_comparator_is_met_only_by_a_rule_that_asks_for_mentions() -> None:
    title = "Lenvatinib plus pembrolizumab prolonged survival versus sunitinib in renal cell carcinoma"
    assert not tried("{drugs: {any: [sunitinib]}}", title).match
    assert tried("{drugs: {any: [sunitinib]}, role: mentioned}", title).match


def test_a_class_meets_its_drugs() -> None:
    assert tried('{drugs: {any: ["class:PD-1 inhibitor"]}}', "FDA approves pembrolizumab for gastric cancer").match


def test_all_and_none_and_text_and_sources() -> None:
    title = "Lenvatinib plus pembrolizumab prolonged survival in renal cell carcinoma"
    assert tried("{drugs: {all: [lenvatinib, pembrolizumab], none: [sunitinib]}}", title).match
    assert not tried("{drugs: {any: [lenvatinib], none: [pembrolizumab]}}", title).match
    assert tried("{text: {any: ['re:renal.cell']}, sources: {any: [example wire]}}", title).match
    assert not tried("{text: {any: [survival], none: [renal]}}", title).match


def test_a_rhythm_is_read_for_the_subscription_and_for_each_channel() -> None:
    parsed = parse(
        GOOD.replace(
            "{email: alice@example.org}",
            "{email: alice@example.org, cadence: first then daily 08:00 Europe/Paris, quiet: none, cap_per_day: 3,"
            " fallback: {email: bob@example.org}}",
        )
        + "cadence: weekly Monday 07:30 Europe/Paris\nquiet: 22:00-07:00 Europe/Paris\ncap_per_day: 20\n"
        + "priority: [safety, withdrawal]\ndigest_by: cancer\n",
        concepts(),
    )
    assert parsed.faults == []
    spec, channel = parsed.specs[0], parsed.specs[0].channels[0]
    assert (spec.cadence, spec.quiet, spec.cap_per_day) == (
        "weekly mon 07:30 Europe/Paris",
        "22:00-07:00 Europe/Paris",
        20,
    )
    assert (spec.priority, spec.digest_by) == ((EventType.SAFETY, EventType.WITHDRAWAL), "cancer")
    assert (channel.cadence, channel.quiet, channel.cap_per_day) == ("first then daily 08:00 Europe/Paris", "none", 3)
    assert channel.fallback is not None
    assert channel.fallback.config == {"address": "bob@example.org"}
