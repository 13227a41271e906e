# SPDX-License-Identifier: MIT
"""Secrets at rest: MultiFernet (first key encrypts, all decrypt) and keyed fingerprints of destinations."""

import hashlib
import hmac
import json
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from alerts.config import Settings
from alerts.errors import InputError

KEY_FILE = "secret.keys"
NO_KEY = "no key in ONCOWIRE_SECRET_KEYS opens this secret; keep old keys in the list"


class SecretBox:
    """Encrypts small JSON objects. The key never leaves this class."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._box = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise InputError(
                "bad_secret_keys", "ONCOWIRE_SECRET_KEYS must hold Fernet keys (32 bytes, url-safe base64), by commas"
            ) from None
        # The last key is the oldest: fingerprints stay the same while newer keys are put in front of it.
        self._pepper = hashlib.sha256(b"oncowire fingerprint " + keys[-1].encode()).digest()

    @classmethod
    def of(cls, settings: Settings) -> "SecretBox":
        """From ONCOWIRE_SECRET_KEYS, else from a key file in the var folder that is made on first use."""
        given = [key.strip() for key in settings.secret_keys.split(",") if key.strip()]
        return cls(given or _key_file(settings.var_dir / KEY_FILE))

    def seal(self, value: dict[str, str]) -> str:
        return self._box.encrypt(json.dumps(value, sort_keys=True).encode()).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """Raises InputError(secret_unreadable) when no key fits."""
        try:
            value: dict[str, str] = json.loads(self._box.decrypt(sealed.encode()))
        except InvalidToken:
            raise InputError("secret_unreadable", NO_KEY) from None
        return value

    def rotate(self, sealed: str) -> str:
        """The same secret under the first key. Raises InputError(secret_unreadable) when no key fits."""
        try:
            return self._box.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise InputError("secret_unreadable", NO_KEY) from None

    def fingerprint(self, value: dict[str, str]) -> str:
        """Keyed hash: equal for equal destinations, tells nothing about them."""
        return hmac.new(self._pepper, json.dumps(value, sort_keys=True).lower().encode(), "sha256").hexdigest()

    def signing_key(self, purpose: str) -> bytes:
        """A key for signed links or sessions, different for each purpose."""
        return hmac.new(self._pepper, purpose.encode(), "sha256").digest()


def _key_file(path: Path) -> list[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").split()
    with os.fdopen(handle, "w") as file:
        file.write(Fernet.generate_key().decode() + "\n")
    return path.read_text(encoding="ascii").split()
