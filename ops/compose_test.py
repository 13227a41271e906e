# SPDX-License-Identifier: MIT
"""Runs docker-compose.yml for real, from a clean clone, and prints what held as a table. `make compose-test`.

Needs a Docker engine on this machine (DOCKER_HOST) and root, because containers are killed from outside as a crash would
(`docker kill` counts as a wish and is not followed by a restart). `--standins` builds stand-ins for the public images first.

    fresh start → alert by mail and Slack → scale → rolling restart under load → kill -9 of each container
    → upgrade from the previous schema with its data → backup → all volumes gone → restore
"""

import argparse
import email
import email.policy
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.newsroom import Newsroom, Piece
from worker.demo.receivers import Mailbox, Outbox, Webhooks

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("db", "broker", "web", "beat", "worker-poll", "worker-read", "worker-deliver")
RULE = """\
name: Every approval
rule:
  events: {{any: [approval, label_expansion]}}
cadence: instant
cap_per_day: 1000
channels: [{{email: alice@example.org}}, {{slack: "http://{webhooks}/services/T1/B1/team"}}]
state: active
"""


class Rehearsal:
    """One compose project from a clean clone, with a newsroom and receivers on this machine."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name, self.folder, self.port = name, folder, port
        self.clone = folder / "clone"
        self.rows: list[tuple[str, str]] = []
        subprocess.run(["git", "clone", "-q", str(ROOT), str(self.clone)], check=True)  # noqa: S607
        self.tag = "latest"
        (self.clone / ".env").write_text("")

    # ── what compose does ────────────────────────────────────────────────────────────────────────

    def compose(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Output of one compose command. Raises CalledProcessError with what it printed."""
        env = {**os.environ, "ONCOWIRE_TAG": self.tag}
        command = [
            *_compose(),
            "-p",
            self.name,
            "--project-directory",
            str(self.clone),
            "-f",
            str(self.clone / "docker-compose.yml"),
        ]
        done = subprocess.run([*command, *args], env=env, input=stdin, capture_output=True, check=False, cwd=self.clone)
        if done.returncode:
            raise SystemExit(f"compose {' '.join(args)}:\n{done.stdout.decode()}\n{done.stderr.decode()}")
        return done.stdout

    def oncowire(self, *args: str) -> str:
        return self.compose("exec", "-T", "web", "python3", "-m", "alerts.cli", *args).decode()

    def secrets(self, *tar: str, stdin: bytes | None = None) -> bytes:
        """tar on the volumes with passwords and keys."""
        run = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "tar", "secrets", "-C", "/run/oncowire")
        return self.compose(*run, *tar, stdin=stdin)

    def items(self) -> int:
        return len(self.oncowire("items", "--jsonl").splitlines())

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-q", service).decode().split()

    def unhealthy(self) -> list[str]:
        """Services of which a container is missing, not running or not (yet) healthy."""
        bad = []
        for service in SERVICES:
            states = [
                _inspect(cid, "{{.State.Running}} {{if .State.Health}}{{.State.Health.Status}}{{end}}")
                for cid in self.containers(service)
            ]
            if not states or any(state != "true healthy" for state in states):
                bad.append(service)
        return bad

    def until_healthy(self, limit_s: float) -> float:
        return until(lambda: not self.unhealthy(), limit_s, lambda: f"healthy; not yet: {self.unhealthy()}")

    # ── the world around it ──────────────────────────────────────────────────────────────────────

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """Newsroom, mailbox and Slack on the gateway of the network that has a way out; `.env` and a rule file name them."""
        gateway = _network(self.name, "outside")
        self.outbox = Outbox(self.folder / f"outbox-{len(self.rows)}")
        self.news, self.mail, self.hooks = (
            Newsroom(gateway),
            Mailbox(self.outbox, gateway),
            Webhooks(self.outbox, gateway),
        )
        lines = {
            "ONCOWIRE_SMTP_URL": f"smtp://{self.mail.host}?tls=none",
            "ONCOWIRE_MAIL_FROM": "Oncowire <alerts@example.org>",
            "ONCOWIRE_FETCH_ALLOW": f"{self.news.host},{self.mail.host},{self.hooks.host}",
            "ONCOWIRE_WEBHOOK_HOSTS": self.hooks.host,
            "ONCOWIRE_STARTER_FEEDS": "0",
            "ONCOWIRE_MIN_INTERVAL_S": "2",
            "ONCOWIRE_MINUTE_S": "0.2",
            "ONCOWIRE_SWEEP_S": "1",
            "ONCOWIRE_PUBLISH": f"127.0.0.1:{self.port}",
        }
        (self.clone / ".env").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        (self.clone / "rules" / "team.yaml").write_text(RULE.format(webhooks=self.hooks.host))
        try:
            yield
        finally:
            for part in (self.news, self.mail, self.hooks):
                part.close()

    def told(self) -> dict[str, Counter[str]]:
        """How often each drug and body was told, by receiver."""
        mails = [
            email.message_from_bytes(p.read_bytes(), policy=email.policy.SMTP)
            for p in (self.outbox.folder / "email").glob("*.eml")
        ]
        slack = [json.loads(p.read_bytes()) for p in (self.outbox.folder / "slack").glob("*.json")]
        return {"email": Counter(m["Subject"] for m in mails), "slack": Counter(m["text"] for m in slack)}

    def missing(self, pieces: Sequence[Piece]) -> list[str]:
        told = self.told()
        return [
            f"{kind}: {p.title}"
            for p in pieces
            for kind, texts in told.items()
            if not any(p.drug in text for text in texts)
        ]

    def check_told(self, what: str, pieces: Sequence[Piece], limit_s: float = 60) -> None:
        """Every piece reached both receivers; repeats are counted into the row."""
        took_s = until(
            lambda: not self.missing(pieces), limit_s, lambda: f"{what}: told; missing {self.missing(pieces)[:5]}"
        )
        repeats = sum(n - 1 for texts in self.told().values() for n in texts.values() if n > 1)
        self.row(
            what, f"{len(pieces)} pieces told by mail and Slack, last after {took_s:.0f} s; repeats so far {repeats}"
        )

    def row(self, what: str, result: str) -> None:
        self.rows.append((what, result))
        sys.stderr.write(f"{what}: {result}\n")


