# SPDX-License-Identifier: MIT
"""`oncowire demo` as an outside check runs it: real processes from the feed to the three channels."""

import email
import email.policy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.demo import news

pytestmark = [pytest.mark.processes, pytest.mark.redis, pytest.mark.enable_socket, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `demo --once --json` printed; it is run once for all tests here."""
    home = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "worker.demo", "--once", "--json"],
        env=os.environ | {"TMPDIR": str(home), "ONCOWIRE_DATABASE_URL": "sqlite:////nobody/may/use/this.db"},
        cwd=home, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout)
    shutil.rmtree(home, ignore_errors=True)


def test_it_tells_everybody_what_the_newsroom_file_says(shown: dict[str, Any]) -> None:
    newsroom = news.load()
    expected = newsroom.expected(news.channels_of_rules(), max(newsroom.waves))
    assert sum(shown["deliveries"].values()) == len(expected)
    assert shown["items"] == len(newsroom.items)
    assert shown["alerts"] == len({(one.subscription, one.story) for one in expected})
    assert len(newsroom.stories) <= shown["stories"] <= shown["items"]


def test_the_outbox_holds_what_each_receiver_got(shown: dict[str, Any]) -> None:
    outbox = Path(shown["outbox"])
    mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in outbox.glob("email/*.eml")]
    slack = [json.loads(path.read_bytes()) for path in outbox.glob("slack/*.json")]
    cards = [json.loads(path.read_bytes()) for path in outbox.glob("teams/*.json")]
    assert {"email": len(mails), "slack": len(slack), "teams": len(cards)} == shown["deliveries"]
    assert all(mail.get_body(("plain",)) and mail.get_body(("html",)) for mail in mails)
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)
    assert all(message["text"] for message in slack)
    assert all(card["attachments"] for card in cards)


def test_nobody_is_told_of_the_comparator_or_of_off_topic_news(shown: dict[str, Any]) -> None:
    titles = {item.id: item.title for item in news.load().items}
    received = "".join(p.read_text(errors="replace") for p in Path(shown["outbox"]).rglob("*") if p.is_file())
    assert "Sunitinib results" not in received
    assert not [item for item in news.load().quiet if titles[item] in received]
