# SPDX-License-Identifier: MIT
"""Commands: rules."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
