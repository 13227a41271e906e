# SPDX-License-Identifier: MIT
"""Commands on feeds: add, import, export, list, show, check, set, pause, resume, release, remove; poll."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts.config import settings
from alerts.errors import InputError, OncowireError
from alerts.feeds import (
    Checked,
    ListedFeed,
    Options,
    Schedule,
    Selectors,
    check,
    first_poll_s,
    read_opml,
    sandbox,
    write_opml,
)
from alerts.model import SourceTier
from alerts.net import Client, Guard
from alerts.pipeline import Done, Pipeline, open_store
from alerts.pipeline.polling import alive, user_agent
from alerts.store import dump, feed_admin, feeds
from alerts.store.engine import Store
from alerts.store.migrate import upgrade

feeds_app = typer.Typer(help="The sources that are polled.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="JSON instead of words.")]
Title = Annotated[str | None, typer.Option(help="Name shown as the source.")]
Tier = Annotated[str | None, typer.Option(help=f"Who speaks: {', '.join(SourceTier)}.")]
Minutes = Annotated[float | None, typer.Option("--interval", help="Minutes between polls; 0: as usual.")]
Identity = Annotated[str | None, typer.Option(help="What makes an entry the same: auto, guid, link or text.")]
Articles = Annotated[
    bool | None, typer.Option(help="Fetch the article where a summary is too thin (robots.txt obeyed).")
]
XPath = Annotated[str | None, typer.Option(help="For a page without a feed: XPath of one piece of news.")]
Inner = Annotated[str | None, typer.Option(help="XPath inside of it.")]
DateForm = Annotated[str | None, typer.Option(help="strptime form of the page's dates, where they are ambiguous.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(feeds_app, name="feeds")
    app.command("poll")(poll_now)


@feeds_app.command("add")
def add_feed(
    url: str,
    title: Title = None,
    tier: Tier = None,
    interval: Minutes = None,
    identity: Identity = None,
    articles: Articles = None,
    item: XPath = None,
    item_title: Inner = None,
    item_link: Inner = None,
    item_summary: Inner = None,
    item_date: Inner = None,
    date_format: DateForm = None,
) -> None:
    """Add one feed, or a page without one (--item); its address must be one that may be fetched. No network."""
    page = _selectors(item, item_title, item_link, item_summary, item_date, date_format)
    options, columns = _wanted(title, tier, interval, identity, articles, page)
    _add([ListedFeed(url, title or "", tier or "unknown")], strict=True)
    if options or columns:
        with _store() as store, store.write() as session:
            feed_admin.change(session, url, options, columns, datetime.now(UTC))


@feeds_app.command("set")
def set_feed(
    url: str,
    title: Title = None,
    tier: Tier = None,
    interval: Minutes = None,
    identity: Identity = None,
    articles: Articles = None,
    item: XPath = None,
    item_title: Inner = None,
    item_link: Inner = None,
    item_summary: Inner = None,
    item_date: Inner = None,
    date_format: DateForm = None,
) -> None:
    """Change what was decided for one feed; what is not given stays."""
    page = _selectors(item, item_title, item_link, item_summary, item_date, date_format)
    options, columns = _wanted(title, tier, interval, identity, articles, page)
    with _store() as store, store.write() as session:
        feed_admin.change(session, url, options, columns, datetime.now(UTC))


@contextmanager
def _store() -> Iterator[Store]:
    """The store at this program's schema, made if it is not there."""
    upgrade(settings())
    with open_store(settings()) as store:
        yield store


