# SPDX-License-Identifier: MIT
"""A team's own templates on a real store: tried before they count, the last good one in reserve."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from alerts.cli import app
from alerts.config import Settings
from alerts.delivery.templating.samples import full
from alerts.errors import InputError
from alerts.model import ChannelKind
from alerts.pipeline import templates
from alerts.store import ops
from alerts.store import templates as rows
from alerts.store.engine import Store
from alerts.store.tables import TemplateVersion
from tests.conftest import NOW
from tests.delivery.samples import approval
from tests.delivery.templating.test_lint import MAIL
from tests.pipeline.test_rules_and_preview import tell

GOOD = {"title": "{{ status }}", "body": "Good: {{ sentence }}"}
ODD = {"title": "{{ status }}", "body": "New: {{ quotes[0].text }}"}  # fails where nothing is quoted
SLACK = ChannelKind.SLACK


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
