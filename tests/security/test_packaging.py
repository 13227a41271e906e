# SPDX-License-Identifier: MIT
"""What is shipped: containers that can do little, pages without inline code, dependencies that are pinned."""

import re
from typing import Any

import pytest
import yaml

from alerts.config import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = ("web", "beat", "worker-poll", "worker-read", "worker-deliver", "migrate", "secrets")


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_read_only_and_without_capabilities(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")


def test_only_the_console_publishes_a_port_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert list(published) == ["web"]
    assert "127.0.0.1" in published["web"][0]


def test_database_and_broker_have_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("db", "broker"):
        assert COMPOSE["services"][name]["networks"] == ["inside"]


def test_the_broker_wants_a_password() -> None:
    assert "requirepass" in (ROOT / "alerts" / "cli" / "run.py").read_text(encoding="utf-8")


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)
    assert users[-1] not in {"root", "0"}


@pytest.mark.parametrize("name", ["main", "dev"])
def test_every_dependency_is_pinned_with_its_hash_and_no_index_is_named(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=[a-z0-9])", "\n" + text) if "==" in block]
    assert len(blocks) > 40
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"--(extra-)?index-url|https?://", text)


def test_no_page_holds_inline_script_or_style() -> None:
    found = []
    for path in (ROOT / "templates" / "console").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        inline = r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=[\"']|javascript:|\|\s*safe\b"
        found += [f"{path.name}: {hit}" for hit in re.findall(inline, text)]
    assert found == []
