# SPDX-License-Identifier: MIT
"""Two real processes at the same rows: a cap of the day is never passed, a window has one digest, nobody is told twice."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from alerts.config import ROOT, Settings
from alerts.pipeline import rulefiles
from alerts.store.tables import Delivery, DigestEntry
from tests.delivery.test_crash_points import DRUGS
from tests.pipeline.newsdesk import Desk
from tests.pipeline.test_pipeline import Mailbox, mailbox  # noqa: F401 - fixture

pytestmark = [pytest.mark.enable_socket, pytest.mark.processes, pytest.mark.timeout(120)]
CAP = 3
STORIES = 12
RULES = f"""
- name: A few a day
  rule: {{indications: {{any: [cancer]}}}}
  channels: [{{email: alice@example.org}}]
  cap_per_day: {CAP}
- name: In the morning
  rule: {{indications: {{any: [cancer]}}}}
  channels: [{{email: bob@example.org}}, {{email: alice@example.org}}]
  cadence: daily 08:00 Europe/Paris
"""


class Pair:
    """Two workers that start a stage at the same moment; neither goes on before both have had their first row."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.model_dump(mode="json")
        self._both = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.delivery.race_worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
            )
            for _ in range(2)
        ]  # fmt: skip
        assert [self._answer(one) for one in self._both] == ["ready", "ready"]

    def run(self, stage: str, now: datetime) -> list[int]:
        """How many rows each of them handled."""
        self._tell(json.dumps({"settings": self._settings, "now": now.isoformat(), "stage": stage}))
        assert [self._answer(one) for one in self._both] == ["begun", "begun"]
        self._tell("")
        return [int(self._answer(one)) for one in self._both]

    def _tell(self, line: str) -> None:
        for one in self._both:
            assert one.stdin
            one.stdin.write(line + "\n")
            one.stdin.flush()

    def _answer(self, one: "subprocess.Popen[str]") -> str:
        assert one.stdout
        return one.stdout.readline().strip()

    def close(self) -> None:
        for one in self._both:
            one.communicate(timeout=20)


@pytest.fixture
def settings(store_settings: Settings, mailbox: tuple[Mailbox, str]) -> Settings:
    opened = {"fetch_allow": frozenset({mailbox[1]}), "smtp_url": f"smtp://{mailbox[1]}"}
    return store_settings.model_copy(update=opened)


@pytest.fixture
def pair(settings: Settings) -> Iterator[Pair]:
    made = Pair(settings)
    yield made
    made.close()


def test_two_workers_never_pass_the_cap_nor_make_two_digests_of_a_window(
    settings: Settings, pair: Pair, mailbox: tuple[Mailbox, str], tmp_path: Path
) -> None:
    desk = Desk(settings)
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    rulefiles.apply(desk.store, file, "default", frozenset())
    for number in range(STORIES):
        desk.report(str(number), f"FDA approves {DRUGS[number]} for lung cancer", tier="wire")
    desk.pipeline._read(), desk.pipeline._group()
    shares = pair.run("match", desk.now)
    assert sum(shares) == STORIES
    assert min(shares) > 0  # both were at it, or this would prove nothing
    with desk.store.read() as session:
        told = [d.kind for d in session.exec(select(Delivery))]
        held = Counter(e.why for e in session.exec(select(DigestEntry)))
    assert told == ["story"] * CAP
    assert held == {"cap": STORIES - CAP, "cadence": 2 * STORIES}
    assert sum(pair.run("deliver", desk.now)) == CAP
    pair.run("deliver", desk.now + timedelta(hours=36))
    with desk.store.read() as session:
        rows = list(session.exec(select(Delivery)))
        entries = list(session.exec(select(DigestEntry)))
    assert Counter((d.subscription_id, d.kind) for d in rows) == {(1, "story"): CAP, (1, "digest"): 1, (2, "digest"): 2}
    assert {(d.state, d.attempts_made) for d in rows} == {("sent", 1)}
    assert all(e.told_at and e.delivery_id for e in entries)
    assert len(mailbox[0].mails) == len(rows)
    desk.pipeline.close()
