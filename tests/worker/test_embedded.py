# SPDX-License-Identifier: MIT
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.config import Settings, load
from alerts.errors import InputError
from worker import broker, embedded
from worker.supervisor import Program

pytestmark = pytest.mark.processes


def up(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `oncowire up` where it must refuse to start."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ONCOWIRE_")}
    env = {**clean, "ONCOWIRE_VAR_DIR": str(folder / "var"), "ONCOWIRE_WEB_PORT": "0", **variables}
    return subprocess.run(
        [sys.executable, "-m", "worker.embedded"],
        env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def programs(settings: Settings) -> list[Program]:
    path = settings.broker_socket
    return embedded._programs(settings, 8000, path, embedded._environment(settings, 8000, path))


@pytest.mark.enable_socket
def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = up(tmp_path, ONCOWIRE_WEB_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.startswith("oncowire: port_in_use: 127.0.0.1 port ")
    assert "ONCOWIRE_WEB_PORT" in done.stderr


def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    var_dir.mkdir()
    with embedded._only_one(var_dir):
        done = up(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("oncowire: already_running:")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    done = up(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("oncowire: var_dir_unusable:")


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = up(tmp_path, ONCOWIRE_MINUTE_S="soon")
    assert done.returncode == 1
    assert "bad_setting" in done.stderr
    assert "ONCOWIRE_MINUTE_S" in done.stderr


def test_a_store_that_cannot_be_made_ready_stops_the_start_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = up(tmp_path, ONCOWIRE_DATABASE_URL="not an address")
    assert done.returncode == 1
    assert "oncowire: not_prepared:" in done.stderr
    assert not (tmp_path / "var" / "broker.sock").exists()


def test_the_embedded_broker_runs_only_where_no_other_is_named(settings: Settings) -> None:
    assert [program.name for program in programs(settings)] == ["broker", "worker", "beat", "web"]
    elsewhere = settings.model_copy(update={"broker_url": "redis://cache.example.org/0"})
    assert [program.name for program in programs(elsewhere)] == ["worker", "beat", "web"]


def test_children_are_told_what_was_decided_here(tmp_path: Path) -> None:
    settings = load({"ONCOWIRE_VAR_DIR": str(tmp_path / "a folder"), "ONCOWIRE_WEB_HOST": "0.0.0.0"})
    env = embedded._environment(settings, 8123, settings.broker_socket)
    assert env["ONCOWIRE_WEB_PORT"] == "8123"
    assert env["ONCOWIRE_BASE_URL"] == "http://127.0.0.1:8123"
    assert env["ONCOWIRE_BROKER_URL"] == broker.url(settings.broker_socket)


@pytest.mark.enable_socket
def test_port_zero_means_a_free_one_and_a_foreign_address_is_refused() -> None:
    assert embedded._port("127.0.0.1", 0) > 0
    with pytest.raises(InputError, match="port_in_use"):
        embedded._port("192.0.2.1", 0)  # TEST-NET-1: no interface of ours
