# SPDX-License-Identifier: MIT
"""Passwords: argon2id, and a throttle that decides purely from counts.

Parameters are argon2-cffi's defaults (RFC 9106, low-memory profile: 64 MiB, 3 passes).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from alerts.errors import InputError

MIN_CHARS, MAX_CHARS = 12, 200
WINDOW_S = 15 * 60.0
# Failures within the window after which one has to wait: per account from one address, per address, per account. The last
# is high, so that a stranger cannot lock somebody out by failing in their name.
LIMITS = {"pair": 5, "address": 30, "account": 100}

_hasher = PasswordHasher()


def checked(password: str, email: str) -> str:
    """The password if it may be used. Raises InputError(weak_password) with what to do."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise InputError(
            "weak_password", f"A password has {MIN_CHARS} to {MAX_CHARS} characters; a few words are best."
        )
    if len(set(password)) < 5 or email.partition("@")[0].lower() in password.lower():
        raise InputError(
            "weak_password", "That is too easy to guess. A few words that do not belong together are best."
        )
    return password


def hashed(password: str) -> str:
    return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def verify(password_hash: str | None, password: str) -> bool:
    """Is it the password? Takes as long for somebody unknown (None) as for somebody known."""
    try:
        matches = _hasher.verify(password_hash or _nobody(), password[:MAX_CHARS])
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


class Wait(NamedTuple):
    """Too many failures: log-in is possible again after `seconds`."""

    seconds: float
    reason: str  # pair · address · account


def throttle(counted: Mapping[str, tuple[int, datetime]], keys: Mapping[str, str], now: datetime) -> Wait | None:
    """Must this log-in wait? `counted`: failures and start of the window by key; `keys`: key of each limit."""
    waits = [
        Wait((since + timedelta(seconds=WINDOW_S) - now).total_seconds(), reason)
        for reason, key in keys.items()
        for count, since in [counted.get(key, (0, now))]
        if count >= LIMITS[reason]
    ]
    return max((w for w in waits if w.seconds > 0), default=None)
