# SPDX-License-Identifier: MIT
"""Never silent: look at the installation once a minute, keep its notices, tell ops once when trouble starts and when it is over.

Run by the housekeeping task and by the web process, whoever comes first: so each is missed by the other.
"""

import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from sqlmodel import Session

from alerts.config import Settings
from alerts.delivery import Sender, message_id, render_notice
from alerts.errors import OncowireError
from alerts.facts import concepts
from alerts.model import ChannelKind, Outcome, OutcomeKind
from alerts.store import ops, vitals
from alerts.store.engine import Store
from alerts.store.tables import Notice
from alerts.watch import IdleRule, Known, Look, Stage, Trouble, step, troubles
from alerts.watch.troubles import GROWING_LOOKS, IDLE_DAYS

EVERY_S = 55.0
TELL_LEASE_S = 120.0
JUMP_SHOWN_S = 600.0  # how long after it a jump of the clock counts as trouble
PROCESSES = ("housekeeping", "web")
OURS = tuple(
    f"{kind}:" for kind in ("stage", "backlog", "process", "disk", "clock", "jump", "reading", "vocabulary", "rule")
)

log = structlog.get_logger()


class Watch:
    """One per process: remembers the clocks of its last look."""

    def __init__(self, store: Store, settings: Settings, name: str) -> None:
        self._store, self._settings, self._name = store, settings, name
        self._clocks: tuple[float, float] | None = None
        self._jump: tuple[float, float] = (0.0, 0.0)  # seconds, steady time at which it was seen

    def turn(self, now: datetime) -> bool:
        """Sign of life; then, if nobody else did within the minute, look, keep notices and tell. Was it our turn?"""
        jump_s = self._clock_jump()
        with self._store.write() as session:
            ops.heartbeat(session, self._name, now)
            if not ops.claim_turn(session, "watch", now, EVERY_S):
                return False
            look = _look(session, self._settings, now, jump_s)
            _keep(session, troubles(look), now)
        tell(self._store, self._settings, now)
        return True

    def _clock_jump(self) -> float:
        wall, steady = time.time(), time.monotonic()
        if self._clocks is not None:
            jump = (wall - self._clocks[0]) - (steady - self._clocks[1])
            if abs(jump) > abs(self._jump[0]) or steady - self._jump[1] > JUMP_SHOWN_S:
                self._jump = (jump, steady)
        self._clocks = (wall, steady)
        return self._jump[0]


def _look(session: Session, settings: Settings, now: datetime, jump_s: float) -> Look:
    backlogs = vitals.backlogs(session, now)
    disk = shutil.disk_usage(settings.var_dir) if settings.var_dir.exists() else None
    read, unreadable = vitals.reading(session, now)
    idle = vitals.idle_rules(session, now, IDLE_DAYS)
    return Look(
        at=now,
        stages={name: Stage(due=due, oldest_s=oldest_s) for name, (due, oldest_s) in backlogs.items()},
        due_before=vitals.remember_due(session, {name: due for name, (due, _) in backlogs.items()}, GROWING_LOOKS),
        signs=ops.signs(session, PROCESSES),
        disk_free_bytes=disk.free if disk else None,
        disk_total_bytes=disk.total if disk else None,
        database_skew_s=(vitals.database_clock(session) - datetime.now(UTC)).total_seconds(),
        clock_jump_s=jump_s,
        items_read=read,
        items_unreadable=unreadable,
        vocabulary_error=_vocabulary_error(),
        idle_rules=tuple(IdleRule(id=number, name=name, days=(now - since).days) for number, name, since in idle),
    )


def _vocabulary_error() -> str | None:
    try:
        concepts()
    except OncowireError as exc:
        return exc.message
    return None


def _keep(session: Session, found: Sequence[Trouble], now: datetime) -> None:
    """Open, keep, close or forget the notices that a look decides about; those of feeds and channels are kept elsewhere."""
    by_key = {trouble.key: trouble for trouble in found}
    open_now = {row.key: row for row in ops.open_notices(session) if row.key.startswith(OURS)}
    known = {row.key: row for row in ops.notices(session, [*by_key])} | open_now
    for key in sorted({*by_key, *open_now}):
        trouble, row = by_key.get(key), known.get(key)
        decided = step(_known(row) if row else None, trouble, now)
        if decided.action == "open" and trouble:
            ops.raise_notice(session, key, trouble.text, now, decided.tell_after)
        elif decided.action in {"close", "forget"}:
            ops.end_notice(session, key, now)
        if decided.action != "keep":
            log.info("notice", key=key, action=decided.action, reason=decided.reason)


def _known(row: Notice) -> Known:
    return Known(since=row.since, told_at=row.told_at, over_at=row.over_at)


def tell(store: Store, settings: Settings, now: datetime) -> int:
    """Tell what is untold to every ops channel, in one message; how many notices. What reached nobody is due again."""
    with store.write() as session:
        keys = ops.claim_untold(session, now, TELL_LEASE_S)
    if not keys:
        return 0
    with store.read() as session:
        rows = ops.notices(session, keys)
        installation = ops.installation_id(session)
    for row in rows:
        log.error("trouble" if row.over_at is None else "trouble_over", key=row.key, text=row.text)
    if not settings.ops_channels or _send(settings, rows, installation):
        with store.write() as session:
            ops.told(session, keys, now)
    return len(rows)


def send_test(settings: Settings, now: datetime) -> list[tuple[str, Outcome]]:
    """A test notice to every ops channel, with how each took it."""
    text = ["this is a test; no trouble is known"]
    return _to_all(settings, text, [], message_id("test", "notice", now.isoformat()))


def _send(settings: Settings, rows: Sequence[Notice], installation: str) -> bool:
    """Did at least one ops channel take it? The log has it in any case."""
    begun = [row.text for row in rows if row.over_at is None]
    over = [row.text for row in rows if row.over_at is not None]
    key = "|".join(f"{row.key}@{row.since.isoformat()}{'+' if row.over_at else ''}" for row in rows)
    outcomes = _to_all(settings, begun, over, message_id(installation, "notice", key))
    for channel, outcome in outcomes:
        log.info("ops_told", channel=channel, outcome=outcome.kind.value, code=outcome.code)
    return any(outcome.kind is OutcomeKind.OK for _, outcome in outcomes)


def _to_all(settings: Settings, begun: Sequence[str], over: Sequence[str], message: str) -> list[tuple[str, Outcome]]:
    link = settings.public_url + "/status"
    sender = Sender(settings)
    try:
        return [
            (kind, sender.send(channel, {key: target}, render_notice(channel, begun, over, message, link)))
            for kind, target in settings.ops_channels
            for channel, key in [(ChannelKind(kind), "address" if kind == "email" else "url")]
        ]
    finally:
        sender.close()