def _wanted(
    title: str | None,
    tier: str | None,
    interval: float | None,
    identity: str | None,
    articles: bool | None,
    page: Selectors | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(options, columns) that were given. Raises InputError(bad_options)."""
    if tier is not None and tier not in set(SourceTier):
        raise InputError("bad_options", f"--tier is one of {', '.join(SourceTier)}, not {tier!r}")
    if identity not in {None, "auto", "guid", "link", "text"}:
        raise InputError("bad_options", f"--identity is auto, guid, link or text, not {identity!r}")
    if interval is not None and not 0 <= interval <= 7 * 1440:
        raise InputError("bad_options", "--interval is a number of minutes up to a week, or 0 for the usual one")
    options = {"identity": identity, "articles": articles, "page": page.model_dump() if page else None}
    columns: dict[str, Any] = {"title": title, "tier": tier}
    if interval is not None:
        columns["interval_s"] = interval * 60 or None
    kept = {n: v for n, v in columns.items() if v is not None or n == "interval_s"}
    return {n: v for n, v in options.items() if v is not None}, kept


def _selectors(item: str | None, *inner: str | None) -> Selectors | None:
    """Raises InputError(bad_options) for inner paths without --item."""
    names = ("title", "link", "summary", "date", "date_format")
    given = {name: value for name, value in zip(names, inner, strict=True) if value is not None}
    if item is None:
        if given:
            raise InputError("bad_options", "--item-… and --date-format need --item: the XPath of one piece of news")
        return None
    return Selectors(item=item, **given)


@feeds_app.command("import")
def import_opml(file: Path) -> None:
    """Add the feeds of an OPML file; an address that may not be fetched is told and left out."""
    try:
        body = file.read_bytes()
    except OSError as exc:
        raise InputError("cannot_read", f"{file}: {exc.strerror}") from None
    _add(read_opml(body), strict=False)


def _add(listed: list[ListedFeed], *, strict: bool) -> None:
    """`strict`: by hand and one at a time, so a refusal is an error and the first poll is due at once."""
    guard, now = Guard(settings().fetch_allow), datetime.now(UTC)
    schedule = Schedule(settings().min_interval_s, settings().minute_s)
    refused = 0
    with _store() as store, store.write() as session:
        for feed in listed:
            try:
                guard.check_url(feed.url)
            except OncowireError as exc:
                if strict:
                    raise
                refused += 1
                typer.echo(f"{feed.url}: {exc}", err=True)
                continue
            spread_s = 0.0 if strict else first_poll_s(feed.url, schedule)
            made = feeds.add(session, feed, now + timedelta(seconds=spread_s), now)
            typer.echo(f"{'added' if made else 'known'}: {feed.url}")
    if refused:
        raise typer.Exit(1)


@feeds_app.command("list")
def list_feeds(as_json: Json = False) -> None:
    """All feeds with their state."""
    with _store() as store, store.read() as session:
        rows = list(dump.feeds(session))
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for row in rows:
        why = f"  {row['last_error_code'] or ''} {row['state_reason']}".rstrip()
        typer.echo(f"{row['id']:>4}  {row['state']:8}  {row['title'] or '-'}  {row['url']}{why}")


@feeds_app.command()
def show(url: str, as_json: Json = False) -> None:
    """One feed with its last 50 attempts."""
    with _store() as store, store.read() as session:
        row = feed_admin.describe(session, url)
    if as_json:
        typer.echo(json.dumps(row, default=str, ensure_ascii=False))
        return
    attempts = row.pop("attempts")
    for name, value in row.items():
        if value not in (None, "", {}):
            typer.echo(f"{name:17}{value}")
    for a in attempts:
        counts = f"{a['new_count']} new, {a['updated_count']} updated"
        outcome = f"{a['error_code']}: {a['error_text']}" if a["error_code"] else counts
        typer.echo(
            f"{a['at']:%Y-%m-%d %H:%M:%S}  {a['status'] or '---'}  {a['duration_ms']:>6} ms  {a['wire_bytes']:>9,} B  {outcome}"
        )


@feeds_app.command("check")
def check_url(
    url: str,
    item: XPath = None,
    item_title: Inner = None,
    item_link: Inner = None,
    item_summary: Inner = None,
    item_date: Inner = None,
    date_format: DateForm = None,
    as_json: Json = False,
) -> None:
    """Fetch an address once and tell what stands there; nothing is stored. Needs the network."""
    page = _selectors(item, item_title, item_link, item_summary, item_date, date_format) or _stored_page(url)
    client = Client(Guard(settings().fetch_allow), user_agent(settings()))
    found = check(url, client, sandbox(), datetime.now(UTC), page)
    client.close()
    typer.echo(found.model_dump_json() if as_json else "\n".join(_lines(found)))
    if found.error_code is not None:
        raise typer.Exit(1)


def _stored_page(url: str) -> Selectors | None:
    """The selectors of a feed that we have."""
    if not settings().database_url and not (settings().var_dir / "oncowire.db").exists():
        return None
    with _store() as store, store.read() as session:
        try:
            return Options.model_validate(feeds.by_url(session, url).options).page
        except InputError:
            return None


def _lines(found: Checked) -> list[str]:
    head = [f"{found.final_url}  status {found.status or '---'}"]
    if found.final_url != found.url:
        head.append(f"redirected from {found.url}")
    if found.error_code is not None:
        feeds_named = [f"  a feed of this page: {link.url}  {link.title}" for link in found.feeds]
        return [*head, f"{found.error_code}: {found.error_text}", *feeds_named]
    entries = [
        f"  {f'{e.published:%Y-%m-%d %H:%M}' if e.published else 'no date':16}  {e.title}\n{'':20}{e.link or 'no link'}"
        for e in found.entries
    ]
    return [*head, f"{found.kind}: {found.title or 'no title'}, {found.entry_count} entries", *entries]


@feeds_app.command()
def pause(url: str) -> None:
    """Stop polling a feed; its items stay."""
    with _store() as store, store.write() as session:
        feed_admin.pause(session, url, "by hand")


@feeds_app.command()
def resume(url: str) -> None:
    """Poll a feed again, from now."""
    with _store() as store, store.write() as session:
        feed_admin.resume(session, url, datetime.now(UTC))


@feeds_app.command()
def remove(url: str) -> None:
    """Forget a feed; items and stories that came from it stay."""
    with _store() as store, store.write() as session:
        typer.echo(f"{feed_admin.remove(session, url)}: {url}")


@feeds_app.command()
def release(url: str, silently: Annotated[bool, typer.Option(help="Store them, tell nobody.")] = False) -> None:
    """Let the held items of a flood go on."""
    with _store() as store, store.write() as session:
        count = feed_admin.release(session, url, datetime.now(UTC), silently=silently)
    typer.echo(f"{count} items released")


@feeds_app.command()
def export(file: Path) -> None:
    """Write all feeds as OPML."""
    with _store() as store, store.read() as session:
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
        feeds.release_dead(session, alive, settings().min_interval_s)
        only = feeds.by_url(session, feed).id if feed else None
        if everything or feed:
            feeds.make_due(session, datetime.now(UTC), only=only, min_interval_s=settings().min_interval_s)
    polled = pipeline.poll_due(patient=True, only=only).handled
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
