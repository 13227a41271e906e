# SPDX-License-Identifier: MIT
"""Dead channels, fallbacks, suppressed addresses, pace, circuit breaker, retry and replay on a real store."""

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from alerts.cli import app
from alerts.config import Settings
from alerts.pipeline import Pipeline, endpoints, rulefiles
from alerts.store import channels, dump, ops, throttles
from alerts.store.tables import Channel, Delivery, Throttle
from tests.delivery.test_rhythm_rows import clock, pipeline, subscribe, told  # noqa: F401 - fixtures
from tests.pipeline.test_pipeline import EC, FDA, Clock, Mailbox, Web, mailbox, run, web  # noqa: F401 - fixtures

pytestmark = pytest.mark.enable_socket
BOTH = '{slack: "http://HOST/slack", fallback: {email: bob@example.org}}'


def later(pipeline: Pipeline, clock: Clock, **ago: float) -> None:
    from datetime import timedelta

    clock.now += timedelta(**ago)
    pipeline.deliver_due()
    pipeline.deliver_due()


def kill_the_webhook(pipeline: Pipeline, clock: Clock) -> None:
    Web.answers = [404]
    run(pipeline, clock)
    Web.answers = [404]
    later(pipeline, clock, minutes=1)


def subjects(box: Mailbox) -> list[str]:
    return [str(message_from_bytes(m, policy=default)["Subject"]) for m in box.mails]


def test_a_dead_channels_alert_goes_out_by_its_fallback_which_is_told_once_and_again_when_it_lives(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], web: str, tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, channels=BOTH.replace("HOST", web))
    Web.items = [EC]
    kill_the_webhook(pipeline, clock)
    notice, news = sorted(subjects(mailbox[0]))
    assert notice.startswith("A channel stopped working")
    assert news.startswith("[EU approval")
    assert told(pipeline) == [("story", "dead", "instant"), ("notice", "sent", "notice"), ("story", "sent", "fallback")]
    Web.items = [EC, FDA]
    run(pipeline, clock)
    later(pipeline, clock, minutes=1)
    assert (
        len(mailbox[0].mails) == 3
    )  # the next story comes by the fallback, and nobody is told of the dead channel again
    with pipeline.store.read() as session:
        assert [n.key for n in ops.open_notices(session) if n.key.startswith("channel:")] == ["channel:1:dead"]
    with pipeline.store.write() as session:
        endpoints.revive(session, session.get_one(Channel, 1), clock())
    later(pipeline, clock, minutes=1)
    assert subjects(mailbox[0])[-1].startswith("Works again")
    with pipeline.store.read() as session:
        assert not [n.key for n in ops.open_notices(session) if n.key.startswith("channel:")]


def test_a_test_message_that_arrives_switches_a_dead_channel_on_again(
    pipeline: Pipeline, clock: Clock, web: str, tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, channels=f'{{slack: "http://{web}/slack"}}')
    Web.items = [EC]
    kill_the_webhook(pipeline, clock)
    cli(pipeline.settings, "channels", "test", "1")
    later(pipeline, clock, minutes=1)
    with pipeline.store.read() as session:
        assert session.get_one(Channel, 1).state == "active"


def test_a_mailbox_that_does_not_exist_is_suppressed_and_never_written_to_until_it_is_taken_off_the_list(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path)
    mailbox[0].rcpt_answers = ["550 no such user", "550 no such user"]
    Web.items = [EC]
    run(pipeline, clock)
    later(pipeline, clock, minutes=1)
    assert "alice@example.org: hard bounce (smtp_550)" in cli(pipeline.settings, "suppressions", "list")
    Web.items = [EC, FDA]
    run(pipeline, clock)
    assert [state for _, state, _ in told(pipeline)] == ["dead", "suppressed"]
    assert mailbox[0].mails == []
    cli(pipeline.settings, "suppressions", "remove", "Alice@example.org")
    cli(pipeline.settings, "deliveries", "retry", "1", "2")
    clock.now = clock.now.replace(year=clock.now.year + 1)
    pipeline.deliver_due()
    assert len(mailbox[0].mails) == 2


def test_an_address_on_the_list_gets_nothing_in_whatever_team(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    cli(pipeline.settings, "suppressions", "add", "alice@example.org", "--reason", "asked by phone")
    subscribe(pipeline, tmp_path)
    Web.items = [EC]
    run(pipeline, clock)
    assert told(pipeline) == [("story", "suppressed", "instant")]
    assert mailbox[0].mails == []


def test_a_replay_is_the_same_bytes_with_the_same_message_id(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], web: str, tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, channels=f'{{email: alice@example.org}}, {{slack: "http://{web}/slack"}}')
    Web.items = [EC]
    run(pipeline, clock)
    cli(pipeline.settings, "deliveries", "replay", "1", "2")
    clock.now = clock.now.replace(year=clock.now.year + 1)
    pipeline.deliver_due()
    assert len(mailbox[0].mails) == len(Web.posts) == 2
    assert mailbox[0].mails[0] == mailbox[0].mails[1]
    assert Web.posts[0] == Web.posts[1]
    shown = json.loads(cli(pipeline.settings, "deliveries", "show", "1"))
    assert [a["code"] for a in shown["attempts"]] == ["smtp_250", "smtp_250"]
    assert shown["payload"]["subject"] in cli(pipeline.settings, "deliveries", "show", "1")
    assert "sent" in cli(pipeline.settings, "deliveries", "list", "--state", "sent")


