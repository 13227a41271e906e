# SPDX-License-Identifier: MIT
"""What is done to the service. Each returns when the disturbance is over; what happens then is measured."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import NamedTuple

from tests.chaos import processes
from tests.chaos.service import Composed, Embedded, Service

FULL_BYTES = 4096
FULL_S = 3.0
HANG_UP_S = 1.5
SLOW_S = 4.0
POISON = (b"not json", b"{}", b'{"body": "x", "properties": {}}', b"\x80\x04\x95.", b"")
AWAY_S = 1.5  # a broker or database that was killed stays away for this long


class Fault(NamedTuple):
    """`part`: what it hits; the time until consuming again is judged for the broker."""

    name: str
    part: str  # worker · broker · database · disk · receivers · machine
    act: Callable[[Service, Random], None]


def kill_worker_tree(service: Service, dice: Random) -> None:
    head = dice.choice(service.workers())
    with suppress(ProcessLookupError):
        os.killpg(head, signal.SIGKILL)


def kill_pool_child(service: Service, dice: Random) -> None:
    processes.kill([dice.choice(service.pool_children())])


def kill_beat(service: Service, _dice: Random) -> None:
    processes.kill(processes.below(service.pid, "celery", " beat "))


def power_cut(service: Service, _dice: Random) -> None:
    service.kill()
    service.launch()


def kill_supervisor(service: Service, _dice: Random) -> None:
    """Its companion must end what it left behind, else the next start finds the folder taken."""
    family = processes.family(service.pid)
    processes.kill([service.pid])
    processes.until(lambda: not any(processes.command(pid) for pid in family), 20)
    service.stop()
    service.launch()


def kill_broker(service: Service, _dice: Random) -> None:
    processes.kill([service.broker_pid()])
    time.sleep(AWAY_S)
    service.restart_broker()


def kill_persistent_broker(service: Service, dice: Random) -> None:
    """With an append-only file: hints of before the kill come again."""
    assert isinstance(service, Composed)
    service.persistent = True
    kill_broker(service, dice)


def kill_forgetful_broker(service: Service, dice: Random) -> None:
    assert isinstance(service, Composed)
    service.persistent = False
    kill_broker(service, dice)


def flush_broker(service: Service, _dice: Random) -> None:
    client = service.broker_client()
    client.flushall()
    client.close()


def poison_queues(service: Service, _dice: Random) -> None:
    """Messages that nobody can read: dropped, and the next ones are worked on."""
    client = service.broker_client()
    for queue in ("poll", "read", "deliver"):
        client.lpush(queue, *POISON)
    client.close()


def freeze_broker(service: Service, dice: Random) -> None:
    """Stopped, not dead: connections stay open and nobody answers."""
    pid = service.broker_pid()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(dice.choice([3.0, 7.0]))
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def half_open(service: Service, _dice: Random) -> None:
    """The connections of workers and beat to the broker carry nothing any more, and nobody tells them."""
    assert isinstance(service, Composed)
    service.proxy.cut()


def kill_database(service: Service, _dice: Random) -> None:
    assert isinstance(service, Composed)
    processes.kill(service.postgres())
    time.sleep(AWAY_S)
    service.restart_database()


def full_disk(service: Service, _dice: Random) -> None:
    """No file of the service (SQLite) or of the database (PostgreSQL) can grow for a while."""
    processes.limit_file_size(_writers(service), FULL_BYTES)
    time.sleep(FULL_S)
    for _ in range(2):  # twice: one that was being forked has inherited the limit
        processes.limit_file_size(_writers(service), None)
    if isinstance(service, Composed):
        service.restart_database()


def _writers(service: Service) -> list[int]:
    return service.postgres() if isinstance(service, Composed) else processes.family(service.pid)


def hang_up(service: Service, _dice: Random) -> None:
    """Relay and webhooks take the message and drop the connection: nobody knows whether it arrived."""
    _receivers(service, "hang_up", HANG_UP_S)


def slow_receivers(service: Service, _dice: Random) -> None:
    _receivers(service, "slow", SLOW_S)


def _receivers(service: Service, mode: str, time_s: float) -> None:
    service.receivers.mode = mode
    time.sleep(time_s)
    service.receivers.mode = "normal"


EVERYWHERE = [
    Fault("kill -9 of a worker tree", "worker", kill_worker_tree),
    Fault("kill -9 of everything (power cut)", "machine", power_cut),
    Fault("kill -9 of the supervisor", "machine", kill_supervisor),
    Fault("kill -9 of the beat", "worker", kill_beat),
    Fault("FLUSHALL", "broker", flush_broker),
    Fault("poisoned messages in every queue", "broker", poison_queues),
    Fault("frozen broker (SIGSTOP)", "broker", freeze_broker),
    Fault("disk full", "disk", full_disk),
    Fault("receivers take the message and hang up", "receivers", hang_up),
    Fault("slow receivers", "receivers", slow_receivers),
]
FAULTS: dict[type[Service], list[Fault]] = {
    Embedded: [*EVERYWHERE, Fault("kill -9 of the broker, nothing kept", "broker", kill_broker)],
    Composed: [
        *EVERYWHERE,
        Fault("kill -9 of a pool child", "worker", kill_pool_child),
        Fault("kill -9 of the broker, nothing kept", "broker", kill_forgetful_broker),
        Fault("kill -9 of the broker, append-only file", "broker", kill_persistent_broker),
        Fault("half-open connections to the broker", "broker", half_open),
        Fault("kill -9 of the database", "database", kill_database),
    ],
}


def plan(service: type[Service], count: int, dice: Random) -> list[Fault]:
    """Every kind equally often, in an order of chance."""
    kinds = FAULTS[service]
    drawn = [kinds[number % len(kinds)] for number in range(count)]
    dice.shuffle(drawn)
    return drawn
