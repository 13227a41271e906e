# SPDX-License-Identifier: MIT
"""Pictures of the console, every page: full and empty, light and dark, wide and on a phone.

python -m benchmarks.gallery FOLDER          every picture there, to be looked at
python -m benchmarks.gallery FOLDER --keep   the few that docs/console.md shows go to docs/images as well
"""

import argparse
import io
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, Page
from sqlmodel import col, select

from alerts.config import Settings, load
from alerts.console.access import cookie_name
from alerts.console.app import create_app
from alerts.facts.vocabulary import edits
from alerts.feeds import ListedFeed
from alerts.pipeline import Pipeline, vocabulary
from alerts.store import accounts, channels, feeds, ops
from alerts.store.engine import Store
from alerts.store.insert import insert_new
from alerts.store.migrate import upgrade
from alerts.store.tables import Channel, Delivery, DeliveryAttempt, FeedAttempt, Item, Notice
from tests.browser import chromium, site
from tests.console.conftest import Browser as Form
from tests.console.news import bring_in
from worker.demo.receivers import Mailbox, Outbox

IMAGES = Path(__file__).parent.parent / "docs/images"
PAGES = {
    "overview": "/", "rules": "/rules", "rule-new": "/rules/new", "rule": "/rules/1", "rule-history": "/rules/1/history",
    "rule-yaml": "/rules/yaml", "rule-try": "/rules/try", "stories": "/stories", "story": "/stories/6", "why": "/stories/6/why",
    "deliveries": "/deliveries", "delivery": "/deliveries/1", "channels": "/channels", "subscribers": "/subscribers",
    "feeds": "/feeds", "feed": "/feeds/1", "templates": "/templates", "template": "/templates/email",
    "vocabulary": "/vocabulary?q=Cabometyx", "review": "/vocabulary/review", "changes": "/vocabulary/changes",
    "status": "/status", "audit": "/audit", "users": "/users", "account": "/account", "login": "/login",
}  # fmt: skip
NAMING = (
    "rule",
    "rule-history",
    "story",
    "why",
    "delivery",
    "feed",
)  # pages that name an object: none where all is empty
KEPT = ("overview", "rule", "story", "deliveries", "delivery", "tried", "trial", "status")
KEPT_DARK = ("rule", "stories")
KEPT_PHONE = ("rule", "stories")
ARTICLE = "EC approves cabozantinib for pancreatic neuroendocrine tumours. The European Commission decided on Tuesday."


class Look(NamedTuple):
    """How a page is looked at."""

    name: str
    width_px: int
    height_px: int
    scheme: str


LOOKS = (
    Look("light", 1280, 800, "light"), Look("dark", 1280, 800, "dark"), Look("phone", 390, 800, "light"),
    Look("phone-dark", 390, 800, "dark"),
)  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", default="", help="pages, with commas")
    parser.add_argument("--looks", default="", help="looks, with commas; 'empty' for empty pages")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = options.only.split(",") if options.only else [*PAGES, "trial", "tried"]
    looks = options.looks.split(",") if options.looks else [*(look.name for look in LOOKS), "empty"]
    with chromium() as browser:
        with place(full=True) as (address, cookie):
            for look in LOOKS:
                if look.name in looks:
                    draw(browser, address, cookie, look, wanted, options.folder)
        if "empty" in looks:
            with place(full=False) as (address, cookie):
                pages = [name for name in wanted if name not in (*NAMING, "trial", "tried")]
                draw(browser, address, cookie, LOOKS[0]._replace(name="empty"), pages, options.folder)
    if options.keep:
        keep(options.folder)


