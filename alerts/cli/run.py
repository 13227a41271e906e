# SPDX-License-Identifier: MIT
"""Commands that start processes: up, demo, worker, beat, web; and those that prepare: migrate, secrets."""

import os
import secrets as random_secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from cryptography.fernet import Fernet

from alerts.config import settings
from alerts.pipeline import open_store
from alerts.pipeline import prepare as run_prepare
from alerts.store import channels
from alerts.store import migrate as migrations

WORKER_FLAGS = ("--without-gossip", "--without-mingle", "--loglevel", "WARNING")
secrets_app = typer.Typer(help="Passwords and keys of an installation.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (up, demo, worker, beat, web, migrate):
        app.command()(command)
    app.add_typer(secrets_app, name="secrets")


def _become(*args: str) -> None:
    """Replace this process: signals then reach the real one, and no shell stands between."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *args])  # noqa: S606 - our own modules with fixed arguments


def up() -> None:
    """Run everything in one command: broker, worker, beat, console. Ctrl-C or SIGTERM ends all of it."""
    _become("-m", "worker.embedded")


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop when the sample news has been told.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the main job with sample news, a local mailbox and local Slack and Teams receivers. No accounts needed."""
    _become("-m", "worker.demo", *(["--once"] if once else []), *(["--json"] if as_json else []))


def worker(
    queues: Annotated[list[str], typer.Argument(help="poll, read, deliver")],
    concurrency: Annotated[int, typer.Option(help="Processes of this worker.", min=1)] = 2,
) -> None:
    """Run a worker for the named queues."""
    unknown = sorted(set(queues) - {"poll", "read", "deliver"})
    if unknown:
        raise typer.BadParameter(f"unknown queue {', '.join(unknown)}; there are poll, read, deliver")
    name = f"{'-'.join(queues)}@%h"
    pool = ("--pool", "prefork", "--concurrency", str(concurrency))
    _become("-m", "celery", "-A", "worker.app", "worker", "-Q", ",".join(queues), "-n", name, *pool, *WORKER_FLAGS)


def beat() -> None:
    """Run the clock that tells each stage to look for due work."""
    folder = settings().var_dir.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    schedule = ("--schedule", str(folder / "beat-schedule"), "--pidfile", "")
    _become("-m", "celery", "-A", "worker.app", "beat", "--loglevel", "WARNING", *schedule)


def web() -> None:
    """Run the console."""
    host, port = settings().web_host, str(settings().web_port)
    flags = ("--no-server-header", "--log-level", "warning", "--no-access-log")
    _become("-m", "uvicorn", "alerts.console.app:app", "--host", host, "--port", port, *flags)


def migrate(
    prepare: Annotated[bool, typer.Option("--prepare", help="Also load starter feeds and rule files.")] = False,
) -> None:
    """Bring the database to this program's schema."""
    migrations.upgrade(settings())
    if prepare:
        for line in run_prepare(settings()):
            typer.echo(line)


@secrets_app.command("init")
def secrets_init(folder: Annotated[Path, typer.Option("--dir", help="Where app/, db/ and broker/ are.")]) -> None:
    """Make the passwords and keys of a compose installation; what is there already is kept."""
    db, broker = (_kept(folder / name / "password", random_secrets.token_hex(24), 0o444) for name in ("db", "broker"))
    _kept(folder / "app" / "secret_keys", Fernet.generate_key().decode(), 0o400)
    _kept(folder / "app" / "database_url", f"postgresql://oncowire:{db}@db/oncowire", 0o400)
    _kept(folder / "app" / "broker_url", f"redis://:{broker}@broker:6379/0", 0o400)
    conf = (
        "bind * -::*",
        "protected-mode yes",
        f"requirepass {broker}",
        "appendonly yes",
        "dir /data",
        "maxmemory 192mb",
    )
    _kept(folder / "broker" / "valkey.conf", "\n".join(conf), 0o444)


@secrets_app.command("rotate")
def secrets_rotate() -> None:
    """Encrypt every stored secret with the first key of ONCOWIRE_SECRET_KEYS; older keys can then be dropped but the last.

    The last key also makes the keyed hashes of addresses and the links in mails: keep it at the end of the list.
    """
    with open_store(settings()) as store, store.write() as session:
        count = channels.rotate(store, session)
    typer.echo(f"{count} channels are under the first key")


def _kept(path: Path, value: str, mode: int) -> str:
    """Content of the file; made with `value` if it is not there. Each volume is mounted only where it is needed."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(value + "\n", encoding="ascii")
        path.chmod(mode)
    return path.read_text(encoding="ascii").strip()
