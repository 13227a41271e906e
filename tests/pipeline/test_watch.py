# SPDX-License-Identifier: MIT
"""Ops hear of trouble once, by real mail and Slack, and once when it is over; what reached nobody is told again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.config import Settings
from alerts.pipeline import doctor, watch
from alerts.store import ops
from alerts.store.engine import Store
from worker.demo.receivers import Mailbox, Outbox, Webhooks

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def told_by(store_settings: Settings, outbox: Outbox) -> Iterator[Settings]:
    mail, hooks = Mailbox(outbox), Webhooks(outbox)
    yield store_settings.model_copy(
        update={
            "smtp_url": f"smtp://{mail.host}?tls=none",
            "fetch_allow": frozenset({mail.host, hooks.host}),
            "ops_channels": (("email", "ops@example.org"), ("slack", f"http://{hooks.host}/services/T/B/ops")),
        }
    )
    hooks.close()
    mail.close()


def test_a_notice_is_told_once_and_its_end_once(store: Store, told_by: Settings, outbox: Outbox) -> None:
    with store.write() as session:
        ops.raise_notice(session, "feed:1:trouble", "EMA news: blocked: HTTP 403 for a day", NOW)
    assert watch.tell(store, told_by, NOW) == 1
    assert watch.tell(store, told_by, NOW + timedelta(hours=1)) == 0
    with store.write() as session:
        ops.end_notice(session, "feed:1:trouble", NOW)
    assert watch.tell(store, told_by, NOW + timedelta(hours=2)) == 1
    assert outbox.counts() == {"email": 2, "slack": 2, "teams": 0}
    slack = [json.loads(p.read_text())["text"] for p in sorted((outbox.folder / "slack").glob("*.json"))]
    assert [text.partition(":")[0] for text in slack] == ["[Oncowire] Trouble", "[Oncowire] Over"]


def test_what_reached_nobody_is_told_when_the_lease_is_over(store: Store, told_by: Settings, outbox: Outbox) -> None:
    deaf = told_by.model_copy(
        update={"smtp_url": "smtp://127.0.0.1:9?tls=none", "ops_channels": (("email", "ops@example.org"),)}
    )
    with store.write() as session:
        ops.raise_notice(session, "disk:var", "the disk is nearly full", NOW)
    assert watch.tell(store, deaf, NOW) == 1
    assert watch.tell(store, told_by, NOW) == 0  # still leased
    assert watch.tell(store, told_by, NOW + timedelta(seconds=watch.TELL_LEASE_S)) == 1
    assert outbox.counts()["email"] == 1


def test_a_stage_that_stands_still_is_told_within_fifteen_minutes(
    store: Store, told_by: Settings, outbox: Outbox
) -> None:
    with store.write() as session:
        ops.heartbeat(session, "housekeeping", NOW)
    watching = watch.Watch(store, told_by, "web")
    for minute in range(16):
        watching.turn(NOW + timedelta(minutes=minute))
    assert outbox.counts()["email"] == 1  # beat died at noon: told once, not every minute
    assert "housekeeping" in next((outbox.folder / "email").glob("*.eml")).read_text()


def test_only_one_process_looks_in_a_minute(store: Store, told_by: Settings) -> None:
    first, second = watch.Watch(store, told_by, "web"), watch.Watch(store, told_by, "housekeeping")
    assert first.turn(NOW)
    assert not second.turn(NOW + timedelta(seconds=5))
    assert second.turn(NOW + timedelta(seconds=60))


def test_the_doctor_says_what_is_wrong_and_what_to_do(store: Store, told_by: Settings) -> None:
    sick = told_by.model_copy(update={"smtp_url": "smtp://127.0.0.1:9?tls=none", "broker_url": "redis://127.0.0.1:9/0"})
    found = {check.name: check for check in doctor.examine(sick, datetime.now(UTC))}
    assert found["database"].verdict == "good"
    assert (found["broker"].verdict, found["mail relay"].verdict, found["workers"].verdict) == ("bad", "bad", "bad")
    assert all(check.advice for check in found.values() if check.verdict == "bad")
    well = {check.name: check for check in doctor.examine(told_by, datetime.now(UTC))}
    assert well["mail relay"].verdict == "good"


def test_the_doctor_is_a_command_that_fails_when_something_is_bad(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from alerts import config
    from alerts.cli import app

    monkeypatch.setenv("ONCOWIRE_VAR_DIR", str(tmp_path))
    config.settings.cache_clear()
    try:
        done = CliRunner().invoke(app, ["doctor", "--json"])
    finally:
        config.settings.cache_clear()
    checks = {json.loads(line)["name"]: json.loads(line) for line in done.stdout.splitlines()}
    assert done.exit_code == 1
    assert checks["broker"]["verdict"] == "bad"
