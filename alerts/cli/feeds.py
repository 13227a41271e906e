# SPDX-License-Identifier: MIT
"""Commands: feeds."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
