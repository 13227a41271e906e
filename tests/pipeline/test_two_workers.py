# SPDX-License-Identifier: MIT
"""Two worker processes that meet one story at once give one story and one alert (PostgreSQL, real processes)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.config import load
from tests.conftest import NOW
from tests.pipeline.newsdesk import Desk

pytestmark = [pytest.mark.postgres, pytest.mark.processes]

DRUGS = ("cabozantinib", "sunitinib", "everolimus", "lenvatinib", "axitinib", "pazopanib", "sorafenib", "regorafenib")
WORKER = """
import sys, time
from datetime import datetime
from alerts.config import settings
from alerts.pipeline import Pipeline
pipeline = Pipeline(settings(), lambda: datetime.fromisoformat(sys.argv[1]))
pipeline.process_due()
print("ready", flush=True)
sys.stdin.readline()
empty = 0
while empty < 5:
    empty = 0 if pipeline.process_due().handled else empty + 1
    time.sleep(0.05)
pipeline.close()
"""


def worker(url: str) -> subprocess.Popen[str]:
    """Reads, groups and matches from the moment it gets a line until nothing has been due for a while."""
    variables = {**os.environ, "ONCOWIRE_DATABASE_URL": url, "ONCOWIRE_LOG_LEVEL": "warning"}
    command = [sys.executable, "-c", WORKER, NOW.isoformat()]
    return subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_one_story_and_one_alert_however_many_workers_meet_it(postgres_url: str, tmp_path: Path) -> None:
    settings = load({"ONCOWIRE_VAR_DIR": str(tmp_path), "ONCOWIRE_DATABASE_URL": postgres_url})
    desk = Desk(settings, tmp_path / "rules.yaml")
    workers = [worker(postgres_url) for _ in range(2)]
    try:
        for one in workers:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for drug in DRUGS:
            for tier, words in (
                ("company", "FDA approves {} for renal cell carcinoma"),
                ("trade", "{} gets FDA approval in renal cell carcinoma"),
            ):
                desk.report(f"{drug} {tier}", words.format(drug), tier=tier)
        for one in workers:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.close()
        assert [one.wait(timeout=90) for one in workers] == [0, 0]
    finally:
        for one in workers:
            one.kill()
            one.wait()
            assert one.stdout is not None
            one.stdout.close()
    assert desk.groups() == sorted([f"{drug} company", f"{drug} trade"] for drug in DRUGS)
    assert len(desk.alerts()) == len(DRUGS)
    desk.pipeline.close()
