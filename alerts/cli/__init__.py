# SPDX-License-Identifier: MIT
"""The `oncowire` command. One module a group of commands; this one only puts them together.

Exit codes (contract): 0 done, 1 something failed (said on standard error), 2 wrong usage.
A command loads its own module alone: `oncowire classify` needs no store, the list of commands none at all (ADR 0051).
"""

import importlib
import sys
from collections.abc import Iterable
from typing import Any

import typer

from alerts import logs
from alerts.config import settings
from alerts.errors import OncowireError

# Module → its commands with the line that the list of all commands shows; a test compares both with the modules.
GROUPS: dict[str, dict[str, str]] = {
    "run": {
        "up": "Run everything in one command: broker, worker, beat, console. Ctrl-C or SIGTERM ends all of it.",
        "demo": "Show the main job with sample news, a local mailbox and local Slack and Teams receivers. No accounts needed.",
        "worker": "Run a worker for the named queues.",
        "beat": "Run the clock that tells each stage to look for due work.",
        "web": "Run the console.",
        "migrate": "Bring the database to this program's schema.",
        "secrets": "Passwords and keys of an installation.",
    },
    "ops": {
        "doctor": "Check settings, database, broker, mail relay, clock, disk and vocabulary, and say in plain words what to do.",
        "notices": "What ops must know: told once when it starts and once when it is over.",
    },
    "feeds": {
        "poll": "Poll what is due in the foreground, then read, group, match and send what came in.",
        "feeds": "The sources that are polled.",
    },
    "facts": {
        "classify": "Read items (title, summary) into facts: drugs, cancers, event, regulators, trials, claims.",
    },
    "vocab": {"vocab": "The drugs, cancers and bodies that are known by name."},
    "stories": {
        "group": "Group items (in time order) into stories, with the reason for each; nothing is written.",
        "stories": "Stories: dump, show, explain, split, merge, regroup.",
    },
    "rules": {"rules": "Rule files: check them, try them, apply them."},
    "templates": {"templates": "Message templates of a team: YAML files with the parts of a message."},
    "deliveries": {
        "items": "Every stored item with its facts.",
        "deliveries": "Deliveries: what was sent, what was not, and sending it again.",
        "channels": "Channels: what works, what died, switch on again, send a test.",
        "suppressions": "Addresses that are never written to.",
    },
    "users": {"user": "People of the console: accounts and log-in links."},
    "privacy": {
        "prune": "Remove what is older than the settings keep_…_days say. Runs by itself once a day.",
        "subscriber": "What is known about one mail address (GDPR).",
    },
}


READERS = {"facts", "rules", "vocab"}
"""Groups that read with the vocabulary: with what people changed in it too, where there is a database (docs/rules.md)."""


def made(groups: Iterable[str] = GROUPS) -> typer.Typer:
    """The command with these groups."""
    app = _bare()
    for group in groups:
        importlib.import_module(f"alerts.cli.{group}").register(app)
    return app


def listed() -> typer.Typer:
    """The command with a line for each of its commands and nothing behind them: for the list, and for a word that is none."""
    app = _bare()
    for commands in GROUPS.values():
        for name, line in commands.items():
            app.command(name, help=line)(lambda: None)
    return app


def _bare() -> typer.Typer:
    return typer.Typer(
        name="oncowire",
        help="Tells subscribers, once per story, what happened to the drugs and cancers they follow.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=lambda: None,  # keeps a command's name where it is the only one
    )


def __getattr__(name: str) -> Any:
    """`app`: the whole command, made when it is first asked for."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = whole = made()
    return whole


def _take_changes() -> None:
    """A database that is not there costs nothing; one that is away is told of, and the command goes on without."""
    if not settings().has_database:
        return
    try:
        importlib.import_module("alerts.store.vocabulary").take(settings())
    except OncowireError as exc:
        told = f"{exc.code}: {exc.message}; going on without the changes that people made to the vocabulary"
        sys.stderr.write(f"oncowire: {told}\n")


def main() -> None:
    """Entry point: expected errors become one line on standard error and exit code 1."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    group = next((group for group, commands in GROUPS.items() if asked in commands), None)
    try:
        logs.configure(settings())
        if group in READERS and not {"--help"} & set(sys.argv):
            _take_changes()
        (made([group]) if group else listed())()
    except OncowireError as exc:
        sys.stderr.write(f"oncowire: {exc.code}: {exc.message}\n")
        sys.exit(1)
