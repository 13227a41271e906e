# SPDX-License-Identifier: MIT
"""Commands: run."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
