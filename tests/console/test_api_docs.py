# SPDX-License-Identifier: MIT
"""docs/api.md, run as it stands there: every example against a real server, and what it says of the answer.

By curl where it is installed, and always by tests/console/curl.py, so that no machine leaves the examples out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.config import Settings
from alerts.console.roles import SCOPES
from alerts.facts.lookup import lookup
from alerts.store import accounts
from alerts.store.engine import Store
from tests.browser import site
from tests.console.conftest import People
from tests.console.news import bring_in

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
BASH = shutil.which("bash") or "bash"
DOC = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLE = re.compile(r"```sh\n(.*?)```\n```json\n(.*?)```\n", re.DOTALL)


CLIENTS = [
    "python",
    pytest.param("curl", marks=pytest.mark.skipif(not shutil.which("curl"), reason="no curl; run by python")),
]


@pytest.fixture(params=CLIENTS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A PATH on which `curl` is curl itself, or the one of these tests."""
    if request.param == "curl":
        return os.environ["PATH"]
    script = tmp_path / "bin" / "curl"
    script.parent.mkdir()
    root = Path(__file__).parents[2]
    script.write_text(
        f'#!{BASH}\nPYTHONPATH="{root}" exec "{sys.executable}" -m tests.console.curl "$@"\n', encoding="utf-8"
    )
    script.chmod(0o755)
    return f"{script.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def service(store: Store, store_settings: Settings, people: People, path: str) -> Iterator[dict[str, str]]:
    """What the examples need in their environment."""
    bring_in(store, store_settings)
    lookup()
    with store.write() as session:
        token = accounts.make_token(
            session, people.users["alice"], people.teams["a"], "docs", tuple(SCOPES), datetime.now(UTC), None
        )
    with site(store_settings.var_dir) as address:
        yield {"PATH": path, "ONCOWIRE": address, "TOKEN": token, "no_proxy": "*"}


def holds(said: Any, answer: Any, where: str) -> None:
    """All that the document says stands in the answer; lists are as long as it says."""
    if isinstance(said, dict):
        for key, value in said.items():
            assert key in answer, f"{where}.{key}"
            holds(value, answer[key], f"{where}.{key}")
    elif isinstance(said, list):
        assert len(said) == len(answer), where
        for n, value in enumerate(said):
            holds(value, answer[n], f"{where}[{n}]")
    else:
        assert said == answer, where


def test_every_example_does_what_the_document_says(service: dict[str, str]) -> None:
    text = DOC.read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```sh\n") >= 10
    for command, said in examples:
        done = subprocess.run(
            [BASH, "-euo", "pipefail", "-c", command],
            env=service,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        holds(json.loads(said), json.loads(done.stdout), command.splitlines()[0])
