# SPDX-License-Identifier: MIT
"""Settings from the environment (and `./.env`): typed, documented in .env.example, wrong ones refused at start.

Each `ONCOWIRE_X` may instead be given as `ONCOWIRE_X_FILE`, the path of a file that holds the value (Docker secrets).
"""

import os
from functools import lru_cache
from pathlib import Path

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from alerts.errors import InputError

PREFIX = "ONCOWIRE_"
ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
MIGRATIONS = ROOT / "migrations"


class Settings(BaseModel):
    """Everything that can be set. Times carry their unit in the name."""

    model_config = ConfigDict(frozen=True)

    var_dir: Path = Path("var")
    database_url: str = ""  # empty: SQLite under var_dir
    broker_url: str = ""  # empty: the embedded Valkey's unix socket under var_dir
    smtp_url: str = ""  # smtp://user:pass@host:587?tls=starttls ; empty: email channels wait with a clear error
    mail_from: str = "Oncowire <alerts@localhost>"
    base_url: str = ""  # empty: http://127.0.0.1:web_port
    secret_keys: str = ""  # comma-separated Fernet keys; the first encrypts, all decrypt; empty: a key file in var_dir
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8000, ge=0, le=65535)
    starter_feeds: bool = True
    rules_dir: Path | None = None  # YAML rule files applied at start
    log_level: str = "INFO"
    log_format: str = Field(default="console", pattern="^(console|json)$")
    contact: str = ""  # address or page shown in the User-Agent
    ops_channels: tuple[tuple[str, str], ...] = ()  # who is told of troubles: email:…, slack:https://…, teams:https://…
    fetch_allow: frozenset[str] = frozenset()  # exact host:port pairs the guard lets through
    webhook_hosts: frozenset[str] = frozenset()  # more hosts that Slack/Teams channels may post to
    double_opt_in: bool = False  # mail addresses of rule files must confirm too
    webhook_per_second: float = Field(default=1.0, ge=0)  # to one Slack or Teams channel; 0: no limit
    mail_per_second: float = Field(default=0.0, ge=0)  # to the relay; 0: no limit
    send_limit_s: float = Field(default=20.0, gt=0, le=25)  # one send; a sweep takes twice as long at most
    min_interval_s: float = Field(default=300.0, ge=0)
    minute_s: float = Field(default=60.0, gt=0)  # length of a minute of the poll schedule, for rehearsals
    sweep_s: float = Field(default=2.0, gt=0)  # how often the beat sends "look now"
    # How many days what is over is kept (docs/privacy.md). News: grouping looks back for three years.
    keep_news_days: int = Field(default=1200, ge=1100)
    keep_offtopic_days: int = Field(default=400, ge=30)
    keep_payloads_days: int = Field(default=90, ge=7)
    keep_attempts_days: int = Field(default=365, ge=7)
    keep_audit_days: int = Field(default=1095, ge=30)

    @field_validator("fetch_allow", "webhook_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("ops_channels", mode="before")
    @classmethod
    def _channels(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.strip().partition(":")[::2] for part in value.split(",") if part.strip()]
        for kind, target in pairs:
            if kind not in {"email", "slack", "teams"} or not (("@" in target) if kind == "email" else "://" in target):
                raise ValueError("must be email:ADDRESS, slack:URL or teams:URL, by commas")
        return tuple(pairs)

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def database(self) -> str:
        """SQLAlchemy URL; `postgres://` and `postgresql://` mean psycopg 3."""
        url = self.database_url or f"sqlite:///{self.var_dir.absolute() / 'oncowire.db'}"
        for plain in ("postgres://", "postgresql://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def has_database(self) -> bool:
        """Somebody named a database, or the one of embedded mode has been made."""
        return bool(self.database_url) or (self.var_dir / "oncowire.db").is_file()

    @property
    def broker(self) -> str:
        return self.broker_url or f"redis+socket://{self.broker_socket}"

    @property
    def broker_socket(self) -> Path:
        return self.var_dir.absolute() / "broker.sock"

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://127.0.0.1:{self.web_port}").rstrip("/")


def load(environ: dict[str, str] | None = None) -> Settings:
    """Settings from `environ` (default: `./.env` overlaid by the process's environment).

    Raises InputError(bad_setting) that names every wrong variable.
    """
    env = _environ() if environ is None else environ
    given = {name: _value(env, PREFIX + name.upper()) for name in Settings.model_fields}
    try:
        return Settings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as exc:
        lines = [f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in exc.errors()]
        raise InputError("bad_setting", "; ".join(lines)) from None


def _environ() -> dict[str, str]:
    from_file = {key: value for key, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def _value(env: dict[str, str], variable: str) -> str | None:
    """The variable, or the content of the file that VARIABLE_FILE names."""
    path = env.get(variable + "_FILE")
    if not path:
        return env.get(variable)
    if env.get(variable):
        raise InputError("bad_setting", f"{variable} and {variable}_FILE are both set; keep one")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise InputError("bad_setting", f"{variable}_FILE: cannot read {path}: {exc.strerror}") from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return load()
