# SPDX-License-Identifier: MIT
"""`make fresh-test`: the README on an empty machine, `make demo` (once) and `make test` in a Debian with Python, git, make.

Needs a Docker engine (DOCKER_HOST). `--image` is what counts as empty (default debian:bookworm); `--skip-tests`: demo only.
The container gets a clean clone of what is committed and nothing else of this machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CA = "/proxy-ca.pem"
PACKAGES = "python3 python3-venv git make ca-certificates"
# The tests of processes and PostgreSQL do not want to be root: a person does not work as root either.
SCRIPT = """\
set -eu
if command -v apt-get >/dev/null && ! {{ command -v python3 && command -v git && command -v make; }} >/dev/null; then
    apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends {packages} >/dev/null
fi
useradd --create-home person
git clone -q /project.git /home/person/oncowire
chown -R person /home/person/oncowire
cd /home/person/oncowire
su person -c 'make setup'
su person -c '.venv/bin/oncowire demo --once --json'
{tests}
"""


def main() -> int:
    given = _arguments()
    tests = ":" if given.skip_tests else "su person -c 'make test'"
    with tempfile.TemporaryDirectory(prefix="oncowire-fresh-") as folder:
        bare = Path(folder) / "project.git"
        subprocess.run(["git", "clone", "-q", "--bare", str(ROOT), str(bare)], check=True)  # noqa: S607
        began = time.monotonic()
        # The clone goes in as a stream, so that the engine may live on another machine.
        made = _docker("create", "--network", given.network, *_passed_on(given.ca), given.image, "sh", "-c",
                       SCRIPT.format(packages=PACKAGES, tests=tests), output=True)  # fmt: skip
        container = made.stdout.decode().strip()
        try:
            _docker("cp", str(bare), f"{container}:/project.git")
            if given.ca:
                _docker("cp", "--follow-link", given.ca, f"{container}:{CA}")
            code = _docker("start", "--attach", container, check=False).returncode
        finally:
            _docker("rm", "-f", container, output=True)
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(f"{'passed' if code == 0 else 'FAILED'} on {given.image} in {minutes:.1f} minutes\n")
    return code


def _docker(*args: str, check: bool = True, output: bool = False) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["docker", *args], check=check, stdout=subprocess.PIPE if output else None)  # noqa: S607


def _passed_on(ca: str) -> list[str]:
    """Proxies and package indexes that this machine needs, by name: their values stay out of every file."""
    names = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
    passed = [part for name in names if name in os.environ for part in ("--env", name)]
    return [*passed, "--env", f"PIP_CERT={CA}"] if ca else passed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fresh-test", description=__doc__)
    parser.add_argument("--image", default="debian:bookworm")
    parser.add_argument("--network", default="bridge", help="host, where only this machine's network leads out")
    parser.add_argument("--ca", default="", help="certificates that pip needs behind this machine's proxy (PEM)")
    parser.add_argument("--skip-tests", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
