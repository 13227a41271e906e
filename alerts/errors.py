# SPDX-License-Identifier: MIT
"""Every error that crosses a module border. One tree, each leaf with a stable code.

OncowireError(code, message)
├── InputError        somebody's input is wrong: an address, a rule, a line, a setting
├── Transient         the same thing may work later (`retry_after_s` if the other side said when)
└── Permanent         trying again cannot help (`scope`: the endpoint is dead, or only this message is)

Codes are lower_snake_case, are part of the interface (command line, API, metrics, rows), and never change meaning.
"""

from typing import Literal


class OncowireError(Exception):
    """Root of all expected errors. `code` is stable for machines, `message` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class InputError(OncowireError):
    """What a person or a file gave us cannot be used; nothing was changed because of it."""


class Transient(OncowireError):
    """May work later. `retry_after_s` is the wait in seconds that the other side asked for, if it did."""

    def __init__(self, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


class Permanent(OncowireError):
    """Will not work however often it is tried. `scope` tells what is beyond help."""

    def __init__(self, code: str, message: str, scope: Literal["endpoint", "message"] = "endpoint") -> None:
        super().__init__(code, message)
        self.scope = scope
