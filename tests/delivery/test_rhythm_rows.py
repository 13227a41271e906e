# SPDX-License-Identifier: MIT
"""Rhythm on a real store: what is held, what a digest tells, what caps, mutes and quiet hours do, on both databases."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from alerts.config import Settings
from alerts.feeds import ListedFeed
from alerts.model import ChannelKind
from alerts.pipeline import Pipeline, rulefiles, templates
from alerts.rhythm import DAYS
from alerts.store import dump, feeds, ops
from alerts.store.tables import DigestEntry, Subscription, SubscriptionChannel
from tests.pipeline.test_pipeline import EC, FDA, Clock, Mailbox, Web, mailbox, run, web  # noqa: F401 - fixtures
from tests.pipeline.test_templates import MAIL_DIGEST

pytestmark = pytest.mark.enable_socket
PARIS = ZoneInfo("Europe/Paris")
SAFETY = (
    "safety",
    "FDA warns of liver failure with cabozantinib",
    "The FDA issued a safety warning on liver failure with cabozantinib in renal cell carcinoma.",
)


@pytest.fixture
def clock() -> Clock:
    made = Clock()
    made.now = (made.now.astimezone(PARIS) + timedelta(days=1)).replace(hour=12, minute=0, second=0).astimezone(UTC)
    return made


@pytest.fixture
def pipeline(store_settings: Settings, web: str, mailbox: tuple[Mailbox, str], clock: Clock) -> Iterator[Pipeline]:
    opened = {
        "fetch_allow": frozenset({web, mailbox[1]}),
        "webhook_hosts": frozenset({web}),
        "smtp_url": f"smtp://{mailbox[1]}",
        "min_interval_s": 0.001,
        "minute_s": 0.001,
        "webhook_per_second": 0.0,
    }
    Web.day = clock()
    made = Pipeline(store_settings.model_copy(update=opened), clock)
    with made.store.write() as session:
        feeds.add(session, ListedFeed(f"http://{web}/feed", "Wire", "wire"), clock(), clock())
    yield made
    made.close()


def subscribe(
    pipeline: Pipeline, tmp_path: Path, extra: str = "", channels: str = "{email: alice@example.org}"
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        f"name: Alice\nrule: {{drugs: {{any: [cabozantinib]}}}}\nchannels: [{channels}]\n{extra}", encoding="utf-8"
    )
    rulefiles.apply(pipeline.store, file, "default", pipeline.settings.webhook_hosts)


def told(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    with pipeline.store.read() as session:
        return [(d["kind"], d["state"], d["why"]) for d in dump.deliveries(session)]


def waiting(pipeline: Pipeline) -> list[tuple[str, datetime]]:
    with pipeline.store.read() as session:
        return [(e.why, e.due_at) for e in session.exec(select(DigestEntry)) if e.told_at is None]


def paris(clock: Clock, hour: int, days: int = 0) -> datetime:
    local = clock().astimezone(PARIS) + timedelta(days=days)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0).astimezone(UTC)


def test_a_digest_waits_for_its_hour_and_then_tells_all_in_one_mail(
    pipeline: Pipeline,
    clock: Clock,
    mailbox: tuple[Mailbox, str],
    tmp_path: Path,
) -> None:
    subscribe(pipeline, tmp_path, "cadence: daily 18:00 Europe/Paris\n")
    Web.items = [EC, FDA]
    run(pipeline, clock)
    assert mailbox[0].mails == []
    assert waiting(pipeline) == [("cadence", paris(clock, 18))] * 2
    clock.now = paris(clock, 18)
    pipeline.deliver_due()
    pipeline.deliver_due()
    assert told(pipeline) == [("digest", "sent", "digest")]
    assert len(mailbox[0].mails) == 1
    assert b"[Digest] 2 stories" in mailbox[0].mails[0]
    with pipeline.store.read() as session:
        assert len(next(dump.deliveries(session))["stories"]) == 2


def test_a_digest_goes_out_in_the_teams_own_words(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, "cadence: daily 18:00 Europe/Paris\n")
    with pipeline.store.write() as session:
        team = ops.team_id(session, "default", clock())
        templates.save(session, team, ChannelKind.EMAIL, MAIL_DIGEST, "Alice", clock())
    Web.items = [EC, FDA]
    run(pipeline, clock)
    clock.now = paris(clock, 18)
    pipeline.deliver_due()
    pipeline.deliver_due()
    assert told(pipeline) == [("digest", "sent", "digest")]
    (mail,) = mailbox[0].mails
    assert b"Own: cabozantinib" in mail
    assert b"Why you get this" in mail
    assert b"List-Unsubscribe-Post" in mail


def test_a_weekly_digest_by_cancer_comes_on_its_day(
    pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    day = (clock() + timedelta(days=3)).astimezone(PARIS)
    subscribe(pipeline, tmp_path, f"cadence: weekly {DAYS[day.weekday()]} 18:00 Europe/Paris\ndigest_by: cancer\n")
    Web.items = [EC, FDA]
    run(pipeline, clock)
    clock.now = paris(clock, 18, days=2)
    pipeline.deliver_due()
    assert mailbox[0].mails == []
    clock.now = paris(clock, 18, days=1)
    pipeline.deliver_due()
    pipeline.deliver_due()
    assert told(pipeline) == [("digest", "sent", "digest")]
    assert b"by cancer" in mailbox[0].mails[0]


def test_no_news_no_digest(pipeline: Pipeline, clock: Clock, mailbox: tuple[Mailbox, str], tmp_path: Path) -> None:
    subscribe(pipeline, tmp_path, "cadence: daily 18:00 Europe/Paris\n")
    run(pipeline, clock)
    clock.now = paris(clock, 18, days=3)
    pipeline.deliver_due()
    assert told(pipeline) == []


def test_an_entry_that_comes_too_late_for_its_window_goes_with_the_next_digest(
    pipeline: Pipeline, clock: Clock, tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, "cadence: daily 18:00 Europe/Paris\n")
    Web.items = [EC, FDA]
    run(pipeline, clock)
    hour = paris(clock, 18)
    with pipeline.store.write() as session:  # as if its transaction had ended a moment after the digest was made
        late = session.exec(select(DigestEntry).order_by(col(DigestEntry.story_id).desc())).first()
        assert late is not None
        late.due_at = hour + timedelta(days=9)
    clock.now = hour
    pipeline.deliver_due()
    with pipeline.store.write() as session:
        for entry in _open(session):
            entry.due_at = hour
    pipeline.deliver_due()
    assert waiting(pipeline) == [("cadence", hour + timedelta(days=1))]
    clock.now = hour + timedelta(days=1)
    pipeline.deliver_due()
    assert told(pipeline) == [("digest", "sent", "digest")] * 2
    assert waiting(pipeline) == []


def _open(session: Session) -> list[DigestEntry]:
    return [e for e in session.exec(select(DigestEntry)) if e.told_at is None]


def test_quiet_hours_hold_and_say_what_they_held_but_a_safety_warning_comes_through(
    pipeline: Pipeline,
    clock: Clock,
    mailbox: tuple[Mailbox, str],
    tmp_path: Path,
) -> None:
    subscribe(pipeline, tmp_path, "quiet: 22:00-07:00 Europe/Paris\npriority: [safety]\n")
    clock.now = paris(clock, 23)
    Web.items = [EC, SAFETY]
    run(pipeline, clock)
    assert told(pipeline) == [("story", "sent", "priority")]
    assert waiting(pipeline) == [("quiet", paris(clock, 7, days=1))]
    clock.now = paris(clock, 7, days=1)
    pipeline.deliver_due()
    assert b"during your quiet hours" in mailbox[0].mails[1].replace(b"=\r\n", b"")


def test_what_passes_the_cap_of_the_day_waits_for_the_digest(pipeline: Pipeline, clock: Clock, tmp_path: Path) -> None:
    subscribe(pipeline, tmp_path, "cap_per_day: 1\nquiet: 23:00-06:00 Europe/Paris\n")
    Web.items = [EC, FDA, SAFETY]
    run(pipeline, clock)
    assert told(pipeline) == [("story", "sent", "instant")]
    assert waiting(pipeline) == [("cap", paris(clock, 8, days=1))] * 2


def test_the_first_comes_at_once_and_what_follows_in_the_digest(
    pipeline: Pipeline, clock: Clock, tmp_path: Path
) -> None:
    subscribe(pipeline, tmp_path, "cadence: first then daily 08:00 Europe/Paris\n")
    Web.items = [EC]
    run(pipeline, clock)
    Web.items = [EC, FDA]
    run(pipeline, clock)
    assert told(pipeline) == [("story", "sent", "first")]
    assert waiting(pipeline) == [("cadence", paris(clock, 8, days=1))]


def test_one_channel_may_have_another_rhythm(pipeline: Pipeline, clock: Clock, web: str, tmp_path: Path) -> None:
    subscribe(
        pipeline,
        tmp_path,
        "cadence: daily 18:00 Europe/Paris\n",
        f'{{email: alice@example.org}}, {{slack: "http://{web}/slack", cadence: instant}}',
    )
    Web.items = [EC]
    run(pipeline, clock)
    assert [path for path, _ in Web.posts] == ["/slack"]
    assert len(waiting(pipeline)) == 1


def _link(pipeline: Pipeline, **wish: Any) -> None:
    with pipeline.store.write() as session:
        link = session.exec(select(SubscriptionChannel)).one()
        for name, value in wish.items():
            setattr(link, name, value)


def test_a_mute_silences_and_says_so_and_ends(pipeline: Pipeline, clock: Clock, tmp_path: Path) -> None:
    subscribe(pipeline, tmp_path)
    _link(pipeline, muted_until=clock() + timedelta(hours=1))
    Web.items = [EC]
    run(pipeline, clock)
    assert told(pipeline) == [("story", "suppressed", "muted")]
    clock.now += timedelta(hours=1)
    Web.items = [EC, FDA]
    run(pipeline, clock)
    assert told(pipeline)[1:] == [("story", "sent", "instant")]


def test_a_snooze_holds_and_ends_in_a_digest(
    pipeline: Pipeline,
    clock: Clock,
    mailbox: tuple[Mailbox, str],
    tmp_path: Path,
) -> None:
    subscribe(pipeline, tmp_path)
    _link(pipeline, snoozed_until=clock() + timedelta(hours=1))
    Web.items = [EC]
    run(pipeline, clock)
    assert mailbox[0].mails == []
    clock.now += timedelta(hours=1)
    pipeline.deliver_due()
    assert b"snoozed" in mailbox[0].mails[0]


def test_a_reader_who_leaves_before_the_digest_is_not_written_to(
    pipeline: Pipeline,
    clock: Clock,
    mailbox: tuple[Mailbox, str],
    tmp_path: Path,
) -> None:
    subscribe(pipeline, tmp_path, "cadence: daily 18:00 Europe/Paris\n")
    Web.items = [EC]
    run(pipeline, clock)
    _link(pipeline, left_at=clock())
    clock.now = paris(clock, 18)
    pipeline.deliver_due()
    assert (told(pipeline), waiting(pipeline), mailbox[0].mails) == ([], [], [])


def test_a_retry_that_comes_due_at_night_waits_for_the_morning(
    pipeline: Pipeline,
    clock: Clock,
    mailbox: tuple[Mailbox, str],
    tmp_path: Path,
) -> None:
    subscribe(pipeline, tmp_path, "quiet: 22:00-07:00 Europe/Paris\n")
    clock.now = paris(clock, 21) + timedelta(minutes=59, seconds=50)
    mailbox[0].rcpt_answers = ["451 later"]
    Web.items = [EC]
    run(pipeline, clock)
    clock.now += timedelta(minutes=1)
    pipeline.deliver_due()
    assert mailbox[0].mails == []
    clock.now = paris(clock, 7, days=1)
    pipeline.deliver_due()
    assert len(mailbox[0].mails) == 1


def test_applying_the_file_again_keeps_what_the_reader_wished(pipeline: Pipeline, clock: Clock, tmp_path: Path) -> None:
    subscribe(pipeline, tmp_path)
    _link(pipeline, own_cadence="daily 18:00 Europe/Paris", left_at=clock())
    subscribe(pipeline, tmp_path, "cap_per_day: 5\n")
    with pipeline.store.read() as session:
        link = session.exec(select(SubscriptionChannel)).one()
        assert (link.own_cadence, link.left_at) == ("daily 18:00 Europe/Paris", clock())
        assert session.exec(select(Subscription)).one().spec["cap_per_day"] == 5


def test_an_alert_carries_links_to_mute_manage_and_leave(
    pipeline: Pipeline,
    clock: Clock,
    mailbox: tuple[Mailbox, str],
    web: str,
    tmp_path: Path,
) -> None:
    subscribe(pipeline, tmp_path, channels=f'{{email: alice@example.org}}, {{slack: "http://{web}/slack"}}')
    Web.items = [EC]
    run(pipeline, clock)
    mail = mailbox[0].mails[0].decode()
    assert "List-Unsubscribe: <http://127.0.0.1:8000/s/unsubscribe/" in mail
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert "/s/" in json.dumps(json.loads(Web.posts[0][1]))
