# SPDX-License-Identifier: MIT
"""`oncowire doctor`: every part that a running installation needs, looked at from outside, with what to do in plain words."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

import redis
from sqlalchemy.exc import SQLAlchemyError

from alerts.config import Settings
from alerts.delivery import Sender
from alerts.errors import OncowireError
from alerts.facts import concepts
from alerts.model import OutcomeKind, Value
from alerts.store import ops, vitals
from alerts.store.engine import Store
from alerts.store.migrate import require_current
from alerts.store.secrets import SecretBox
from alerts.watch.troubles import DISK_BYTES, SKEW_S

SIGN_S = 180.0


class Check(Value):
    """One thing that was looked at. `bad`: it does not work; `warn`: it works, but somebody should look."""

    name: str
    verdict: Literal["good", "warn", "bad"]
    text: str
    advice: str = ""


def examine(settings: Settings, now: datetime) -> list[Check]:
    """All checks in the order in which to mend them. Never raises: what cannot be looked at is a finding."""
    looks: tuple[Callable[[Settings, datetime], Iterator[Check]], ...] = (
        _settings, _keys, _database, _broker, _relay, _disk, _vocabulary, _work,
    )  # fmt: skip
    found: list[Check] = []
    for look in looks:
        try:
            found += look(settings, now)
        except (OncowireError, SQLAlchemyError, redis.RedisError, OSError) as exc:
            text = exc.message if isinstance(exc, OncowireError) else f"{type(exc).__name__}: {exc}".splitlines()[0]
            found.append(
                Check(name=look.__name__.strip("_"), verdict="bad", text=text, advice=_ADVICE.get(look.__name__, ""))
            )
    return found


_ADVICE = {
    "_keys": "put the keys of this installation into ONCOWIRE_SECRET_KEYS (or restore the key file from your backup)",
    "_database": "check ONCOWIRE_DATABASE_URL and that the server runs; `oncowire migrate` brings the schema up to date",
    "_broker": "check ONCOWIRE_BROKER_URL and that Valkey or Redis runs; nothing is lost meanwhile, news only waits",
    "_relay": "check ONCOWIRE_SMTP_URL; a relay on a private address must be in ONCOWIRE_FETCH_ALLOW as host:port",
    "_vocabulary": "`oncowire vocab check` says which line is wrong",
    "_work": "look at the log of the workers",
}


def _settings(settings: Settings, _now: datetime) -> Iterator[Check]:
    yield Check(name="settings", verdict="good", text="every ONCOWIRE_ variable can be read")
    hints = {
        "mail sender": (
            "@localhost" in settings.mail_from,
            "ONCOWIRE_MAIL_FROM is not set: relays refuse mail from localhost",
        ),
        "base URL": (not settings.base_url, "ONCOWIRE_BASE_URL is not set: links in alerts lead to this machine only"),
        "contact": (
            not settings.contact,
            "ONCOWIRE_CONTACT is not set: publishers cannot reach you and may block the poller",
        ),
        "ops channel": (not settings.ops_channels, "ONCOWIRE_OPS_CHANNELS is not set: troubles stand in the log only"),
    }
    for name, (missing, advice) in hints.items():
        if missing:
            yield Check(name=name, verdict="warn", text="not set", advice=advice)


def _keys(settings: Settings, _now: datetime) -> Iterator[Check]:
    SecretBox.of(settings)
    yield Check(name="secret keys", verdict="good", text="can be read")


def _database(settings: Settings, now: datetime) -> Iterator[Check]:
    require_current(settings)
    store = Store(settings)
    try:
        with store.read() as session:
            skew_s = (vitals.database_clock(session) - now).total_seconds()
    finally:
        store.close()
    yield Check(
        name="database", verdict="good", text=f"answers, with the schema of this program ({store.engine.dialect.name})"
    )
    far = abs(skew_s) > SKEW_S
    yield Check(
        name="clock",
        verdict="bad" if far else "good",
        text=f"{skew_s:+.1f} s between database and program",
        advice="set up time synchronisation (NTP) on both machines" if far else "",
    )


def _broker(settings: Settings, _now: datetime) -> Iterator[Check]:
    url = settings.broker.replace("redis+socket://", "unix://", 1)
    client = redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3)
    try:
        client.ping()
    finally:
        client.close()
    yield Check(name="broker", verdict="good", text="answers")


def _relay(settings: Settings, _now: datetime) -> Iterator[Check]:
    if not settings.smtp_url:
        advice = "set ONCOWIRE_SMTP_URL to your relay; until then mail waits"
        yield Check(name="mail relay", verdict="warn", text="none is set", advice=advice)
        return
    sender = Sender(settings)
    try:
        outcome = sender.greet_relay()
    finally:
        sender.close()
    good = outcome.kind is OutcomeKind.OK
    yield Check(
        name="mail relay",
        verdict="good" if good else "bad",
        text="greets and lets us in" if good else f"{outcome.code}: {outcome.detail}",
        advice="" if good else _ADVICE["_relay"],
    )


def _disk(settings: Settings, _now: datetime) -> Iterator[Check]:
    usage = shutil.disk_usage(settings.var_dir if settings.var_dir.exists() else ".")
    full = usage.free < DISK_BYTES
    yield Check(
        name="disk",
        verdict="bad" if full else "good",
        text=f"{usage.free // 1_000_000:,} MB free",
        advice="make room, or `oncowire prune`" if full else "",
    )


def _vocabulary(_settings: Settings, _now: datetime) -> Iterator[Check]:
    known = concepts().resolve("drug", "pembrolizumab")
    yield Check(
        name="vocabulary", verdict="good" if known else "bad", text="loaded" if known else "does not know pembrolizumab"
    )


def _work(settings: Settings, now: datetime) -> Iterator[Check]:
    store = Store(settings)
    try:
        with store.read() as session:
            backlogs = vitals.backlogs(session, now)
            signs = ops.signs(session, ("housekeeping",))
            open_now = ops.open_notices(session)
    finally:
        store.close()
    age_s = (now - signs["housekeeping"]).total_seconds() if "housekeeping" in signs else None
    if age_s is None or age_s > SIGN_S:
        text = "no sweep was ever completed" if age_s is None else f"last sign of life {age_s / 60:.0f} min ago"
        yield Check(
            name="workers", verdict="bad", text=text, advice="start the service (`make run`, `docker compose up -d`)"
        )
    else:
        yield Check(name="workers", verdict="good", text=f"last sign of life {age_s:.0f} s ago")
    waiting = ", ".join(f"{name} {due}" for name, (due, _) in backlogs.items() if due) or "none"
    yield Check(name="due work", verdict="good", text=waiting)
    for row in open_now:
        yield Check(name="notice", verdict="warn", text=row.text)
