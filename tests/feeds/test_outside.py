# SPDX-License-Identifier: MIT
"""The commands of the contract, each a process of its own, against an origin that is another: nothing but what an
outside check could see. A minute of the schedule lasts 2 ms here, a day of it 2.9 s."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.outside import ETAG, MODIFIED

pytestmark = pytest.mark.enable_socket

MIN_INTERVAL_S, DAY_S = 1.5, 1440 * 0.002
HOSTS = {"plain": 1, "old": 2, "later": 4, "fresh": 5, "ttl": 6, "gone": 7, "slow": 8}


class Outside:
    """The origin, its log, and the program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log_path = folder, folder / "asked.jsonl"
        self.log_path.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.feeds.outside", str(self.log_path)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        allow = ",".join(f"127.0.0.{n}:{self.port}" for n in range(1, 10))
        self.env = {n: v for n, v in os.environ.items() if not n.startswith("ONCOWIRE_")} | {
            "ONCOWIRE_VAR_DIR": str(folder / "var"),
            "ONCOWIRE_FETCH_ALLOW": allow,
            "ONCOWIRE_MIN_INTERVAL_S": str(MIN_INTERVAL_S),
            "ONCOWIRE_MINUTE_S": "0.002",
            "ONCOWIRE_STARTER_FEEDS": "0",
        }

    def url(self, name: str) -> str:
        return f"http://127.0.0.{HOSTS[name]}:{self.port}/{name}"

    def start(self, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "alerts.cli", *words]
        return subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def oncowire(self, *words: str) -> str:
        done = self.start(*words)
        out, err = done.communicate(timeout=120)
        assert done.returncode == 0, err
        return out

    def feeds(self) -> dict[str, dict[str, Any]]:
        rows = json.loads(self.oncowire("feeds", "list", "--json"))
        return {row["original_url"].rpartition("/")[2]: row for row in rows}

    def titles(self) -> list[str]:
        return sorted(json.loads(line)["title"] for line in self.oncowire("items", "--jsonl").splitlines())

    def asked(self, path: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log_path.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["path"] == "/" + path]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    made = Outside(tmp_path_factory.mktemp("outside"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def polled(outside: Outside) -> Outside:
    """Two days of the schedule and more: a poll is killed in the middle, then one process after the other polls."""
    opml = outside.folder / "feeds.opml"
    named = "".join(f'<outline type="rss" text="{name}" xmlUrl="{outside.url(name)}"/>' for name in HOSTS)
    opml.write_text(f"<opml version='2.0'><head/><body>{named}</body></opml>", encoding="utf-8")
    outside.oncowire("feeds", "import", str(opml))
    killed = outside.start("poll", "--feed", outside.url("slow"))
    end = time.monotonic() + 60
    while not outside.asked("slow") and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    began = time.time()
    while time.time() - began < 3 * DAY_S or len(outside.asked("new")) < 6:
        outside.oncowire("poll")
        assert time.time() - began < 120
    return outside


def test_nothing_is_asked_again_within_the_minimum_interval_also_after_a_kill(polled: Outside) -> None:
    for name in (*HOSTS, "new"):
        at = [line["at"] for line in polled.asked(name)]
        assert at, name
        assert min((b - a for a, b in pairwise(at)), default=9.0) >= MIN_INTERVAL_S - 0.01, name
    assert len(polled.asked("slow")) >= 2
    assert "If-None-Match" not in polled.asked("slow")[1]["headers"], "the answer that was lost left no validator"


def test_every_item_is_there_once_that_of_the_killed_poll_too(polled: Outside) -> None:
    assert polled.titles() == ["fresh", "kept", "late", "later", "plain", "slow", "ttl"]


def test_odd_validators_go_back_byte_for_byte_between_processes(polled: Outside) -> None:
    later = polled.asked("plain")[1:]
    assert later
    assert all(line["headers"].get("If-None-Match") == ETAG for line in later)
    assert all(line["headers"].get("If-Modified-Since") == MODIFIED for line in later)
    assert polled.feeds()["plain"]["last_status"] == 304


def test_a_301_is_learned_over_processes_and_its_old_address_left(polled: Outside) -> None:
    row = polled.feeds()["old"]
    assert row["url"] == f"http://127.0.0.3:{polled.port}/new"
    assert row["original_url"] == polled.url("old")
    redirected = [line["at"] for line in polled.asked("old")[1:]]
    assert len(redirected) >= 3
    assert redirected[-1] - redirected[0] >= DAY_S
    assert [line["at"] for line in polled.asked("new")][-1] > redirected[-1], "asked without a detour"


def test_what_servers_ask_for_is_kept_in_their_own_seconds_and_a_ttl_in_minutes_of_the_schedule(
    polled: Outside,
) -> None:
    for name, least_s in {"later": 6.0, "fresh": 6.0, "ttl": DAY_S}.items():
        at = [line["at"] for line in polled.asked(name)]
        assert len(at) >= 2, name
        assert min(b - a for a, b in pairwise(at)) >= least_s - 0.01, name


def test_what_is_gone_on_two_days_is_not_asked_any_more(polled: Outside) -> None:
    assert len(polled.asked("gone")) == 2
    assert polled.feeds()["gone"]["state"] == "gone"


def test_a_poll_of_one_address_in_the_foreground_keeps_the_minimum_interval_too(polled: Outside) -> None:
    before = len(polled.asked("plain"))
    first = polled.start("poll", "--feed", polled.url("plain"))
    second = polled.start("poll", "--feed", polled.url("plain"))
    for process in (first, second):
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert len(polled.asked("plain")) - before <= 1
