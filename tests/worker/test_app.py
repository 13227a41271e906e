# SPDX-License-Identifier: MIT
"""The Celery application: what was set on purpose."""

import pytest
from kombu.exceptions import OperationalError

from worker.app import app


def test_a_lost_broker_is_looked_for_every_second_however_long_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _s: None)
    with app.connection_for_read("redis+socket:///nowhere/broker.sock") as connection, pytest.raises(OperationalError):
        connection.ensure_connection(lambda _exc, interval: waits.append(interval), 30)
    assert len(waits) == 30
    assert set(waits) == {1}
