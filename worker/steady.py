# SPDX-License-Identifier: MIT
"""Celery's connection to the broker, made steady: back in a second after an outage, unmoved by what is no message."""

from queue import Empty
from typing import Any

import structlog
from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis

log = structlog.get_logger()


class SteadyChannel(redis.Channel):
    """Drops what is no message. In kombu 5.7 the first such entry ends the worker (JSONDecodeError, exit code 1), and five
    in a row made the supervisor wait for 13 s before it started the sixth one."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc] # not in the stubs
        except (ValueError, LookupError, TypeError, AttributeError) as exc:
            log.warning("message_unreadable", error=type(exc).__name__)
            raise Empty from exc


class SteadyTransport(redis.Transport):
    Channel = SteadyChannel


class SteadyConnection(Connection):
    """Looks for a lost broker every second. By default the pause grows by 2 s a try up to 30 s: after an outage of a few
    minutes, work began again half a minute after the broker was back."""

    def _ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super()._ensure_connection(*args, **{**options, "interval_start": 1, "interval_step": 0})

    def get_transport_cls(self) -> Any:
        found = super().get_transport_cls()
        return SteadyTransport if found is redis.Transport else found


class SteadyAMQP(AMQP):
    Connection = SteadyConnection
