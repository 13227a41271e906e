# SPDX-License-Identifier: MIT
"""Commands on feeds: feeds add, import, list, pause, resume, export; poll."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from alerts.config import settings
from alerts.errors import InputError, OncowireError
from alerts.feeds import ListedFeed, Schedule, first_poll_s, read_opml, write_opml
from alerts.net import Guard
from alerts.pipeline import Done, Pipeline, open_store
from alerts.pipeline.polling import alive
from alerts.store import dump, feeds
from alerts.store.migrate import upgrade

feeds_app = typer.Typer(help="The sources that are polled.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(feeds_app, name="feeds")
    app.command("poll")(poll_now)


@feeds_app.command("add")
def add_feed(url: str, title: str = "", tier: str = "unknown") -> None:
    """Add one feed; its address must be one that may be fetched."""
    _add([ListedFeed(url, title, tier)], strict=True)


@feeds_app.command("import")
def import_opml(file: Path) -> None:
    """Add the feeds of an OPML file; an address that may not be fetched is told and left out."""
    _add(read_opml(file.read_bytes()), strict=False)


def _add(listed: list[ListedFeed], *, strict: bool) -> None:
    upgrade(settings())
    guard, now = Guard(settings().fetch_allow), datetime.now(UTC)
    schedule = Schedule(settings().min_interval_s, settings().minute_s)
    refused = 0
    with open_store(settings()) as store, store.write() as session:
        for feed in listed:
            try:
                guard.check_url(feed.url)
            except OncowireError as exc:
                if strict:
                    raise
                refused += 1
                typer.echo(f"{feed.url}: {exc}", err=True)
                continue
            made = feeds.add(session, feed, now + timedelta(seconds=first_poll_s(feed.url, schedule)), now)
            typer.echo(f"{'added' if made else 'known'}: {feed.url}")
    if refused:
        raise typer.Exit(1)


@feeds_app.command("list")
def list_feeds(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """All feeds with their state."""
    with open_store(settings()) as store, store.read() as session:
        rows = list(dump.feeds(session))
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        why = f"  {row['last_error_code'] or ''} {row['state_reason']}".rstrip()
        typer.echo(f"{row['id']:>4}  {row['state']:8}  {row['title'] or '-'}  {row['url']}{why}")


@feeds_app.command()
def pause(url: str) -> None:
    """Stop polling a feed; its items stay."""
    _set(url, enabled=False)


@feeds_app.command()
def resume(url: str) -> None:
    """Poll a feed again, from now."""
    _set(url, enabled=True)


def _set(url: str, *, enabled: bool) -> None:
    with open_store(settings()) as store, store.write() as session:
        feed = feeds.by_url(session, url)
        feed.enabled, feed.state, feed.state_reason = (
            enabled,
            "ok" if enabled else "paused",
            "" if enabled else "by hand",
        )
        feed.next_poll_at = datetime.now(UTC)


@feeds_app.command()
def export(file: Path) -> None:
    """Write all feeds as OPML."""
    with open_store(settings()) as store, store.read() as session:
        listed = [ListedFeed(f.url, f.title, f.tier) for f in feeds.everything(session)]
    file.write_bytes(write_opml(listed))


def poll_now(
    everything: Annotated[bool, typer.Option("--all", help="Every feed, whatever its due time.")] = False,
    feed: Annotated[str, typer.Option("--feed", help="Only this address.")] = "",
) -> None:
    """Poll what is due in the foreground, then read, group, match and send what came in."""
    if everything and feed:
        raise InputError("bad_options", "--all and --feed cannot both be given")
    upgrade(settings())
    pipeline = Pipeline(settings())
    with pipeline.store.write() as session:
        feeds.release_dead(session, alive, datetime.now(UTC))
        if everything or feed:
            feeds.make_due(session, datetime.now(UTC), url=feed or None, min_interval_s=settings().min_interval_s)
    polled = pipeline.poll_due(patient=True).handled
    read = _until_done(pipeline.process_due)
    sent = _until_done(pipeline.deliver_due)
    pipeline.close()
    typer.echo(f"{polled} feeds polled, {read} rows processed, {sent} deliveries tried", err=True)


def _until_done(sweep: Callable[[], Done]) -> int:
    total = 0
    while True:
        done = sweep()
        total += done.handled
        if not done.handled:
            return total
