# SPDX-License-Identifier: MIT
"""The rule editor as a browser without JavaScript uses it: whole pages and forms."""

import re
from collections.abc import Callable

import pytest
from sqlmodel import select

from alerts.config import Settings
from alerts.console.rules import preview
from alerts.store import rules
from alerts.store.engine import Store
from alerts.store.tables import AuditEntry
from tests.console.conftest import Browser, People
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CABO = {"chip": ["drugs.any=drug:cabozantinib"], "name": "Cabozantinib", "new_email": "bob@example.org"}
As = Callable[[str], Browser]


@pytest.fixture
def news(store: Store, store_settings: Settings) -> None:
    bring_in(store, store_settings)


def saved_id(answer: object) -> int:
    return int(str(answer.headers["location"]).rsplit("/", 1)[1])  # type: ignore[attr-defined]


def plain(html: str) -> str:
    """Text without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("place", "typed", "value"),
    [
        ("drugs.any", "Cabometyx", "drug:cabozantinib"),  # a brand
        ("drugs.any", "xl184", "drug:cabozantinib"),  # a code
        ("drugs.any", "class:PD-1 inhibitor", "class:pd-1 inhibitor"),
        ("indications.any", "PANET", "onc:PANET"),
        ("events.any", "label expansion", "label_expansion"),
        ("regulators.none", "U.S. Food and Drug Administration", "org:FDA"),
        ("settings.any", "first-line", "first-line"),
    ],
)
def test_what_is_typed_becomes_a_concept(as_: As, place: str, typed: str, value: str) -> None:
    page = as_("bob").post("/rules/form", {f"type.{place}": typed}).text
    assert f'name="chip" value="{place}={value}"' in page


def test_an_unknown_name_is_told_with_what_was_perhaps_meant(as_: As) -> None:
    answer = as_("bob").post("/rules/form", {"type.drugs.any": "cabozantinob"})
    assert "does not know “cabozantinob”. Did you mean cabozantinib" in answer.text
    assert 'value="cabozantinob"' in answer.text


def test_type_ahead_shows_the_name_that_was_hit_and_what_is_below(as_: As) -> None:
    bob = as_("bob")
    brand = plain(bob.get("/rules/suggest", params={"place": "drugs.any", "type.drugs.any": "keytr"}).text)
    assert brand == "pembrolizumab Keytruda"
    broad = plain(
        bob.get("/rules/suggest", params={"place": "indications.any", "type.indications.any": "neuroendocrine tu"}).text
    )
    assert re.search(r"neuroendocrine tumor includes \d+ kinds of it", broad)


def test_the_preview_tells_what_matches_why_and_what_was_just_missed(as_: As, news: None) -> None:
    form = {"chip": ["drugs.any=drug:cabozantinib", "regulators.any=org:EC"]}
    page = as_("vera").post("/rules/preview", form).text
    text = plain(page)
    assert "1 of 6 stories in the last 90 days" in text
    assert "<mark>cabozantinib</mark>" in page
    assert "Any news about cabozantinib, decided by EC." in text
    assert "1 story fails one condition only: regulator (1)" in text
    assert "regulator does not fit: this one says FDA" in text


def test_a_rule_that_met_nothing_warns_before_it_is_saved(as_: As, news: None) -> None:
    page = as_("bob").post("/rules/preview", {"chip": ["drugs.any=drug:imatinib"]}).text
    assert "Nothing in the last 90 days met this rule" in page


def test_the_next_six_sends_are_shown(as_: As) -> None:
    form = {**CABO, "cadence": "weekly", "day": "mon", "at": "08:00", "zone": "Europe/Paris"}
    page = plain(as_("bob").post("/rules/preview", form).text)
    assert "A digest every Monday at 08:00 (Europe/Paris)" in page
    assert page.count("08:00") >= 7


def test_bob_saves_a_rule_and_it_is_audited_and_kept_in_history(
    as_: As, store: Store, news: None, people: People
) -> None:
    bob = as_("bob")
    answer = bob.post("/rules/save", {**CABO, "state": "active"})
    assert answer.status_code == 303
    page = plain(bob.get(answer.headers["location"]).text)
    assert "Saved. It is on: about" in page
    with store.read() as session:
        row = rules.one(session, people.teams["a"], saved_id(answer))
        assert row is not None
        assert (row.state, row.revision) == ("active", 1)
        assert [c.hint for c in rules.channels_of(session, row.id or 0)] == ["bob@example.org"]
        assert [(e.actor, e.action) for e in session.exec(select(AuditEntry))] == [
            ("bob@example.org", "channel_added"), ("bob@example.org", "rule_created"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "", "chip": ["drugs.any=drug:cabozantinib"]}, "Give the rule a name"),
        ({"name": "Empty"}, "Say at least one thing that must hold"),
        ({"name": "No channel", "chip": ["drugs.any=drug:cabozantinib"]}, "Choose where to tell it"),
        ({**CABO, "new_email": "not an address"}, "no mail address"),
        ({**CABO, "cadence": "daily", "zone": "Europe/Atlantis"}, "no time zone"),
        ({**CABO, "cap_per_day": "0"}, "whole number from 1"),
        ({**CABO, "quiet_from": "22:00"}, "quiet hours"),
        ({**CABO, "type.drugs.any": "nonsuchumab"}, "does not know"),
        ({**CABO, "type.text.any": "re:(("}, "RE2 cannot read"),
    ],
)
def test_a_faulty_form_is_told_what_to_do_and_keeps_what_was_written(
    as_: As, form: dict[str, object], told: str
) -> None:
    answer = as_("bob").post("/rules/save", {**form, "state": "active"})
    assert answer.status_code == 422
    assert told in answer.text
    for chip in form.get("chip", []):  # type: ignore[attr-defined]
        assert f'value="{chip}"' in answer.text


def test_a_second_rule_of_the_same_name_is_refused(as_: As) -> None:
    bob = as_("bob")
    assert bob.post("/rules/save", {**CABO, "state": "active"}).status_code == 303
    assert "Another rule of your team has this name" in bob.post("/rules/save", {**CABO, "state": "active"}).text


def test_alice_does_not_overwrite_what_bob_changed_meanwhile(as_: As) -> None:
    alice, bob = as_("alice"), as_("bob")
    rule = saved_id(bob.post("/rules/save", {**CABO, "state": "draft"}))
    stored = {**CABO, "id": rule, "revision": "1", "new_email": ""}
    assert bob.post("/rules/save", {**stored, "name": "By Bob", "state": "draft"}).status_code == 303
    late = alice.post("/rules/save", {**stored, "name": "By Alice", "state": "draft"})
    assert late.status_code == 422
    assert "Somebody changed this rule meanwhile" in late.text


def test_history_shows_who_changed_what_and_undoes_it(as_: As, store: Store, people: People) -> None:
    bob, alice = as_("bob"), as_("alice")
    rule = saved_id(bob.post("/rules/save", {**CABO, "state": "draft"}))
    wider = {**CABO, "chip": [*CABO["chip"], "events.any=approval"], "id": rule, "revision": "1", "state": "draft"}
    assert alice.post("/rules/save", wider).status_code == 303
    page = bob.get(f"/rules/{rule}/history").text
    assert "alice@example.org" in page
    assert re.search(r'class="added">\+ .*approval', page)
    assert bob.post(f"/rules/{rule}/undo", {"revision": "1"}).status_code == 303
    with store.read() as session:
        row = rules.one(session, people.teams["a"], rule)
    assert row is not None
    assert row.revision == 3
    assert row.spec["rule"]["events"] == {"any": [], "all": [], "none": []}


def test_history_shows_where_it_was_told_and_undo_brings_that_back(as_: As, store: Store, people: People) -> None:
    bob = as_("bob")
    rule = saved_id(bob.post("/rules/save", {**CABO, "state": "active"}))
    bob.post("/channels/add", {"kind": "email", "value": "team@example.org", "label": "Team"})
    moved = {**CABO, "id": rule, "revision": "1", "new_email": "", "channel": ["2"], "state": "active"}
    assert bob.post("/rules/save", moved).status_code == 303
    page = bob.get(f"/rules/{rule}/history").text
    assert re.search(r'class="removed">- +- \{channel: bob@example.org\}', page)
    assert re.search(r'class="added">\+ +- \{channel: Team\}', page)
    bob.post(f"/rules/{rule}/undo", {"revision": "1"})
    with store.read() as session:
        assert [c.label for c in rules.channels_of(session, rule)] == ["bob@example.org"]
    bob.post(f"/rules/{rule}/undo", {"revision": "2"})
    with store.read() as session:
        assert [c.label for c in rules.channels_of(session, rule)] == ["Team"]


def test_saving_tells_how_the_volume_changes(as_: As, news: None) -> None:
    bob = as_("bob")
    rule = saved_id(bob.post("/rules/save", {**CABO, "state": "active"}))
    assert "It is on: about 2.0 stories a week" in bob.get(f"/rules/{rule}").text
    narrower = {
        **CABO,
        "chip": [*CABO["chip"], "regulators.any=org:EC"],
        "id": rule,
        "revision": "1",
        "state": "active",
    }
    bob.post("/rules/save", narrower)
    assert "about 1.0 stories a week instead of 2.0" in bob.get(f"/rules/{rule}").text


def test_what_a_concept_takes_in_is_shown_as_a_tree(as_: As) -> None:
    page = as_("bob").post("/rules/form", {**CABO, "chip": ["drugs.any=class:immune checkpoint inhibitor"]}).text
    assert "What immune checkpoint inhibitor takes in" in page
    assert re.search(r"PD-1 inhibitor</a> <span class=.quiet.>and \d+ below it", page)


@pytest.mark.parametrize(
    ("matches", "per_week", "stories", "told"),
    [
        (0, 0.0, 0, "no stories yet"),
        (0, 0.0, 9, "Nothing in the last 90 days"),
        (700, 54.4, 900, "about 54 a week"),
        (9, 1.0, 900, ""),
    ],
)
def test_a_rule_that_meets_nothing_or_too_much_is_warned_of(
    matches: int, per_week: float, stories: int, told: str
) -> None:
    said = preview.warning(matches, per_week, 90, stories)
    assert told in said
    assert bool(said) == bool(told)


def test_two_webhooks_of_one_host_are_told_apart_in_yaml(as_: As) -> None:
    bob = as_("bob")
    hook = "https://hooks.slack.com/services/T00000000/B0000000{}/abcdefghijklmnopqrstuvwx"
    text = "".join(
        f"- name: Rule {n}\n  rule: {{drugs: {{any: [cabozantinib]}}}}\n  channels: [{{slack: '{hook.format(n)}'}}]\n"
        for n in (1, 2)
    )
    assert "Rule 2: created" in plain(bob.post("/rules/yaml", {"text": text, "do": "apply"}).text)
    out = bob.get("/rules/all.yaml").text
    assert "{channel: Slack webhook at hooks.slack.com}" in out
    assert "{channel: Slack webhook at hooks.slack.com (2)}" in out
    assert plain(bob.post("/rules/yaml", {"text": out, "do": "apply"}).text).count(": unchanged") == 2


def test_pause_duplicate_and_switch_on(as_: As, store: Store, people: People) -> None:
    bob = as_("bob")
    rule = saved_id(bob.post("/rules/save", {**CABO, "state": "active"}))
    bob.post(f"/rules/{rule}/state", {"state": "paused"})
    copy = saved_id(bob.post(f"/rules/{rule}/duplicate"))
    with store.read() as session:
        rows = {r.name: r.state for r in rules.all_of(session, people.teams["a"])}
    assert rows == {"Cabozantinib": "paused", "Cabozantinib (2)": "draft"}
    assert copy != rule


def test_charlie_of_another_team_sees_and_touches_nothing(as_: As) -> None:
    rule = saved_id(as_("bob").post("/rules/save", {**CABO, "state": "active"}))
    charlie = as_("charlie")
    assert "Cabozantinib" not in charlie.get("/rules").text
    for path in (f"/rules/{rule}", f"/rules/{rule}/history", f"/rules/{rule}.yaml"):
        assert charlie.get(path).status_code == 404
    for path in (f"/rules/{rule}/state", f"/rules/{rule}/duplicate", f"/rules/{rule}/undo"):
        assert charlie.post(path, {"state": "paused", "revision": "1"}).status_code == 404
    assert charlie.post("/rules/save", {**CABO, "id": rule, "revision": "1", "state": "draft"}).status_code == 404
    assert "Cabozantinib" not in charlie.get("/rules/all.yaml").text


def test_yaml_out_and_in_again_changes_nothing(as_: As) -> None:
    bob = as_("bob")
    bob.post(
        "/rules/save",
        {**CABO, "chip": ["drugs.any=class:pd-1 inhibitor", "indications.any=onc:PANET"], "state": "active"},
    )
    text = bob.get("/rules/all.yaml").text
    assert "class:PD-1 inhibitor" in text
    assert "pancreatic neuroendocrine tumor" in text
    answer = bob.post("/rules/yaml", {"text": text, "do": "apply"})
    assert "Cabozantinib: unchanged" in plain(answer.text)


def test_faulty_yaml_changes_nothing_and_names_the_line(as_: As) -> None:
    good = "- name: A\n  rule: {drugs: {any: [cabozantinib]}}\n  channels: [{email: a@example.org}]\n"
    bad = good + "- name: B\n  rule: {drugs: {any: [nonsuchumab]}}\n"
    answer = as_("bob").post("/rules/yaml", {"text": bad, "do": "apply"})
    assert answer.status_code == 422
    assert "Line 5" in answer.text
    assert as_("bob").get("/rules/all.yaml").text.strip() == "[]"


def test_a_pasted_article_shows_who_would_be_told_and_why_not(as_: As) -> None:
    bob = as_("bob")
    bob.post("/rules/save", {**CABO, "state": "active"})
    bob.post(
        "/rules/save",
        {**CABO, "name": "FDA only", "chip": [*CABO["chip"], "regulators.any=org:FDA"], "state": "active"},
    )
    bob.post("/rules/save", {**CABO, "name": "Draft", "state": "draft"})
    text = "European Commission approves cabozantinib for neuroendocrine tumours\nThe EC approved cabozantinib."
    page = plain(bob.post("/rules/try", {"text": text}).text)
    assert "Cabozantinib told cabozantinib" in page
    assert "Draft no: it is a draft cabozantinib" in page
    assert "FDA only no regulator : it wants FDA" in page


def test_an_address_inside_our_own_network_is_not_fetched(as_: As) -> None:
    answer = as_("bob").post("/rules/try", {"text": "http://169.254.169.254/latest/meta-data"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_list_sorts_filters_and_exports_safe_csv(as_: As) -> None:
    bob = as_("bob")
    for name in ("=SUM(A1)", "Beta"):
        bob.post("/rules/save", {**CABO, "name": name, "state": "draft"})
    listed = bob.get("/rules?sort=-name").text
    assert listed.index(">Beta<") < listed.index(">=SUM(A1)<")
    assert "Nothing fits" in bob.get("/rules?q=nowhere").text
    assert "'=SUM(A1)" in bob.get("/rules?format=csv").text