def test_what_is_under_way_or_not_there_cannot_be_sent_again(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path)
    mailbox[0].rcpt_answers = ["451 later"]
    Web.items = [EC]
    run(pipeline, clock)
    answer = cli(pipeline.settings, "deliveries", "replay", "1", "77", code=1)
    assert "delivery 1: not there, still under way" in answer
    assert "delivery 77: not there" in answer
    assert [state for _, state, _ in told(pipeline)] == ["retry"]


def test_messages_to_one_webhook_leave_at_its_pace_and_each_once(
    pipeline: Pipeline, clock: Clock, web: str, tmp_path: Path
) -> None:
    pipeline.settings = pipeline.settings.model_copy(update={"webhook_per_second": 0.5})
    subscribe(pipeline, tmp_path, channels=f'{{slack: "http://{web}/slack"}}')
    Web.items = [EC]
    run(pipeline, clock)
    with pipeline.store.write() as session:
        _copy_delivery(session, 8, clock())
    pipeline.deliver_due()
    pipeline.deliver_due()
    assert len(Web.posts) == 3  # a burst of three, then one every two seconds
    for expected in (4, 5, 6, 7, 8, 9):
        later(pipeline, clock, seconds=2)
        assert len(Web.posts) == expected
    assert {state for _, state, _ in told(pipeline)} == {"sent"}


def _copy_delivery(session: Any, count: int, now: Any) -> None:
    first = session.get_one(Delivery, 1)
    for number in range(count):
        row = {**first.model_dump(exclude={"id"}), "revision": 100 + number, "state": "pending", "not_before": now}
        session.add(Delivery(**row | {"attempts_made": 0, "message_id": f"<{number}@x>"}))


def test_a_relay_that_is_down_is_tried_five_times_and_then_left_in_peace_until_it_answers(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    pipeline.settings = pipeline.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    pipeline.__dict__.pop("_sender", None)
    subscribe(pipeline, tmp_path)
    Web.items = [EC]
    run(pipeline, clock)
    with pipeline.store.write() as session:
        _copy_delivery(session, 9, clock())
    pipeline.deliver_due()
    with pipeline.store.read() as session:
        tried = [len(d["attempts"]) for d in dump.deliveries(session)]
        assert (sum(tried), max(tried)) == (5, 1)
        assert throttles.circuit(session, "relay").open_until is not None
    pipeline.settings = pipeline.settings.model_copy(update={"smtp_url": f"smtp://{mailbox[1]}"})
    pipeline.__dict__.pop("_sender", None)
    for _ in range(4):
        later(pipeline, clock, minutes=2)
    assert {state for _, state, _ in told(pipeline)} == {"sent"}
    assert len(mailbox[0].mails) == 10
    with pipeline.store.read() as session:
        assert session.get_one(Throttle, "relay").failures == 0


def test_an_unconfirmed_address_gets_its_question_and_no_alert(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    pipeline.settings = pipeline.settings.model_copy(update={"double_opt_in": True})
    file = tmp_path / "rules.yaml"
    file.write_text("name: A\nrule: {drugs: {any: [cabozantinib]}}\nchannels: [{email: alice@example.org}]\n")
    rulefiles.apply(pipeline.store, file, "default", frozenset(), opt_in=True)
    Web.items = [EC]
    run(pipeline, clock)
    later(pipeline, clock, minutes=1)
    assert subjects(mailbox[0]) == ["Please confirm: news alerts from Oncowire"]
    assert sorted(told(pipeline)) == [("confirm", "sent", "confirm"), ("story", "suppressed", "unconfirmed")]


def test_another_channel_of_the_same_people_is_found_where_no_fallback_is_named(
    pipeline: Pipeline, web: str, tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, channels=f'{{slack: "http://{web}/slack"}}, {{email: alice@example.org}}')
    with pipeline.store.read() as session:
        slack = session.exec(select(Channel).where(Channel.kind == "slack")).one()
        other = channels.another(session, slack)
        assert other is not None
        assert other.kind == "email"


def environment(settings: Settings) -> dict[str, str]:
    url = settings.database_url
    return {"ONCOWIRE_VAR_DIR": str(settings.var_dir), **({"ONCOWIRE_DATABASE_URL": url} if url else {})}


def cli(settings: Settings, *args: str, code: int = 0) -> str:
    from alerts.config import settings as read

    read.cache_clear()
    try:
        result = CliRunner().invoke(app, list(args), env=environment(settings), catch_exceptions=False)
    finally:
        read.cache_clear()
    assert result.exit_code == code, result.output
    return result.output
