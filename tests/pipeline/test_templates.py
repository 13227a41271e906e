# SPDX-License-Identifier: MIT
"""A team's own templates on a real store: tried before they count, the last good one in reserve."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from alerts.cli import app
from alerts.config import Settings
from alerts.delivery.templating.samples import full
from alerts.errors import InputError
from alerts.model import ChannelKind, DigestGroup, Message
from alerts.pipeline import templates
from alerts.store import ops
from alerts.store import templates as rows
from alerts.store.engine import Store
from alerts.store.tables import TemplateVersion
from tests.conftest import NOW
from tests.delivery.samples import approval, digest
from tests.delivery.templating.test_lint import MAIL
from tests.pipeline.test_rules_and_preview import tell

GOOD = {"title": "{{ status }}", "body": "Good: {{ sentence }}"}
ODD = {"title": "{{ status }}", "body": "New: {{ quotes[0].text }}"}  # fails where nothing is quoted
SLACK = ChannelKind.SLACK
MAIL_DIGEST = {
    "digest_subject": "Ours",
    "digest_html": '{% for g in groups %}<p>Own: {{ g.heading }}</p>{% endfor %}<a href="{{ links.unsubscribe }}">Leave</a>',
    "digest_text": "{{ sentence }} {{ links.unsubscribe }}",
}


def save(store: Store, source: dict[str, str]) -> int:
    with store.write() as session:
        return templates.save(session, ops.team_id(session, "default", NOW), SLACK, source, "Alice", NOW).version


def told(store: Store) -> str:
    """The text of the message to tell of an approval in which nothing is quoted."""
    with store.write() as session:
        team = ops.team_id(session, "default", NOW)
    with store.read() as session:
        made = templates.message_of(store, session, team, SLACK, approval(quotes=()), "<1@x>")
    return str(made.payload)


def test_a_template_is_tried_on_samples_and_stories_before_it_counts(store: Store) -> None:
    tell(store, "FDA approves pembrolizumab for gastric cancer", NOW)
    with store.read() as session:
        assert templates.check(session, SLACK, GOOD) == []
        assert [(f.code, f.line) for f in templates.check(session, SLACK, ODD)] == [("undefined_value", 1)]
        assert templates.check(session, ChannelKind.EMAIL, MAIL) == []
    with pytest.raises(InputError) as refused:
        save(store, ODD)
    assert refused.value.code == "template_faults"
    assert save(store, GOOD) == 1


def test_a_preview_shows_a_real_story_in_the_teams_words(store: Store) -> None:
    story = tell(store, "FDA approves pembrolizumab for gastric cancer", NOW)
    with store.read() as session:
        assert "pembrolizumab" in str(templates.preview(session, SLACK, GOOD, story).payload)
        assert full().drugs in str(templates.preview(session, SLACK, GOOD).payload)
        assert full().drugs in str(templates.preview(session, SLACK, {}).payload)
        with pytest.raises(InputError):
            templates.preview(session, SLACK, ODD, story)


def test_where_the_newest_fails_the_last_good_one_is_used_and_its_owner_sees_why(store: Store) -> None:
    save(store, GOOD)
    with store.write() as session:  # good on everything it was tried on; not on what came later
        newest = rows.save(session, ops.team_id(session, "default", NOW), SLACK, ODD, "Alice", NOW).id or 0
    assert "Good: The European Commission approved" in told(store)
    with store.read() as session:
        row = session.get_one(TemplateVersion, newest)
        assert (row.fault_count, row.fault_text) == (1, "undefined_value: body:1: list object has no element 0")


def test_where_every_own_template_fails_the_news_still_goes_out(store: Store) -> None:
    with store.write() as session:
        rows.save(session, ops.team_id(session, "default", NOW), SLACK, ODD, "Alice", NOW)
    assert "Why you get this" in told(store)


def test_an_earlier_version_and_our_own_layout_can_be_had_again(store: Store) -> None:
    save(store, GOOD)
    save(store, {**GOOD, "body": "Other: {{ sentence }}"})
    with store.write() as session:
        team = ops.team_id(session, "default", NOW)
        assert templates.revert(session, team, SLACK, 1, "Bob", NOW + timedelta(hours=1)).version == 3
    assert "Good: " in told(store)
    with store.write() as session:
        templates.revert(session, team, SLACK, 0, "Bob", NOW)
        with pytest.raises(InputError):
            templates.revert(session, team, SLACK, 99, "Bob", NOW)
    assert "Good: " not in told(store)


def test_the_command_line_checks_saves_lists_and_shows(
    store_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.cli.templates.settings", lambda: store_settings)
    good, bad, run = tmp_path / "good.yaml", tmp_path / "bad.yaml", CliRunner()
    good.write_text(yaml.safe_dump(GOOD))
    bad.write_text(yaml.safe_dump({**GOOD, "body": "a\n{{ nothing }}"}))
    found = run.invoke(app, ["templates", "check", "slack", str(bad)])
    assert (found.exit_code, found.output.split(": ")[:2]) == (1, [f"{bad}:body:2", "unknown_variable"])
    assert run.invoke(app, ["templates", "check", "slack", str(good)]).exit_code == 0
    assert "saved: slack 1" in run.invoke(app, ["templates", "save", "slack", str(good), "--author", "Alice"]).output
    assert "Alice" in run.invoke(app, ["templates", "list"]).output
    assert yaml.safe_load(run.invoke(app, ["templates", "show", "slack"]).output) == GOOD
    assert "Good: " in run.invoke(app, ["templates", "preview", "slack", str(good)]).output
    assert "saved: slack 2" in run.invoke(app, ["templates", "revert", "slack", "0"]).output


DIGEST = {"digest_title": "Ours: {{ total }}", "digest_body": "{% for g in groups %}Own: {{ g.heading }}\n{% endfor %}"}
ODD_DIGEST = {**DIGEST, "digest_body": "Newer: {{ warnings[0].status }}"}  # fails where nobody warns


def test_digests_have_parts_of_their_own_and_alerts_stay_as_they_were(store: Store) -> None:
    tell(store, "FDA approves pembrolizumab for gastric cancer", NOW)
    save(store, DIGEST)
    with store.write() as session:
        team = ops.team_id(session, "default", NOW)
    with store.read() as session:
        made = templates.message_of(store, session, team, SLACK, digest(), "<1@x>")
        alert = templates.message_of(store, session, team, SLACK, approval(), "<1@x>")
    assert made.subject == "Ours: 3"
    assert "Own: cabozantinib" in str(made.payload)
    assert "Why you get this: your rule" in str(made.payload)
    assert "*Setting*" in str(alert.payload)


def test_a_version_without_a_digest_leaves_it_to_oncowire(store: Store) -> None:
    save(store, DIGEST)
    save(store, GOOD)
    with store.read() as session:
        made = templates.message_of(store, session, 1, SLACK, digest(), "<1@x>")
    assert "In this digest, by drug" in str(made.payload)


def test_faults_of_a_digest_are_told_at_its_own_part(store: Store) -> None:
    with store.read() as session:
        unknown = {**GOOD, "digest_title": "x", "digest_body": "fine\n{{ drug }}"}
        assert [(f.part, f.line, f.code) for f in templates.check(session, SLACK, unknown)] == [
            ("digest_body", 2, "unknown_variable")
        ]
        assert [(f.part, f.code) for f in templates.check(session, SLACK, ODD_DIGEST)] == [
            ("digest_body", "undefined_value")
        ]
        half = templates.check(session, SLACK, {"digest_title": "x"})
        assert [(f.part, f.code) for f in half] == [("digest_body", "missing_part")]
        html = "<p>{{ title }}</p>"
        mail = {"digest_subject": "x", "digest_html": html, "digest_text": "{{ links.unsubscribe }}"}
        assert [(f.part, f.code) for f in templates.check(session, ChannelKind.EMAIL, mail)] == [
            ("digest_html", "unsubscribe_missing")
        ]
        assert [f.code for f in templates.check(session, SLACK, {})] == ["missing_part", "missing_part"]


def test_where_a_digest_fails_the_last_good_words_are_used_and_its_owner_sees_why(store: Store) -> None:
    save(store, DIGEST)
    with store.write() as session:
        newest = rows.save(session, ops.team_id(session, "default", NOW), SLACK, ODD_DIGEST, "Alice", NOW).id or 0
    quiet = digest(DigestGroup(heading="cabozantinib", alerts=(approval(),)))
    with store.read() as session:
        made = templates.message_of(store, session, 1, SLACK, quiet, "<1@x>")
    assert "Own: cabozantinib" in str(made.payload)
    with store.read() as session:
        row = session.get_one(TemplateVersion, newest)
        assert (row.fault_count, row.fault_text) == (1, "undefined_value: body:1: list object has no element 0")


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("own", [True, False], ids=["own words", "our layout"])
def test_every_channel_is_previewed_on_real_stories_alone_and_in_a_digest(
    store: Store, channel: ChannelKind, own: bool
) -> None:
    tell(store, "FDA approves pembrolizumab for gastric cancer", NOW)
    story = tell(store, "FDA approves osimertinib for lung cancer", NOW)
    source = (MAIL | MAIL_DIGEST if channel is ChannelKind.EMAIL else GOOD | DIGEST) if own else {}
    with store.read() as session:
        alone = templates.preview(session, channel, source, story)
        both = templates.preview(session, channel, source, digest=True)
        assert templates.check(session, channel, source) == [] or not own
    assert "osimertinib" in shown(alone)
    assert "pembrolizumab" not in shown(alone)
    assert {"osimertinib", "pembrolizumab"} <= set(re.findall("osimertinib|pembrolizumab", shown(both)))
    assert ("Own: " in shown(both)) is own


def shown(message: Message) -> str:
    return f"{message.html}{message.text}{message.payload}"
