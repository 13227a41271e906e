# SPDX-License-Identifier: MIT
"""Every way out of the service goes through the one gate, and no other module can open one."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.config import ROOT, Settings
from alerts.delivery.mail import Mailer
from alerts.delivery.sender import Sender
from alerts.errors import OncowireError, Permanent
from alerts.facts import concepts
from alerts.model import ChannelKind, Message
from alerts.net import Client, Guard
from alerts.subscriptions import parse

INSIDE = "http://169.254.169.254/latest/meta-data/"
MESSAGE = Message(channel=ChannelKind.SLACK, subject="x", text="x", payload={"text": "x"}, message_id="<1@x>")
# Who may hold what opens connections: the gate itself, the guarded mail client, and code that talks to this machine only.
OPENERS = {
    "socket": {
        "alerts/net/guard.py",
        "alerts/net/connections.py",
        "alerts/pipeline/polling.py",
    },  # the last: its own name
    "smtplib": {"alerts/delivery/mail.py"},
    "http": {"alerts/net/connections.py"},
    "redis": {"alerts/pipeline/doctor.py"},
}
NEVER = {
    "requests",
    "httpx",
    "urllib3",
    "urllib.request",
    "ftplib",
    "telnetlib",
    "aiohttp",
    "pycurl",
    "asyncio.streams",
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_only_the_gate_and_what_goes_through_it_can_open_a_connection() -> None:
    outside = []
    for path in sorted((ROOT / "alerts").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for module in imports(path):
            top = module.partition(".")[0]
            if module in NEVER or top in NEVER or (top in OPENERS and name not in OPENERS[top]):
                outside.append(f"{name} imports {module}")
    assert outside == []


def through_webhook(settings: Settings) -> str:
    sender = Sender(settings)
    outcome = sender.send(ChannelKind.SLACK, {"url": INSIDE}, MESSAGE)
    sender.close()
    return outcome.code


def through_mail(settings: Settings) -> str:
    mail = Mailer(Guard(), "smtp://169.254.169.254:25", "Wire <a@example.org>")
    return mail.send("alice@example.org", MESSAGE.model_copy(update={"channel": ChannelKind.EMAIL})).code


def through_get(settings: Settings) -> str:
    return _refusal(lambda: Client(Guard(), "test").get(INSIDE))


def through_post(settings: Settings) -> str:
    return _refusal(lambda: Client(Guard(), "test").post(INSIDE, b"", {}))


def _refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(OncowireError) as refused:
        call()
    return str(refused.value.code)


@pytest.mark.parametrize("way", [through_get, through_post, through_webhook, through_mail])
def test_no_way_out_leads_to_the_metadata_address(way: Callable[[Settings], str], settings: Settings) -> None:
    assert way(settings).startswith("address_refused_")


@pytest.mark.parametrize(
    "url", [INSIDE, "http://hooks.slack.com.evil.example.org/x", "https://user@hooks.slack.com/x", "file:///etc/passwd"]
)
@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_a_rule_cannot_name_a_webhook_outside_the_listed_hosts(kind: str, url: str) -> None:
    rule = f'name: x\nrule: {{drugs: {{any: [cabozantinib]}}}}\nchannels: [{{{kind}: "{url}"}}]\n'
    parsed = parse(rule, concepts(), frozenset())
    assert parsed.specs == []
    assert parsed.faults


BAD_ADDRESSES = (
    "a@example.org, b@example.org",
    r"a@example.org\nBcc: c@example.org",
    r"a@b\u0000.org",
    "Alice <a@example.org>",
    "a@",
    "@b",
)


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_mail_channel_is_one_plain_address(address: str) -> None:
    rule = f'name: x\nrule: {{drugs: {{any: [cabozantinib]}}}}\nchannels: [{{email: "{address}"}}]\n'
    assert parse(rule, concepts(), frozenset()).specs == []


@pytest.mark.enable_socket
def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    guard = Guard(resolver=lambda host, port: ["10.0.0.1"])
    with pytest.raises(Permanent, match="address_refused_private"):  # a proxy would have looked the name up elsewhere
        Client(guard, "test").get("http://example.org/")