@contextmanager
def place(*, full: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """A running console with an admin's cookie."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load({"ONCOWIRE_VAR_DIR": folder, "ONCOWIRE_LOG_LEVEL": "ERROR"})
        upgrade(settings)
        store, now = Store(settings), datetime.now(UTC)
        with store.write() as session:
            team = ops.team_id(session, "oncology", now)
            user = accounts.create_user(session, "alice@example.org", "Alice Ames", now)
            assert user.id is not None
            accounts.set_role(session, user.id, team, "admin")
            token = accounts.open_session(session, user.id, now)
        name = cookie_name(settings)
        if full:
            fill(store, settings, {name: token})
        with site(Path(folder)) as address:
            yield address, {"name": name, "value": token, "url": address}
        store.close()


# ── something on every page ──────────────────────────────────────────────────────────────────────


def fill(store: Store, settings: Settings, cookie: dict[str, str]) -> None:
    app = create_app(settings)
    form = Form(app)
    form.client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False, cookies=cookie)
    _rules(form)
    bring_in(store, settings, copies=2)
    _items(store, settings)
    with ThreadPoolExecutor(1) as elsewhere:  # the mailbox and Playwright both want the event loop of their thread
        elsewhere.submit(_send, settings).result()
    form.post("/stories/6/not-relevant", {"note": "Known since Monday"})
    form.post("/rules/1/state", {"state": "paused"})
    form.post("/rules/1/state", {"state": "active"})
    form.post("/users/add", {"email": "bob@example.org", "role": "editor"})
    form.post("/users/tokens", {"label": "nightly report", "scope": "read", "days": "90"})
    _service(store)
    vocabulary.save(
        store, edits.new_drug("zyxwotinib", ["ZYX-101"], novel="zyxwotinib"), "alice@example.org", datetime.now(UTC)
    )
    app.state.store().close()


def _rules(form: Form) -> None:
    one = {"chip": ["drugs.any=drug:cabozantinib", "events.any=approval",
                    "events.any=label_expansion"],
           "name": "Cabozantinib approvals in neuroendocrine tumours", "new_email": "team@example.org"}  # fmt: skip
    form.post("/rules/save", {**one, "state": "active"})
    form.post("/channels/add", {"kind": "email", "value": "bob@example.org", "label": "Bob"})
    hook = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx"
    form.post("/channels/add", {"kind": "slack", "value": hook, "label": "#oncology-news"})
    two = {"chip": ["events.any=trial_positive"], "name": "Positive trials, every morning", "channel": ["2", "3"],
           "cadence": "daily", "at": "08:00", "zone": "Europe/Paris"}  # fmt: skip
    form.post("/rules/save", {**two, "state": "active"})
    form.post(
        "/rules/save",
        {**two, "chip": ["drugs.any=class:pd-1 inhibitor"], "name": "PD-1, to be agreed", "state": "draft"},
    )


def _items(store: Store, settings: Settings) -> None:
    now = datetime.now(UTC)
    texts = (
        ("Zyxwotinib shrinks tumours in lung cancer", "Zyxwotinib was given to 40 adults with lung cancer."),
        ("XQR-4471 tested in melanoma", "A phase 1 study of XQR-4471 in melanoma begins."),
        ("Brussels clears cabozantinib for pancreatic neuroendocrine tumours",
         "The European Commission has approved cabozantinib for pancreatic neuroendocrine tumours, the second outlet says."),
    )  # fmt: skip
    with store.write() as session:
        feed = feeds.add(session, ListedFeed("https://second.example.org/rss", "Second Outlet"), now, now)
        rows = [
            {"feed_id": feed, "identity": f"n{n}", "title": title, "summary": summary, "url": f"https://second.example.org/{n}",
             "first_seen_at": now, "updated_at": now, "due_at": now, "published_at": now}
            for n, (title, summary) in enumerate(texts)
        ]  # fmt: skip
        insert_new(session, Item, rows)
    pipeline = Pipeline(settings)
    pipeline.process_due()
    pipeline.close()


def _send(settings: Settings) -> None:
    """What is due goes to a real mailbox, so that a delivery's page has what went over the wire."""
    with tempfile.TemporaryDirectory() as folder:
        mailbox = Mailbox(Outbox(Path(folder) / "outbox"))
        pipeline = Pipeline(
            settings.model_copy(update={"smtp_url": f"smtp://{mailbox.host}", "fetch_allow": frozenset({mailbox.host})})
        )
        while pipeline.deliver_due().handled:
            continue
        pipeline.close()
        mailbox.close()


def _service(store: Store) -> None:
    """Deliveries that ended in different ways, polls, a notice, an address that must not be written to."""
    now = datetime.now(UTC)
    with store.write() as session:
        for channel in session.exec(select(Channel)):
            channel.state, channel.verified_at = "active", now
        for n, delivery in enumerate(session.exec(select(Delivery).order_by(col(Delivery.id)))):
            delivery.state, delivery.state_reason = [
                ("sent", "delivered"),
                ("dead", "the address does not exist"),
                ("retry", "greylisted"),
            ][n % 3]
            delivery.attempts_made, delivery.sent_at = 2, now if n % 3 == 0 else None
            session.add(DeliveryAttempt(delivery_id=delivery.id or 0, number=2, started_at=now, finished_at=now,
                                        outcome="ok" if n % 3 == 0 else "permanent", code="250" if n % 3 == 0 else "550",
                                        detail="" if n % 3 == 0 else "5.1.1 User unknown"))  # fmt: skip
        for n in range(40):
            bad = n in (11, 12)
            session.add(FeedAttempt(feed_id=1, at=now - timedelta(minutes=15 * n), status=None if bad else 200,
                                    duration_ms=120 + n * 7, wire_bytes=18_000, new_count=n % 3,
                                    error_code="timeout" if bad else None))  # fmt: skip
        last = session.get_one(Channel, 2)
        channels.suppress(session, last.fingerprint, last.hint, "hard_bounce", now)
        session.add(Notice(key="feed:2:silent", text="Second Outlet has sent no new entry for 9 days.", since=now))


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────


def draw(browser: Browser, address: str, cookie: dict[str, str], look: Look, wanted: list[str], folder: Path) -> None:
    context = browser.new_context(viewport={"width": look.width_px, "height": look.height_px}, color_scheme=look.scheme)  # type: ignore[arg-type]
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    for name in wanted:
        if name == "login":
            context.clear_cookies()
        _open(page, address, name)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{look.name}.png", full_page=True)
        if name == "login":
            context.add_cookies([cookie])  # type: ignore[list-item]
    context.close()


def _open(page: Page, address: str, name: str) -> None:
    if name == "trial":
        page.goto(address + "/vocabulary/review")
        page.fill("td input[name=of]", "pembrolizumab")
        page.click("text=Another name of it")
    elif name == "tried":
        page.goto(address + "/rules/try")
        page.fill("textarea", ARTICLE)
        page.click("main form button")
    else:
        page.goto(address + PAGES[name])
        if name == "delivery":
            page.click("text=Payload")
        if name == "vocabulary":
            page.click("text=Change this entry")


def keep(folder: Path) -> None:
    """Into docs/images: the top of the page, at most 200 kB each."""
    chosen = [
        *((n, "light", 900) for n in KEPT),
        *((n, "dark", 900) for n in KEPT_DARK),
        *((n, "phone", 1100) for n in KEPT_PHONE),
    ]
    for name, look, tall in chosen:
        with Image.open(folder / f"{name}-{look}.png") as found:
            cut = found.convert("RGB").crop((0, 0, found.width, min(found.height, tall)))
        held = io.BytesIO()
        cut.quantize(256, Image.Quantize.MAXCOVERAGE).save(held, "PNG", optimize=True)
        (IMAGES / f"console-{name}-{look}.png").write_bytes(held.getvalue())
        print(f"console-{name}-{look}.png {len(held.getvalue()) // 1000} kB")


if __name__ == "__main__":
    main()
