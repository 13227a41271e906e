# SPDX-License-Identifier: MIT
"""Commands: facts."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
