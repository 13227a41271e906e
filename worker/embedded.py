# SPDX-License-Identifier: MIT
"""Embedded mode, `oncowire up`: one command that runs everything on this machine until SIGTERM or Ctrl-C.

    supervisor (this) ── broker (Valkey, unix socket; only if ONCOWIRE_BROKER_URL is empty)
                      ├─ worker (Celery, 4 threads, queues poll, read, deliver)
                      ├─ beat   (sends "look now" every ONCOWIRE_SWEEP_S)
                      └─ web    (console, API, health, metrics)

Everything it writes is under ONCOWIRE_VAR_DIR; the children's output is in its folder log/.
"""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alerts.config import Settings, load
from alerts.errors import InputError, OncowireError, Permanent
from worker import broker
from worker.supervisor import Program, Supervisor, stale_after, to_stderr

QUEUES = ("poll", "read", "deliver")
CONCURRENCY = 4
WORKER_STALE_S = 75.0  # the worker ends itself after 60 s (worker/health.py); this is for one that cannot even do that
BROKER_SILENT_S = 10.0
WEB_DRAIN_S = 3
WEB_START_S = 60.0


def main() -> int:
    """`python -m worker.embedded [prepare]`; exit code 0 after a stop that was asked for, 1 with a reason otherwise."""
    try:
        settings = load()
        if sys.argv[1:] == ["prepare"]:
            prepare(settings)
            return 0
        return run(settings)
    except OncowireError as exc:
        to_stderr(f"oncowire: {exc.code}: {exc.message}")
        return 1


def run(settings: Settings) -> int:
    """Start everything, say where the console is, keep it running, stop it."""
    var_dir = _own_folder(settings.var_dir)
    with _only_one(var_dir):
        port = _port(settings.web_host, settings.web_port)
        wanted = settings.broker_socket
        path = broker.socket_path(wanted)
        env = _environment(settings, port, path)
        supervisor = Supervisor(_programs(settings, port, path, env), var_dir / "log", env, to_stderr)
        supervisor.handle_signals()
        try:
            _start(supervisor, settings, env, path)
            if _web_answers(supervisor, settings.web_host, port):
                sys.stdout.write(f"Oncowire is up: {env['ONCOWIRE_BASE_URL']} (Ctrl-C stops it)\n")
                sys.stdout.flush()
            supervisor.watch()
        finally:
            supervisor.stop()
            broker.forget(path, wanted)
    return 0


def prepare(settings: Settings) -> None:
    """Bring the schema up to date, apply rule files, add the starter feeds on the first start."""
    # Imported here: this runs as a short-lived child, so that the supervisor stays small.
    from alerts.pipeline import prepare as prepare_store
    from alerts.store.migrate import upgrade

    upgrade(settings)
    for line in prepare_store(settings):
        to_stderr(line)


def _start(supervisor: Supervisor, settings: Settings, env: dict[str, str], path: Path) -> None:
    if not settings.broker_url:
        supervisor.start("broker")
    _prepare_apart(supervisor, env)
    if not settings.broker_url:
        broker.wait_until_ready(path)
    for name in ("web", "worker", "beat"):
        if not supervisor.stopping:
            supervisor.start(name)


def _prepare_apart(supervisor: Supervisor, env: dict[str, str]) -> None:
    """Run `prepare` as a child. Raises Permanent(not_prepared); the child has said why on standard error."""
    child = subprocess.Popen([sys.executable, "-m", "worker.embedded", "prepare"], env=env, stdin=subprocess.DEVNULL)
    try:
        supervisor.watch(until=lambda: child.poll() is not None)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode and not supervisor.stopping:
        raise Permanent("not_prepared", "the database or the rule files could not be made ready (see above)")


def _programs(settings: Settings, port: int, path: Path, env: dict[str, str]) -> list[Program]:
    var_dir = settings.var_dir.absolute()
    celery = [sys.executable, "-m", "celery", "-A", "worker.app"]
    # Celery's own lines at INFO would be six for each sweep; what the stages do is logged by the product.
    quiet = ["--loglevel", "WARNING"]
    heartbeats = [var_dir / f"heartbeat-{queue}" for queue in QUEUES]
    worker = Program(
        "worker",
        [*celery, "worker", "--pool", "threads", "--concurrency", str(CONCURRENCY), "--queues", ",".join(QUEUES),
         "--without-gossip", "--without-mingle", "--without-heartbeat", "--hostname", "embedded@localhost", *quiet],
        probe=stale_after(heartbeats, WORKER_STALE_S),
    )  # fmt: skip
    beat = Program("beat", [*celery, "beat", "--schedule", str(var_dir / "beat.schedule"), "--pidfile=", *quiet])
    web = Program(
        "web",
        [sys.executable, "-m", "uvicorn", "alerts.console.app:app", "--host", settings.web_host, "--port", str(port),
         "--timeout-graceful-shutdown", str(WEB_DRAIN_S), "--no-server-header", "--no-access-log",
         "--log-level", "warning"],
    )  # fmt: skip
    if env["ONCOWIRE_BROKER_URL"] == settings.broker_url:
        return [worker, beat, web]
    server = Program(
        "broker", broker.command(path), probe=_silent(lambda: broker.answers(path)), grace_s=BROKER_SILENT_S, last=True
    )
    return [server, worker, beat, web]


def _silent(answers: Callable[[], bool]) -> Callable[[float], str | None]:
    return lambda _up_s: None if answers() else "it does not answer"


def _environment(settings: Settings, port: int, path: Path) -> dict[str, str]:
    """The children's environment: ours, with what was decided here (a port of its own, where the broker listens)."""
    shown = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    host = "127.0.0.1" if shown in {"0.0.0.0", "[::]"} else shown  # noqa: S104 - what to show for "every address"
    return {
        **os.environ,
        "ONCOWIRE_WEB_PORT": str(port),
        "ONCOWIRE_BASE_URL": settings.base_url or f"http://{host}:{port}",
        "ONCOWIRE_BROKER_URL": settings.broker_url or broker.url(path),
        "PYTHONUNBUFFERED": "1",
    }


def _own_folder(var_dir: Path) -> Path:
    """The folder for all that is written, closed to other users. Raises InputError(var_dir_unusable)."""
    try:
        var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (var_dir / "log").mkdir(exist_ok=True)
    except OSError as exc:
        raise InputError("var_dir_unusable", f"ONCOWIRE_VAR_DIR={var_dir}: {exc.strerror}") from None
    return var_dir.absolute()


@contextmanager
def _only_one(var_dir: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises InputError(already_running): two of us would share broker and database."""
    with (var_dir / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                "already_running", f"another `oncowire up` works in {var_dir}; stop it or set ONCOWIRE_VAR_DIR"
            ) from None
        yield


def _port(host: str, wanted: int) -> int:
    """`wanted`, or a free one for 0. Raises InputError(port_in_use)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as exc:
            raise InputError(
                "port_in_use", f"{host} port {wanted}: {exc.strerror}; set ONCOWIRE_WEB_PORT or ONCOWIRE_WEB_HOST"
            ) from None
        return int(probe.getsockname()[1])


def _web_answers(supervisor: Supervisor, host: str, port: int) -> bool:
    """Wait until the console accepts connections; False if we were told to stop or it takes too long."""
    end = supervisor.clock() + WEB_START_S
    supervisor.watch(until=lambda: _accepts(host, port) or supervisor.clock() > end)
    return not supervisor.stopping and _accepts(host, port)


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
