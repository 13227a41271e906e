# SPDX-License-Identifier: MIT
"""The `oncowire` command. One module a group of commands; this one only puts them together.

Exit codes (contract): 0 done, 1 something failed (said on standard error), 2 wrong usage.
A command loads its own module alone: `oncowire classify` needs no store (ADR 0051).
"""

import importlib
import sys
from collections.abc import Iterable
from typing import Any

import typer

from alerts import logs
from alerts.config import settings
from alerts.errors import OncowireError

GROUPS = {
    "facts": ("classify",),
    "vocab": ("vocab",),
    "stories": ("group", "stories"),
    "rules": ("rules",),
    "feeds": ("poll", "feeds"),
    "deliveries": ("items", "deliveries", "channels", "suppressions"),
    "templates": ("templates",),
    "users": ("user",),
    "ops": ("doctor", "notices"),
    "privacy": ("prune", "subscriber"),
    "run": ("up", "demo", "worker", "beat", "web", "migrate", "secrets"),
}


def made(groups: Iterable[str] = GROUPS) -> typer.Typer:
    """The command with these groups."""
    app = typer.Typer(
        name="oncowire",
        help="Tells subscribers, once per story, what happened to the drugs and cancers they follow.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=lambda: None,  # keeps a command's name where it is the only one
    )
    for group in groups:
        importlib.import_module(f"alerts.cli.{group}").register(app)
    return app


def __getattr__(name: str) -> Any:
    """`app`: the whole command, made when it is first asked for."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = whole = made()
    return whole


def main() -> None:
    """Entry point: expected errors become one line on standard error and exit code 1."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    groups = [group for group, commands in GROUPS.items() if asked in commands] or GROUPS
    try:
        logs.configure(settings())
        made(groups)()
    except OncowireError as exc:
        sys.stderr.write(f"oncowire: {exc.code}: {exc.message}\n")
        sys.exit(1)
