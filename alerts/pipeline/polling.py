# SPDX-License-Identifier: MIT
"""The poll stage at work: claim what is due, fetch several at once, save what came in; a slow publisher delays only itself."""

import os
import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from functools import cached_property

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alerts import __version__
from alerts.config import Settings
from alerts.feeds import PollResult, Schedule, poll, unsaved
from alerts.feeds.articles import Robots
from alerts.feeds.decide import identities
from alerts.feeds.parse import Document
from alerts.net import Client, Guard
from alerts.store import feeds
from alerts.store.engine import Store

AT_ONCE = 32  # of one sweep
SWEEPS_AT_ONCE = 4  # one claims, the others wait for their last fetches, 30 s at most each
SWEEP_S = 30.0  # how long a sweep goes on claiming; with the last fetch it stays below the task's time limit
LOOK_S = 0.25  # how soon a feed that became due, or whose host became free, is seen while a sweep runs
GATHER_S = 0.03  # polls that end within it are saved, and their successors claimed, in one transaction
RENEW_S = 15.0

log = structlog.get_logger()


def owner() -> str:
    """Who holds a lease: this host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def alive(other: str) -> bool:
    """False only for what certainly died: a process of this host that is not there any more."""
    host, _, pid = other.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def user_agent(settings: Settings) -> str:
    """One product and version, and where to complain (RFC 9110 §10.1.5)."""
    return f"Oncowire/{__version__}" + (f" (+{settings.contact})" if settings.contact else "")


class Poller:
    """One per process, made after fork. Sweeps of several threads do not get into each other's way."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._schedule = Schedule(settings.min_interval_s, settings.minute_s)
        self._luck = random.Random()  # noqa: S311 - jitter, not secrets
        self._claiming = threading.Lock()

    @cached_property
    def client(self) -> Client:
        return Client(Guard(self._settings.fetch_allow), user_agent(self._settings))

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """Kept from sweep to sweep, as a thread's start costs as much as half a 304; made only as they are needed."""
        return ThreadPoolExecutor(AT_ONCE * SWEEPS_AT_ONCE, thread_name_prefix="poll")

    @cached_property
    def _robots(self) -> Robots:
        return Robots(self.client)

    def sweep(self, *, patient: bool = False, only: int | None = None) -> tuple[int, int]:
        """(feeds polled, items new or changed). Another sweep of this process that is still claiming takes what is due.

        `patient`: all that is due now, each once, waiting for hosts that are busy; for the foreground. `only`: this feed.
        """
        if not self._claiming.acquire(blocking=False):
            return 0, 0
        try:
            pace = feeds.Pace(self._schedule.min_interval_s, self._clock() if patient else None, only)
            running, polled, changed = self._claim_and_save(pace)
        finally:
            self._claiming.release()
        while running:  # another sweep may claim meanwhile
            done = self._finished(running)
            polled, changed = polled + len(done), changed + self._save(done)
        return polled, changed

    def _claim_and_save(self, pace: feeds.Pace) -> "tuple[dict[Future[PollResult], feeds.Claimed], int, int]":
        running: dict[Future[PollResult], feeds.Claimed] = {}
        polled = changed = 0
        end = time.monotonic() + SWEEP_S
        while pace.due_by or time.monotonic() < end:
            claimed = self._claim(AT_ONCE - len(running), pace)
            running |= {self._threads.submit(self._one, each): each for each in claimed}
            if not running and not (pace.due_by and self._waiting(pace)):
                break
            done = self._finished(running)
            polled, changed = polled + len(done), changed + self._save(done)
        return running, polled, changed

    def _claim(self, limit: int, pace: feeds.Pace) -> list[feeds.Claimed]:
        if limit <= 0:
            return []
        with self._store.write() as session:
            return feeds.claim(session, self._clock(), limit, owner(), pace)

    def _waiting(self, pace: feeds.Pace) -> int:
        with self._store.read() as session:
            return feeds.waiting(session, self._clock(), pace)

    def _one(self, claimed: feeds.Claimed) -> PollResult:
        def known(document: Document) -> tuple[dict[str, str], dict[str, str]]:
            with self._store.read() as session:
                links = [e.link for e in document.entries]
                return feeds.known(session, claimed.id, identities(document.entries, claimed.options.identity), links)

        return poll(
            claimed.feed,
            self.client,
            known,
            self._schedule,
            self._clock(),
            self._luck.random(),
            memory=claimed.memory,
            options=claimed.options,
            robots=self._robots,
        )

    def _finished(self, running: "dict[Future[PollResult], feeds.Claimed]") -> list[tuple[feeds.Claimed, PollResult]]:
        """Polls that are over, after a short wait for them; the leases of the others are kept alive."""
        if not running:
            time.sleep(LOOK_S)
            return []
        done, left = wait(running, timeout=LOOK_S, return_when=FIRST_COMPLETED)
        if done and left:
            time.sleep(GATHER_S)
            done = {future for future in running if future.done()}
        self._renew([claimed.id for future, claimed in running.items() if future not in done])
        return [(running.pop(future), future.result()) for future in done]

    _renewed_at = 0.0

    def _renew(self, ids: list[int]) -> None:
        if not ids or time.monotonic() - self._renewed_at < RENEW_S:
            return
        self._renewed_at = time.monotonic()
        with self._store.write() as session:
            feeds.renew(session, ids, owner(), self._clock())

    def _save(self, done: list[tuple[feeds.Claimed, PollResult]]) -> int:
        """All in one transaction; if the store will not have it, each on its own, so that one spoils no other."""
        if not done:
            return 0
        try:
            self._store_polls(done)
        except SQLAlchemyError as exc:
            log.warning("polls_not_saved", count=len(done), error=type(exc).__name__)
            done = [self._save_alone(claimed, result) for claimed, result in done]
        for claimed, result in done:
            a = result.attempt
            tell = log.info if result.changes or a.error_code else log.debug
            tell("polled", feed_id=claimed.id, status=a.status, new=a.new_count, error=a.error_code, ms=a.duration_ms)
        return sum(len(result.changes) for _, result in done)

    def _save_alone(self, claimed: feeds.Claimed, result: PollResult) -> tuple[feeds.Claimed, PollResult]:
        """What is refused again is told at its feed. A store that refuses even that is down: the leases end by themselves."""
        try:
            self._store_polls([(claimed, result)])
        except SQLAlchemyError as exc:
            why = f"its items could not be stored: {getattr(exc, 'orig', None) or type(exc).__name__}"
            now, luck = self._clock(), self._luck.random()
            result = unsaved(claimed.feed, claimed.memory, claimed.options, self._schedule, now, luck, why)
            self._store_polls([(claimed, result)])
        return claimed, result

    def _store_polls(self, done: list[tuple[feeds.Claimed, PollResult]]) -> None:
        with self._store.write() as session:
            feeds.save_polls(session, [(claimed.id, result) for claimed, result in done], self._clock())

    def close(self) -> None:
        if "_threads" in self.__dict__:
            self._threads.shutdown()
        if "client" in self.__dict__:
            self.client.close()
