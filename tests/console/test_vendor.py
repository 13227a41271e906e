# SPDX-License-Identifier: MIT
"""What others wrote is in the project exactly as they published it, with its licence."""

import hashlib
from pathlib import Path

import alerts.console

VENDOR = Path(alerts.console.__file__).parent / "static" / "vendor"


def test_vendored_files_are_those_whose_sums_are_written_down() -> None:
    listed = {}
    for line in (VENDOR / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    found = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.glob("*/*")
    }
    assert found == listed


def test_each_vendored_library_carries_its_version_and_licence() -> None:
    for folder in VENDOR.iterdir():
        if folder.is_dir():
            assert "@" in folder.name
            assert list(folder.glob("LICENSE*"))
