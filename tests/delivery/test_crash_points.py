# SPDX-License-Identifier: MIT
"""A process killed after every commit of read, group, match, digest and delivery, and between socket and commit.

On SQLite and PostgreSQL, with a real mail server and real webhook receivers: nothing is lost, and only what was being sent
when the process died comes twice, with the same Message-ID. docs/reliability.md has the table.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from alerts.config import ROOT, Settings
from alerts.store import dump
from tests.conftest import NOW
from tests.pipeline.newsdesk import Desk
from tests.pipeline.test_pipeline import Mailbox, Web, mailbox, web  # noqa: F401 - fixtures

pytestmark = [pytest.mark.enable_socket, pytest.mark.processes, pytest.mark.timeout(300)]

RULES = """
- name: At once
  rule: {indications: {any: [cancer]}}
  channels: [{email: alice@example.org}, {slack: "http://HOST/slack"}]
- name: In the morning
  rule: {indications: {any: [cancer]}}
  channels: [{teams: "http://HOST/teams"}]
  cadence: daily 08:00 Europe/Paris
"""
FIRST = (0, 24)  # hours at which the victim looks for work: the news comes, the next day's digest is due
AFTERWARDS = (1, 2, 3, 25, 26, 27)  # and those of the process after it: past every lease and retry
DRUGS = (
    "cabozantinib", "sunitinib", "pembrolizumab", "nivolumab", "osimertinib", "olaparib", "lenvatinib", "everolimus",
    "imatinib", "dasatinib", "erlotinib", "gefitinib", "trastuzumab", "bevacizumab", "ribociclib", "palbociclib",
    "ibrutinib", "venetoclax", "lorlatinib", "alectinib", "tucatinib", "axitinib", "pazopanib", "niraparib",
)  # fmt: skip


class Died(NamedTuple):
    signal: int
    points: list[str]


class Victim:
    """Starts the stages in a process of their own, again and again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.model_dump(mode="json")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.delivery.crash_victim"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip

    def run(self, start: str, hours: Sequence[int], die: int | None = None) -> Died:
        assert self._process.stdin
        assert self._process.stdout
        command = {"settings": self._settings, "start": start, "hours": hours, "die": die}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["code"] == 0
        return Died(answer["signal"], answer["points"])

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture
def settings(store_settings: Settings, web: str, mailbox: tuple[Mailbox, str]) -> Settings:
    opened = {
        "fetch_allow": frozenset({web, mailbox[1]}),
        "webhook_hosts": frozenset({web}),
        "smtp_url": f"smtp://{mailbox[1]}",
        "webhook_per_second": 0.0,
    }
    return store_settings.model_copy(update=opened)


@pytest.fixture
def victim(settings: Settings) -> Iterator[Victim]:
    made = Victim(settings)
    yield made
    made.close()


def copies(drug: str, box: Mailbox) -> dict[str, int]:
    """How often each receiver was told of a drug."""
    posts = [(path, body.decode()) for path, body in Web.posts]
    return {
        "mail": sum(drug.encode() in m.split(b"\r\n\r\n")[0] for m in box.mails),
        "slack": sum(path == "/slack" and drug in body for path, body in posts),
        "teams": sum(path == "/teams" and drug in body for path, body in posts),
    }


def message_ids(drug: str, box: Mailbox) -> set[bytes]:
    heads = [m.split(b"\r\n\r\n")[0] for m in box.mails if drug.encode() in m.split(b"\r\n\r\n")[0]]
    return {line for head in heads for line in head.split(b"\r\n") if line.startswith(b"Message-ID:")}


def test_killed_at_every_boundary_nothing_is_lost_and_only_what_was_in_flight_comes_twice(
    settings: Settings, victim: Victim, mailbox: tuple[Mailbox, str], web: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    desk = Desk(settings)
    _apply(desk, rules, RULES.replace("HOST", web))

    def news(number: int) -> str:
        """A new story; the days keep their windows apart."""
        desk.report(str(number), f"FDA approves {DRUGS[number]} for lung cancer", tier="wire", days=number * 3)
        return (NOW + timedelta(days=number * 3)).isoformat()

    points = victim.run(news(0), FIRST).points
    assert copies(DRUGS[0], mailbox[0]) == {"mail": 1, "slack": 1, "teams": 1}
    assert points.count("sent, not recorded") == 3
    assert len(points) + 1 < len(DRUGS)
    for number, point in enumerate(points, start=1):
        start = news(number)
        died = victim.run(start, FIRST, die=number)
        assert (died.signal, died.points[-1]) == (9, point)
        victim.run(start, AFTERWARDS)
        told = copies(DRUGS[number], mailbox[0])
        in_flight = point == "sent, not recorded"
        assert min(told.values()) == 1, (point, told)
        assert sum(told.values()) == (4 if in_flight else 3), (point, told)
        assert len(message_ids(DRUGS[number], mailbox[0])) == 1
    assert {d["state"] for d in _deliveries(desk)} == {"sent"}
    desk.pipeline.close()


def _apply(desk: Desk, file: Path, text: str) -> None:
    from alerts.pipeline import rulefiles

    file.write_text(text, encoding="utf-8")
    rulefiles.apply(desk.store, file, "default", desk.pipeline.settings.webhook_hosts)


def _deliveries(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.read() as session:
        return list(dump.deliveries(session))
