# SPDX-License-Identifier: MIT
"""A worker answers for the sweeps of its own queues and for no others."""

import pytest

from worker import health
from worker.app import app


@pytest.mark.parametrize("queue", ["poll", "read", "deliver"])
def test_a_worker_watches_only_the_queues_it_listens_to(queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_queues", [])
    app.amqp.queues.select([queue])
    health._remember_queues(instance=type("Worker", (), {"app": app}))
    assert health._queues == [queue]