def fresh_start(r: Rehearsal) -> None:
    started = time.monotonic()
    r.compose("up", "-d")
    r.until_healthy(180)
    took_s = time.monotonic() - started
    r.row("fresh start, all healthy", f"{took_s:.0f} s" + (" (goal: 60)" if took_s > 60 else ""))
    open_ports = [
        s
        for s in ("db", "broker")
        if any(_inspect(c, "{{json .HostConfig.PortBindings}}") not in ("null", "{}") for c in r.containers(s))
    ]
    roots = [
        s
        for s in SERVICES
        if s not in ("db", "broker")
        and any(_inspect(c, "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}") != "10001 true" for c in r.containers(s))
    ]
    if open_ports or roots:
        raise SystemExit(f"published: {open_ports}; root or writable: {roots}")
    r.row("db and broker published; containers as root or writable", "none")


def add_feed(r: Rehearsal) -> None:
    """The first import of a feed is silent: it is polled once before news comes."""
    old = r.news.publish()
    r.oncowire("feeds", "add", r.news.url)
    until(lambda: old.title in r.oncowire("items", "--jsonl"), 60, lambda: "first poll")


def alert(r: Rehearsal) -> None:
    r.check_told("an alert", [r.news.publish()])
    with urllib.request.urlopen(f"http://127.0.0.1:{r.port}/readyz", timeout=5) as answer:
        r.row("console answers on the published port", f"/readyz {answer.status}")


def scale(r: Rehearsal) -> None:
    r.compose("up", "-d", "--scale", "worker-read=3")
    until(
        lambda: len(r.containers("worker-read")) == 3 and not r.unhealthy(),
        90,
        lambda: f"3 readers healthy: {r.unhealthy()}",
    )
    r.check_told("--scale worker-read=3", [r.news.publish() for _ in range(4)])


def rolling_restart(r: Rehearsal) -> None:
    pieces = []
    for service in SERVICES:
        pieces += [r.news.publish(), r.news.publish()]
        scaled = ["--scale", "worker-read=3"] if service == "worker-read" else []
        r.compose("up", "-d", "--no-deps", "--force-recreate", *scaled, service)
        pieces.append(r.news.publish())
    r.until_healthy(240)
    r.check_told("rolling restart of all services under load", pieces, 90)


def kill_each(r: Rehearsal) -> None:
    for service in SERVICES:
        before = [r.news.publish()]
        time.sleep(1.5)
        victim = r.containers(service)[0]
        os.kill(int(_inspect(victim, "{{.State.Pid}}")), signal.SIGKILL)
        # a worker killed in the middle of a send costs that one its lease of 90 s
        r.check_told(f"kill -9 of {service}", [*before, r.news.publish()], 150)
    r.until_healthy(240)


def upgrade(r: Rehearsal, previous: str) -> None:
    """Data made by the program before the newest migration is still there, and told no second time, after the upgrade."""
    r.tag = "previous"
    r.compose("up", "-d")
    r.until_healthy(240)
    add_feed(r)
    pieces = [r.news.publish() for _ in range(3)]
    r.check_told(f"previous program ({previous[:8]})", pieces)
    kept = r.items()
    r.tag = "latest"
    started = time.monotonic()
    r.compose("up", "-d")
    r.until_healthy(240)
    took_s = time.monotonic() - started
    now = r.items()
    if now < kept:
        raise SystemExit(f"items before {kept}, after the upgrade {now}")
    r.row("upgrade with data", f"healthy after {took_s:.0f} s, {now} of {kept} items kept")
    r.check_told("news after the upgrade", [*pieces, r.news.publish()])


