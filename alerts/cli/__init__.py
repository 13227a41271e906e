# SPDX-License-Identifier: MIT
"""The `oncowire` command. One module a group of commands; this one only puts them together.

Exit codes (contract): 0 done, 1 something failed (said on standard error), 2 wrong usage.
"""

import importlib
import sys

import typer

from alerts import logs
from alerts.config import settings
from alerts.errors import OncowireError

GROUPS = ("facts", "vocab", "stories", "rules", "feeds", "deliveries", "templates", "users", "ops", "privacy", "run")

app = typer.Typer(
    name="oncowire",
    help="Tells subscribers, once per story, what happened to the drugs and cancers they follow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for _group in GROUPS:
    importlib.import_module(f"alerts.cli.{_group}").register(app)


def main() -> None:
    """Entry point: expected errors become one line on standard error and exit code 1."""
    try:
        logs.configure(settings())
        app()
    except OncowireError as exc:
        sys.stderr.write(f"oncowire: {exc.code}: {exc.message}\n")
        sys.exit(1)
