# SPDX-License-Identifier: MIT
"""What is known about an address can be shown to its owner and erased, on both databases."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from alerts.config import Settings
from alerts.pipeline import rulefiles
from alerts.store import accounts, privacy
from alerts.store.tables import Channel, Delivery, Suppression, User
from tests.conftest import NOW
from tests.pipeline.newsdesk import Desk
from tests.pipeline.test_retention import approval, sent

ALICE, BOB = "alice@example.org", "bob@example.org"
RULES = f"""
- name: Alice and Bob follow everything
  rule: {{indications: {{any: [cancer]}}}}
  channels: [{{email: {ALICE}}}, {{email: {BOB}}}]
"""


@pytest.fixture
def desk(store_settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(store_settings)
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    rulefiles.apply(made.store, rules, "default", frozenset())
    with made.store.write() as session:
        user = accounts.create_user(session, ALICE, "Alice", NOW)
        accounts.set_role(session, user.id or 0, 1, "editor")
        accounts.open_session(session, user.id or 0, NOW)
        accounts.audit(session, ALICE, "rule_saved", f"subscription of {ALICE}", NOW, detail={"to": ALICE})
        accounts.audit(session, BOB, "rule_saved", "subscription 1", NOW)
    yield made
    made.pipeline.close()


def everything(desk: Desk) -> str:
    """All rows of all tables as one text."""
    with desk.store.read() as session:
        bind = session.get_bind()
        names = Channel.metadata.tables
        found = [str(session.execute(text(f'select * from "{name}"')).all()) for name in names]  # noqa: S608 - our own
        assert bind is not None
    return "\n".join(found)


def erase(desk: Desk, address: str) -> dict[str, int]:
    with desk.store.write() as session:
        return privacy.erase(desk.store, session, address, NOW)


def test_an_export_holds_what_was_sent_and_what_the_person_did(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    sent(desk, "Dear reader")
    with desk.store.read() as session:
        found = privacy.export(desk.store, session, ALICE)
    assert found["channels"][0]["destination"] == {"address": ALICE}
    assert [s["name"] for s in found["subscriptions"]] == ["Alice and Bob follow everything"]
    assert [(d["message"], len(d["attempts"])) for d in found["deliveries"]] == [({"text": "Dear reader"}, 1)]
    assert found["account"]["teams"][0]["role"] == "editor"
    assert [entry["actor"] for entry in found["audit"]] == ["file rules.yaml", ALICE]  # who added her, and what she did
    told = json.dumps(found, default=str)
    assert BOB not in told
    assert "password" not in told
    assert "token_sha256" not in told


def test_nothing_readable_is_left_of_an_erased_address_and_nothing_of_others_is_touched(desk: Desk) -> None:
    approval(desk, "pembrolizumab")
    sent(desk)
    approval(desk, "nivolumab", days=1)  # waits to be sent
    assert erase(desk, ALICE.upper())["deliveries"] == 2
    assert ALICE not in everything(desk).lower()
    with desk.store.read() as session:
        assert privacy.export(desk.store, session, ALICE)["account"] is None
        assert [d.channel_id for d in session.exec(select(Delivery))] == [
            c.id for c in session.exec(select(Channel)) for _ in range(2)
        ]
        assert session.exec(select(User)).one().active is False


def test_an_erased_address_is_never_written_to_again(desk: Desk, tmp_path: Path) -> None:
    erase(desk, ALICE)
    rulefiles.apply(desk.store, tmp_path / "rules.yaml", "default", frozenset())
    approval(desk, "pembrolizumab")
    desk.now += timedelta(minutes=1)
    with desk.store.read() as session:
        (kept,) = session.exec(select(Suppression))
    assert kept.fingerprint == privacy.fingerprint(desk.store, ALICE)
    assert ALICE not in kept.hint
    desk.pipeline.deliver_due()
    with desk.store.read() as session:
        states = select(Delivery.state, Delivery.state_reason).join(
            Channel, col(Channel.id) == col(Delivery.channel_id)
        )
        alice = session.exec(states.where(col(Channel.fingerprint) == kept.fingerprint)).all()
    assert {tuple(row) for row in alice} <= {("suppressed", "channel_suppressed")}


def test_erasing_somebody_unknown_only_notes_not_to_write_to_them(desk: Desk) -> None:
    assert erase(desk, "charlie@example.org") == {"deliveries": 0, "channels": 0, "account": 0}
    with desk.store.read() as session:
        assert len(session.exec(select(Channel)).all()) == 2
