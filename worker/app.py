# SPDX-License-Identifier: MIT
"""The Celery application. Messages are hints ("look now"); what has to be done stands in rows (see docs/adr/0001).

Each setting that departs from Celery's default has its reason, measured on Celery 5.7 with Valkey.
"""

from typing import Any

from celery import Celery
from celery.signals import setup_logging

from alerts import logs
from alerts.config import settings
from worker.steady import SteadyAMQP

QUEUES = ("poll", "read", "deliver")
TASK_SOFT_LIMIT_S = 90
TASK_HARD_LIMIT_S = 120
HINT_EXPIRES_S = 30


@setup_logging.connect
def _our_logs(**_: Any) -> None:
    """Connecting to this signal keeps Celery from setting up logging of its own."""
    logs.configure(settings())


app = Celery("oncowire", broker=settings().broker, include=["worker.tasks", "worker.health"], amqp=SteadyAMQP)
app.conf.update(
    # Late acknowledgement wedged a worker for good behind a frozen broker; the rows bring lost work back anyway.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    result_backend=None,
    # JSON and ids only: nothing in the broker is a secret, nothing from the broker is executed.
    task_serializer="json",
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Without time-outs a half-open connection was stuck for more than 100 s; with them it recovers in 5–7 s.
    broker_transport_options={
        # Hints need no acknowledgement, and one that met a dead connection left the worker deaf until it was found stale (56 s).
        "ack_emulation": False,
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 3,
    },
    task_default_queue="read",
    task_routes={f"worker.tasks.{queue}": {"queue": queue} for queue in QUEUES},
    task_soft_time_limit=TASK_SOFT_LIMIT_S,
    task_time_limit=TASK_HARD_LIMIT_S,
    worker_max_tasks_per_child=10_000,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    task_publish_retry=False,
    timezone="UTC",
    beat_schedule={
        f"sweep-{queue}": {
            "task": f"worker.tasks.{queue}",
            "schedule": settings().sweep_s,
            "options": {"queue": queue, "expires": HINT_EXPIRES_S},
        }
        for queue in QUEUES
    }
    | {
        "housekeeping": {
            "task": "worker.tasks.housekeeping",
            "schedule": 60.0,
            "options": {"queue": "read", "expires": 60},
        }
    },
)
