# SPDX-License-Identifier: MIT
"""Entries of a queue that are no messages cost nothing but themselves."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from kombu import Consumer, Producer, Queue

from worker import broker
from worker.app import app
from worker.steady import SteadyTransport

pytestmark = pytest.mark.enable_socket
NO_MESSAGES = (b"not json", b"{}", b"[]", b"7", b'{"body": "x", "properties": {}}', b"\x80\x04\x95.", b"")


def test_what_is_no_message_is_dropped_and_the_next_one_is_read(tmp_path: Path) -> None:
    """kombu itself passes the decoding error on, and it ends the worker."""
    seen: list[object] = []
    queue = Queue("read", routing_key="read")
    with broker.running(tmp_path) as address, app.connection_for_read(address) as connection:
        assert isinstance(connection.transport, SteadyTransport)
        with redis.Redis(unix_socket_path=address.partition("://")[2]) as client:
            client.lpush("read", *NO_MESSAGES)
        Producer(connection).publish({"look": "now"}, routing_key="read", retry=False)
        with Consumer(connection, queue, callbacks=[lambda body, _message: seen.append(body)], no_ack=True):
            for _ in range(len(NO_MESSAGES) + 2):
                with suppress(socket.timeout):
                    connection.drain_events(timeout=0.3)
    assert seen == [{"look": "now"}]
