# SPDX-License-Identifier: MIT
"""What a start does once the schema is there: rule files applied, starter feeds on the first start."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from alerts.config import Settings
from alerts.errors import OncowireError
from alerts.feeds import Schedule, first_poll_s, starter
from alerts.pipeline import rulefiles
from alerts.pipeline.polling import alive
from alerts.store import accounts, feeds, ops, vocabulary
from alerts.store.engine import Store


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    store = Store(settings)
    vocabulary.follow(store)
    try:
        yield store
    finally:
        store.close()


def prepare(settings: Settings) -> list[str]:
    """One line for each thing done. A bad rule file is told and costs none of the others."""
    with open_store(settings) as store:
        return [*_first_start(store, settings), *_rules(store, settings), *first_link(store, settings)]


def _first_start(store: Store, settings: Settings) -> list[str]:
    now = datetime.now(UTC)
    schedule = Schedule(settings.min_interval_s, settings.minute_s)
    with store.write() as session:
        ops.installation_id(session)
        ops.team_id(session, ops.DEFAULT_TEAM, now)
        feeds.release_dead(session, alive, settings.min_interval_s)
        if not settings.starter_feeds or feeds.count(session):
            return []
        listed = starter()
        for feed in listed:
            feeds.add(session, feed, now + timedelta(seconds=first_poll_s(feed.url, schedule)), now)
    off = sum(feed.disabled_because is not None for feed in listed)
    return [f"starter feeds: {len(listed)} added, {off} of them switched off until somebody has checked them"]


def first_link(store: Store, settings: Settings) -> list[str]:
    """While nobody has an account: a fresh link with which somebody becomes the first admin of the console."""
    now = datetime.now(UTC)
    with store.write() as session:
        if accounts.any_user(session):
            return []
        token = accounts.make_link(session, "first_admin", None, now)
    return [f"nobody has an account yet; become the first admin at {settings.public_url}/welcome/{token}"]


def _rules(store: Store, settings: Settings) -> list[str]:
    folder = settings.rules_dir
    if folder is None or not folder.is_dir():
        return []
    lines = []
    for file in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        try:
            outcomes = rulefiles.apply(
                store, file, ops.DEFAULT_TEAM, settings.webhook_hosts, opt_in=settings.double_opt_in
            )
            lines += [f"{file.name}: {outcome}: {name}" for name, outcome in outcomes]
        except (OncowireError, OSError) as exc:
            lines.append(f"{file.name}: refused: {exc}")
    return lines
