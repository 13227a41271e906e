# SPDX-License-Identifier: MIT
"""What lies in the store tells no secret, and keys can be changed."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlmodel import select
from typer.testing import CliRunner

from alerts.config import Settings
from alerts.errors import InputError
from alerts.pipeline import rulefiles
from alerts.store import channels
from alerts.store.engine import Store
from alerts.store.tables import Channel

WEBHOOK = "https://hooks.slack.com/services/T00000000/B00000000/verysecretpath"
RULE = f"name: x\nrule: {{drugs: {{any: [cabozantinib]}}}}\nchannels: [{{slack: '{WEBHOOK}'}}]\n"


def with_keys(settings: Settings, *keys: str) -> Store:
    return Store(settings.model_copy(update={"secret_keys": ",".join(keys)}))


def apply(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULE)
    rulefiles.apply(store, file, "default", frozenset())


def test_a_webhook_address_is_nowhere_readable_in_the_store(store: Store, tmp_path: Path) -> None:
    apply(store, tmp_path)
    with store.read() as session:
        names = list(Channel.metadata.tables)
        rows = "".join(str(session.execute(text(f'select * from "{name}"')).all()) for name in names)  # noqa: S608 - our own
        channel = session.exec(select(Channel)).one()
    assert "verysecretpath" not in rows
    assert store.secrets.open(channel.config_encrypted)["url"] == WEBHOOK


def test_a_new_first_key_takes_over_and_an_old_one_can_go(store_settings: Settings, tmp_path: Path) -> None:
    oldest, old, new = (Fernet.generate_key().decode() for _ in range(3))
    first = with_keys(store_settings, old, oldest)
    apply(first, tmp_path)
    second = with_keys(store_settings, new, old, oldest)
    with second.write() as session:
        assert channels.rotate(second, session) == 1
    third = with_keys(store_settings, new, oldest)
    apply(third, tmp_path)  # the keyed hash is that of the last key: the same channel is found again
    with third.read() as session:
        channel = session.exec(select(Channel)).one()
    assert third.secrets.open(channel.config_encrypted)["url"] == WEBHOOK
    for made in (first, second, third):
        made.close()


def test_without_its_key_a_secret_is_a_clear_error_and_nothing_is_changed(
    store_settings: Settings, tmp_path: Path
) -> None:
    right = with_keys(store_settings, Fernet.generate_key().decode())
    apply(right, tmp_path)
    wrong = with_keys(store_settings, Fernet.generate_key().decode())
    with pytest.raises(InputError, match="secret_unreadable"), wrong.write() as session:
        channels.rotate(wrong, session)
    with right.read() as session:
        assert right.secrets.open(session.exec(select(Channel)).one().config_encrypted)["url"] == WEBHOOK
    right.close()
    wrong.close()


def test_the_key_file_is_for_its_owner_only(settings: Settings) -> None:
    Store(settings).close()
    assert (settings.var_dir / "secret.keys").stat().st_mode & 0o077 == 0


def test_the_help_says_how_to_rotate() -> None:
    from alerts.cli import app

    assert "rotate" in CliRunner().invoke(app, ["secrets", "--help"]).output
