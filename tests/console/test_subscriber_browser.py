# SPDX-License-Identifier: MIT
"""A reader without an account in Debian's Chromium: on a phone, in the dark, by keyboard, without JavaScript (there is none)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize
from sqlmodel import col, select

from alerts.config import Settings
from alerts.pipeline import links, rulefiles
from alerts.store.engine import Store
from alerts.store.tables import Channel, Delivery, DigestEntry, Story, Subscription, SubscriptionChannel
from tests import browser
from tests.console.news import bring_in

pytestmark = browser.MARKS
RULES = """
- {name: Cabozantinib, rule: {drugs: {any: [cabozantinib]}}, channels: [{email: alice@example.org}, {email: bob@example.org}]}
- name: Lung cancer
  rule: {indications: {any: [lung cancer]}}
  channels: [{email: alice@example.org}]
  cadence: daily 08:00 Europe/Paris
- {name: Approvals, rule: {events: {any: [approval]}}, channels: [{email: alice@example.org}], quiet: 22:00-07:00 Europe/Paris}
"""
PHONE: ViewportSize = {"width": 360, "height": 740}
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as made:
        yield made


@pytest.fixture
def site(store: Store, store_settings: Settings, tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    rulefiles.apply(store, file, "default", frozenset())
    bring_in(store, store_settings)
    with browser.site(store_settings.var_dir) as address:
        yield address


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Visit]:
    """`visit(address, phone=True)`: a page in a browser of its own."""
    with browser.visits(chromium, 15) as open_page:

        def visiting(path: str, *, phone: bool = False, **options: Any) -> Page:
            return open_page(site + path, viewport=PHONE if phone else None, **options)

        yield visiting


def mailed(store: Store, purpose: links.Purpose, name: str = "alice") -> str:
    """Path of the link in somebody's mail."""
    with store.read() as session:
        channel = session.exec(select(Channel.id).where(Channel.hint == f"{name}@example.org")).one()
    path = {"manage": "", "unsubscribe": "unsubscribe/", "confirm": "confirm/"}[purpose]
    return f"/s/{path}{links.sign(store, purpose, links.Reader(channel or 0))}"


def wishes(store: Store, subscription: str, name: str = "alice") -> SubscriptionChannel:
    with store.read() as session:
        channel = session.exec(select(Channel.id).where(Channel.hint == f"{name}@example.org")).one()
        number = session.exec(select(Subscription.id).where(Subscription.name == subscription)).one()
        return session.get_one(SubscriptionChannel, (number, channel))


def card(page: Page, subscription: str) -> Locator:
    """What the page says of one subscription."""
    return page.locator("article", has=page.get_by_role("heading", name=subscription, exact=True))


