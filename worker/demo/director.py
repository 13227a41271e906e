# SPDX-License-Identifier: MIT
"""Runs the demo: receivers, newsroom, the real service as a child process, the news wave by wave, then the check."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from alerts.config import load as load_settings
from alerts.errors import Permanent
from alerts.store import accounts, ops
from alerts.store.engine import Store
from worker.demo import ledger, results
from worker.demo.news import Newsroom, Told, channels_of_rules, write_rules
from worker.demo.newsroom import NewsServer
from worker.demo.receivers import Mailbox, Outbox, Webhooks
from worker.demo.screen import Screen
from worker.tether import Tether

START_S = 60.0
WAVE_S = 40.0
BETWEEN_ITEMS_S = 0.3
LOOK_EVERY_S = 0.25
STOP_S = 10.0
SETTLE_LOOKS = 4  # quiet looks in a row before we believe that nothing more is coming
GIVE_UP_LOOKS = 16  # … and, after that many, that what is missing will not come


class Report(NamedTuple):
    """How the demo went. `faults` is empty when everybody was told what they had to be told, and nothing else."""

    snapshot: results.Snapshot
    received: dict[str, int]
    faults: list[str]
    seconds: float
    outbox: Path
    console: str
    login: str  # address that lets in once, as admin of the demo's team


class Demo:
    """The running demo; a context manager that ends everything it started."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.channels = channels_of_rules()
        self.expected = newsroom.expected(self.channels, max(newsroom.waves))
        self.folder = Path(tempfile.mkdtemp(prefix="oncowire-demo-"))
        self.console = ""
        self._stack = ExitStack()

    def __enter__(self) -> "Demo":
        self.outbox = Outbox(self.folder / "outbox")
        self.mailbox = Mailbox(self.outbox)
        self._stack.callback(self.mailbox.close)
        self.webhooks = Webhooks(self.outbox)
        self._stack.callback(self.webhooks.close)
        self.news = NewsServer(self.newsroom)
        self._stack.callback(self.news.close)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def run(self, screen: Screen) -> Report:
        """The whole show. Raises Permanent(demo_failed) when the service does not start."""
        started = time.monotonic()
        write_rules(self.folder / "rules", self.webhooks.host)
        self._publish(0)
        screen.step("starting broker, worker, beat and console")
        self._start()
        screen.step(f"console at {self.console}; adding {len(self.newsroom.feeds)} feeds")
        self._add_feeds()
        store = Store(load_settings(self.env))
        self._stack.callback(store.close)
        screen.step("first poll: what already stands in the feeds is filed, nobody is alerted")
        self._quiet(store, screen, 1)
        for wave in self.newsroom.waves[1:]:
            screen.step(f"news comes out: {len(self.newsroom.wave(wave))} items (wave {wave})")
            self._publish(wave, BETWEEN_ITEMS_S)
            self._quiet(store, screen, GIVE_UP_LOOKS, self.newsroom.expected(self.channels, wave))
        screen.step("waiting for anything that should not come")
        snapshot = self._quiet(store, screen, SETTLE_LOOKS)
        received = self.outbox.counts()
        return Report(
            snapshot=snapshot,
            received=received,
            faults=results.faults(self.newsroom, self.expected, snapshot, received),
            seconds=round(time.monotonic() - started, 1),
            outbox=self.outbox.folder,
            console=self.console,
            login=self._login(store),
        )

    def wait(self) -> int:
        """Stay until the service ends by itself; its exit code."""
        return self._service.wait()

    def _publish(self, wave: int, pause_s: float = 0.0) -> None:
        for item in self.newsroom.wave(wave):
            self.news.release(item, datetime.now(UTC))
            time.sleep(pause_s)

    @property
    def env(self) -> dict[str, str]:
        """The service's environment: what the person has set for a real installation stays out of it."""
        feeds = ",".join(self.news.host(feed) for feed in self.newsroom.feeds)
        ours = {
            "VAR_DIR": str(self.folder / "var"),
            "RULES_DIR": str(self.folder / "rules"),
            "STARTER_FEEDS": "0",
            "SMTP_URL": f"smtp://{self.mailbox.host}",
            "MAIL_FROM": "Oncowire demo <alerts@example.org>",
            "FETCH_ALLOW": f"{feeds},{self.webhooks.host},{self.mailbox.host}",
            "WEBHOOK_HOSTS": self.webhooks.host,
            "WEBHOOK_PER_SECOND": "0",
            "WEB_PORT": "0",
            "MIN_INTERVAL_S": "0.5",
            "MINUTE_S": "0.05",
            "SWEEP_S": "0.5",
            "LOG_LEVEL": "INFO",
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("ONCOWIRE_")}
        return inherited | {f"ONCOWIRE_{key}": value for key, value in ours.items()}

    def _start(self) -> None:
        """Start the service in our folder, where no .env of the caller is read; wait until it says that it is up."""
        tether = self._stack.enter_context(closing(Tether()))
        log = self._stack.enter_context((self.folder / "service.log").open("ab"))
        self._service = subprocess.Popen(
            [sys.executable, "-m", "worker.embedded"], env=self.env, cwd=self.folder, process_group=0,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        tether.hold(self._service.pid)
        self._stack.callback(tether.release, self._service.pid)
        self._stack.callback(self._stop)
        end = time.monotonic() + START_S
        while not (address := self._address()):
            if self._service.poll() is not None or time.monotonic() > end:
                raise Permanent("demo_failed", f"the service did not start:\n{self.service_log()}")
            time.sleep(0.1)
        self.console = address

    def _address(self) -> str:
        said = [line for line in self.service_log().splitlines() if line.startswith("Oncowire is up: ")]
        return said[-1].split()[3] if said else ""

    def service_log(self) -> str:
        return (self.folder / "service.log").read_text(encoding="utf-8", errors="replace")

    def _stop(self) -> None:
        self._service.terminate()
        try:
            self._service.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._service.kill()
            self._service.wait()

    def _add_feeds(self) -> None:
        """Through the command that a person would use."""
        outlines = "".join(
            f"<outline type='rss' text={quoteattr(plan.title)} category={quoteattr(plan.tier)}"
            f" xmlUrl={quoteattr(self.news.url(key))}/>"
            for key, plan in self.newsroom.feeds.items()
        )
        opml = self.folder / "feeds.opml"
        opml.write_text(f"<opml version='2.0'><head/><body>{outlines}</body></opml>", encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "alerts.cli", "feeds", "import", str(opml)],
            env=self.env, cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Permanent("demo_failed", f"the feeds could not be added:\n{done.stderr or done.stdout}")

    def _login(self, store: Store) -> str:
        """A person for the demo, and a link with which somebody becomes that person."""
        now = datetime.now(UTC)
        with store.write() as session:
            user = accounts.create_user(session, "demo@example.org", "Demo", now)
            assert user.id is not None
            accounts.set_role(session, user.id, ops.team_id(session, ops.DEFAULT_TEAM, now), "admin")
            token = accounts.make_link(session, "demo", user.id, now)
        return f"{self.console}/welcome/{token}"

    def _quiet(self, store: Store, screen: Screen, looks: int, wanted: set[Told] | None = None) -> results.Snapshot:
        """Look until `wanted` has been told, or nothing has been left to do for that many looks, or time is over.

        What is missing is for the check at the end to say. Raises Permanent(demo_failed) if the service ends.
        """
        end, quiet = time.monotonic() + WAVE_S, 0
        while self._service.poll() is None:
            snapshot = ledger.read(store)
            screen.sent(self.newsroom, snapshot.deliveries)
            idle = snapshot.items >= self.news.released and not snapshot.open_work
            quiet = quiet + 1 if idle else 0
            told = wanted is not None and wanted <= set(results.told(self.newsroom, snapshot))
            if told or quiet >= looks or time.monotonic() > end:
                return snapshot
            time.sleep(LOOK_EVERY_S)
        raise Permanent("demo_failed", f"the service ended:\n{self.service_log()}")
