# SPDX-License-Identifier: MIT
"""Commands: deliveries."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