@pytest.mark.timeout(180)  # axe takes seconds a page on a busy machine
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_fit_for_a_phone_a_screen_reader_and_the_dark(visit: Visit, store: Store, scheme: str) -> None:
    manage = mailed(store, "manage")
    with store.write() as session:
        session.exec(select(Channel).where(Channel.hint == "bob@example.org")).one().state = "unverified"
    page = visit(manage, phone=True, color_scheme=scheme)
    story = page.locator(".got a").first.get_attribute("href") or ""
    paths = (
        manage,
        f"{manage}?open=rhythm",
        story,
        mailed(store, "confirm", "bob"),
        mailed(store, "unsubscribe"),
        "/s/x",
    )
    for path in paths:
        page.goto(page.url.split("/s/")[0] + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
        assert browser.serious(page) == [], path
        assert browser.refused(page) == [], path
        assert page.locator("script").count() == 0


def test_alice_sets_her_rhythm_and_quiet_hours_without_javascript(visit: Visit, store: Store) -> None:
    page = visit(mailed(store, "manage"), java_script_enabled=False)
    mine = card(page, "Cabozantinib")
    mine.get_by_text("Change the rhythm and quiet hours").click()
    mine.get_by_label("When").select_option("first daily")
    mine.get_by_label("Digest at").fill("07:30")
    mine.get_by_label("Quiet hours").select_option("own")
    mine.get_by_label("Time zone").fill("Europe/Paris")
    mine.get_by_role("button", name="Save the rhythm").click()
    assert page.get_by_role("status").inner_text() == "Your rhythm is saved."
    kept = wishes(store, "Cabozantinib")
    assert (kept.own_cadence, kept.own_quiet) == ("first then daily 07:30 Europe/Paris", "22:00-07:00 Europe/Paris")
    assert (
        "The first story at once, what follows in a digest every day at 07:30"
        in card(page, "Cabozantinib").inner_text()
    )
    assert wishes(store, "Cabozantinib", "bob").own_cadence is None


def test_a_zone_that_does_not_exist_is_said_beside_the_form(visit: Visit, store: Store) -> None:
    page = visit(mailed(store, "manage"), java_script_enabled=False)
    mine = card(page, "Cabozantinib")
    mine.get_by_text("Change the rhythm and quiet hours").click()
    mine.get_by_label("When").select_option("daily")
    mine.get_by_label("Time zone").fill("Europe/Atlantis")
    mine.get_by_role("button", name="Save the rhythm").click()
    assert "is no time zone" in card(page, "Cabozantinib").get_by_role("alert").inner_text()


def test_alice_pauses_snoozes_and_leaves_by_keyboard_alone(visit: Visit, store: Store) -> None:
    page = visit(mailed(store, "manage"))

    def press(subscription: str, name: str) -> None:
        """Tab until the button has the focus, then Enter."""
        for _ in range(80):
            page.keyboard.press("Tab")
            where = "e => [e.innerText, e.closest('article')?.querySelector('h2')?.innerText]"
            if page.evaluate(f"({where})(document.activeElement)") == [name, subscription]:
                break
        with page.expect_navigation():
            page.keyboard.press("Enter")

    press("Approvals", "Pause")
    assert wishes(store, "Approvals").paused
    press("Approvals", "Resume")
    assert not wishes(store, "Approvals").paused
    press("Lung cancer", "Unsubscribe")
    assert wishes(store, "Lung cancer").left_at is not None
    gone = card(page, "Lung cancer").inner_text()
    assert "Unsubscribed" in gone
    assert "waits for the digest" not in gone
    assert "Next digests" not in gone
    assert wishes(store, "Cabozantinib").left_at is None


def test_a_mute_link_opens_what_it_names_and_a_snooze_has_an_end(visit: Visit, store: Store) -> None:
    page = visit(f"{mailed(store, 'manage')}?open=mute#mute")
    opened = page.locator("details[open]")
    opened.get_by_label("For").select_option("4 hours")
    opened.get_by_role("button", name="Snooze").click()
    assert "what comes until then is told in one digest afterwards" in page.get_by_role("status").inner_text()
    until = wishes(store, "Approvals").snoozed_until
    assert until is not None
    assert timedelta(hours=3) < until - datetime.now(UTC) <= timedelta(hours=4)


def test_alice_sees_what_she_got_and_why_down_to_the_story(visit: Visit, store: Store) -> None:
    page = visit(mailed(store, "manage"))
    assert "It also tells 1 mail address of the team" in card(page, "Cabozantinib").inner_text()
    assert "bob@example.org" not in page.content()
    assert "waits for the digest of" in card(page, "Lung cancer").inner_text()
    got = page.locator(".got li", has_text="“Cabozantinib” asks for cabozantinib").first
    got.get_by_role("link").click()
    told = page.inner_text("main")
    assert "EU approval" in told or "FDA approval" in told
    assert "Example Wire" in told
    assert "Your rule “" in told
    assert "asks for" in told
    page.get_by_text("Your alerts").click()
    assert page.inner_text("h1") == "Your alerts"


def test_a_story_that_alice_was_not_told_of_is_a_dead_link(visit: Visit, store: Store) -> None:
    with store.read() as session:
        known = set(session.exec(select(Delivery.story_id))) | set(session.exec(select(DigestEntry.story_id)))
        hers = next(n for n in session.exec(select(Story.id).order_by(col(Story.id))) if n not in known)
    page = visit(f"{mailed(store, 'manage')}/story/{hers}")
    assert "This link does not work" in page.inner_text("main")


def test_an_address_is_confirmed_by_a_button_and_not_by_opening_the_link(visit: Visit, store: Store) -> None:
    with store.write() as session:
        session.exec(select(Channel).where(Channel.hint == "bob@example.org")).one().state = "unverified"

    def state() -> str:
        with store.read() as session:
            return session.exec(select(Channel.state).where(Channel.hint == "bob@example.org")).one()

    page = visit(mailed(store, "confirm", "bob"), phone=True, java_script_enabled=False)
    assert state() == "unverified"
    page.get_by_role("button", name="Yes, send me these alerts").click()
    assert (state(), page.inner_text("h1")) == ("active", "Confirmed")


def test_leaving_takes_one_button_and_leads_back(visit: Visit, store: Store) -> None:
    page = visit(mailed(store, "unsubscribe"), phone=True, java_script_enabled=False)
    assert wishes(store, "Cabozantinib").left_at is None
    page.get_by_role("button", name="Unsubscribe").click()
    assert page.inner_text("h1") == "Unsubscribed"
    assert wishes(store, "Cabozantinib").left_at is not None
    page.get_by_role("link", name="See and change what you get").click()
    card(page, "Cabozantinib").get_by_role("button", name="Subscribe again").click()
    assert wishes(store, "Cabozantinib").left_at is None
