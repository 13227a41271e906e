# SPDX-License-Identifier: MIT
"""Commands: stories."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