def backup_and_restore(r: Rehearsal) -> None:
    """As docs/operations.md says: dump, secrets, everything gone, back again; a sealed channel still works."""
    dump = r.compose("exec", "-T", "db", "pg_dump", "-U", "oncowire", "-Fc", "oncowire")
    keys = r.secrets("-cf", "-", "app", "db", "broker")
    kept = r.items()
    r.compose("down", "-v")
    r.secrets("-xf", "-", stdin=keys)
    r.compose("up", "-d", "db")
    until(
        lambda: all(_inspect(c, "{{.State.Health.Status}}") == "healthy" for c in r.containers("db")),
        120,
        lambda: "database healthy",
    )
    r.compose("exec", "-T", "db", "pg_restore", "-U", "oncowire", "-d", "oncowire", "--no-owner", stdin=dump)
    r.compose("up", "-d")
    r.until_healthy(240)
    now = r.items()
    r.row("backup, all volumes gone, restore", f"{now} of {kept} items; dump {len(dump) // 1000} kB")
    r.check_told("news after the restore", [r.news.publish()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--standins", action="store_true", help="build stand-ins for the public images first")
    parser.add_argument(
        "--previous", default="", help="commit to upgrade from (default: the one before the newest migration)"
    )
    parser.add_argument(
        "--part", choices=["all", "kills", "upgrade"], default="all", help="only one of the two rehearsals"
    )
    parser.add_argument("--port", type=int, default=18000)
    given = parser.parse_args()
    if given.standins:
        subprocess.run([str(ROOT / "ops/standins/build")], check=True)
    previous = given.previous or _before_newest_migration()
    _image("HEAD", "oncowire:latest")
    _image(previous, "oncowire:previous")
    rows = []
    for part, steps in {
        "kills": [fresh_start, add_feed, alert, scale, rolling_restart, kill_each],
        "upgrade": [lambda r: upgrade(r, previous), backup_and_restore],
    }.items():
        if given.part in {"all", part}:
            rows += _rehearse(f"oncowire-{part}", steps, given.port)
    width = max(len(what) for what, _ in rows)
    sys.stdout.write("".join(f"{what:<{width}}  {result}\n" for what, result in rows))


def _rehearse(name: str, steps: Sequence[Callable[[Rehearsal], None]], port: int) -> list[tuple[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="oncowire-compose-"))
    r = Rehearsal(name, folder, port)
    try:
        with r.surroundings():
            for step in steps:
                step(r)
    except BaseException:
        sys.stderr.write(r.compose("logs", "--tail", "40").decode())
        raise
    finally:
        r.compose("down", "-v", "--remove-orphans")
    shutil.rmtree(folder)
    return r.rows


def until(true: Callable[[], bool], limit_s: float, what: Callable[[], str]) -> float:
    """Seconds until `true()`; ends the run with `what()` when it is not so within `limit_s`."""
    started = time.monotonic()
    while not true():
        if time.monotonic() - started > limit_s:
            raise SystemExit(f"not within {limit_s:.0f} s: {what()}")
        time.sleep(0.5)
    return time.monotonic() - started


def _compose() -> list[str]:
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:  # noqa: S607
        return ["docker", "compose"]
    return ["docker-compose"]


def _network(project: str, network: str) -> str:
    """Make a network as compose would, before compose does, so that its gateway (this machine) is known. Its address."""
    labels = {"com.docker.compose.project": project, "com.docker.compose.network": network}
    flags = [part for pair in labels.items() for part in ("--label", "=".join(pair))]
    _run("docker", "network", "create", *flags, f"{project}_{network}")
    return _run("docker", "network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", f"{project}_{network}")


def _inspect(container: str, template: str) -> str:
    return _run("docker", "inspect", "-f", template, container)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return done.stdout.strip()


def _before_newest_migration() -> str:
    newest = _run("git", "-C", str(ROOT), "log", "-n1", "--format=%H", "--diff-filter=A", "--", "migrations/versions")
    return _run("git", "-C", str(ROOT), "rev-parse", f"{newest}^")


def _image(ref: str, tag: str) -> None:
    """Build the image of a commit, from what is committed and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        tree = subprocess.run(["git", "-C", str(ROOT), "archive", ref], capture_output=True, check=True).stdout  # noqa: S607
        subprocess.run(["tar", "-x", "-C", folder], input=tree, check=True)  # noqa: S607
        subprocess.run(["docker", "build", "-q", "--network", "host", "-t", tag, folder], check=True, stdout=sys.stderr)  # noqa: S607


if __name__ == "__main__":
    main()
