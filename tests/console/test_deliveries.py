# SPDX-License-Identifier: MIT
"""The page of a delivery shows what went over the wire: compared with what a real mailbox, Slack and Teams receiver got."""

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI

from alerts.config import Settings
from alerts.pipeline import Pipeline
from alerts.store.engine import Store
from tests.console.conftest import Browser
from tests.console.news import bring_in
from worker.demo.receivers import Mailbox, Outbox, Webhooks

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.enable_socket]
As = Callable[[str], Browser]
READER = "reader@example.org"
SLACK = "/services/T0SAMPLE/B0SAMPLE/oncology"
TEAMS = "/workflows/oncology/triggers/manual/paths/invoke?api-version=2016-06-01&sig=sample"


class Sent(NamedTuple):
    bob: Browser
    outbox: Path

    def got(self, kind: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.outbox / kind).iterdir())]

    def pages(self, kind: str) -> list[str]:
        """Of every delivery to this kind of channel, in the order in which they were made."""
        listed = self.bob.get("/deliveries?sort=updated").text
        ids = sorted({int(n) for n in re.findall(r'href="/deliveries/(\d+)"', listed)})
        found = [self.bob.get(f"/deliveries/{n}").text for n in ids]
        return [page for page in found if f"({kind}, " in page]


@pytest.fixture
def sent(app: FastAPI, as_: As, store: Store, store_settings: Settings, tmp_path: Path) -> Iterator[Sent]:
    """Bob's rule told a story to a mailbox, a Slack and a Teams channel, over real sockets."""
    outbox = Outbox(tmp_path / "outbox")
    mailbox, webhooks = Mailbox(outbox), Webhooks(outbox)
    opened = frozenset({mailbox.host, webhooks.host})
    settings = store_settings.model_copy(
        update={"smtp_url": f"smtp://{mailbox.host}", "fetch_allow": opened, "webhook_hosts": opened}
    )
    app.state.settings = settings
    bob = as_("bob")
    for kind, value in (
        ("email", READER), ("slack", f"http://{webhooks.host}{SLACK}"), ("teams", f"http://{webhooks.host}{TEAMS}")
    ):  # fmt: skip
        answer = bob.post("/channels/add", {"kind": kind, "value": value, "label": kind})
        assert answer.status_code == 303, answer.text
    rule = {
        "chip": ["drugs.any=drug:cabozantinib", "regulators.any=org:EC"],
        "name": "Cabozantinib",
        "channel": ["1", "2", "3"],
    }
    assert bob.post("/rules/save", {**rule, "state": "active"}).status_code == 303
    bring_in(store, settings)
    pipeline = Pipeline(settings)
    while pipeline.deliver_due().handled:
        continue
    pipeline.close()
    yield Sent(bob, outbox.folder)
    mailbox.close()
    webhooks.close()


def payload(page: str) -> str:
    found = re.search(r'<pre class="message" id="payload"[^>]*>(.*?)</pre>', page, re.S)
    assert found
    return html.unescape(found[1])


def test_the_page_of_a_mail_shows_every_byte_that_the_mailbox_got(sent: Sent) -> None:
    (page,), (mail,) = sent.pages("email"), sent.got("email")
    assert "The message as it was sent" in page
    assert payload(page).encode().replace(b"\n", b"\r\n").strip() == mail.strip()
    assert "List-Unsubscribe: <http" in payload(page)
    drawn = sent.bob.get(re.findall(r'href="(/deliveries/\d+/mail)"', page)[0])
    assert "sandbox" in drawn.headers["content-security-policy"]
    assert "cabozantinib" in drawn.text


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_the_page_of_a_posted_message_shows_the_json_that_the_receiver_got(sent: Sent, kind: str) -> None:
    (page,), (posted,) = sent.pages(kind), sent.got(kind)
    assert json.loads(payload(page)) == json.loads(posted)
    assert "sig=sample" not in page, "the address of a webhook is a secret"
    assert "B0SAMPLE" not in page


def test_the_mail_is_not_drawn_for_another_team(sent: Sent, as_: As) -> None:
    assert as_("charlie").get("/deliveries/1/mail").status_code == 404
