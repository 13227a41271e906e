# SPDX-License-Identifier: MIT
"""The console in Debian's Chromium: a rule written by mouse, by keyboard alone, without JavaScript, on a phone; two teams kept
apart; nothing that the content policy refuses; nothing serious that axe finds."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from alerts.config import Settings, load
from alerts.console.access import cookie_name
from alerts.store import accounts
from alerts.store.engine import Store
from tests import browser
from tests.console.conftest import People
from tests.console.news import bring_in

pytestmark = browser.MARKS
KEY_PAGES = ("/", "/rules", "/rules/try", "/stories/1", "/channels", "/account")
PAGES = (
    *KEY_PAGES, "/rules/new", "/rules/yaml", "/stories", "/deliveries", "/subscribers", "/feeds", "/feeds/1", "/templates",
    "/templates/email", "/vocabulary?q=Cabometyx", "/vocabulary/review", "/vocabulary/changes", "/status", "/audit", "/users",
    "/deliveries/1", "/stories/1/why", "/rules/1/history",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as made:
        yield made


@pytest.fixture
def site(store: Store, store_settings: Settings, people: People) -> Iterator[str]:
    """Address of a real server with news in it."""
    bring_in(store, store_settings)
    with browser.site(store_settings.var_dir) as address:
        yield address


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, site: str, store: Store, people: People) -> Iterator[Visit]:
    """`visit("bob", "/rules")`: a page of Bob's browser, which watches for what the policy refuses."""
    with browser.visits(chromium, 30) as open_page:

        def visiting(name: str, path: str, **options: Any) -> Page:
            with store.write() as session:
                token = accounts.open_session(session, people.users[name], datetime.now(UTC))
            cookie = {"name": cookie_name(load({})), "value": token, "url": site}
            return open_page(site + path, [cookie], **options)

        yield visiting


def test_bob_writes_a_rule_with_preview_by_mouse(visit: Visit) -> None:
    page = visit("bob", "/rules/new")
    page.fill("[id='in-drugs.any']", "cabom")
    page.click("text=cabozantinib Cabometyx")
    page.wait_for_selector(".chips >> text=cabozantinib")
    page.fill("[id='in-regulators.any']", "European Comm")
    page.click(".suggestion:has-text('EC')")
    page.wait_for_selector("#preview >> text=1 of 6 stories")
    assert page.inner_text("#preview .sentence").startswith("Any news about cabozantinib, decided by EC.")
    assert page.locator("#preview mark").first.inner_text() == "EC"
    assert "this one says FDA" in page.inner_text("#preview .failing")
    page.fill("#name", "EC and cabozantinib")
    page.click("text=Save and switch on")
    assert "Saved. It is on" in page.inner_text(".said")
    assert browser.refused(page) == []


def test_a_rule_is_written_by_keyboard_alone(visit: Visit) -> None:
    page = visit("bob", "/rules/new")
    page.focus("[id='in-drugs.any']")
    page.keyboard.type("cabozan")
    page.wait_for_selector(".suggestion >> text=cabozantinib")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chips >> text=cabozantinib")
    assert page.evaluate("document.activeElement.id") == "in-drugs.any"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "name":
            break
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")  # on to “Save and switch on”
    page.keyboard.press("Enter")
    page.wait_for_selector(".said")
    assert page.inner_text("h1") == "By keyboard"


def test_a_rule_is_written_without_javascript(visit: Visit) -> None:
    page = visit("bob", "/rules/new", java_script_enabled=False)
    page.fill("[id='in-drugs.any']", "Cabometyx")
    page.keyboard.press("Enter")
    assert "cabozantinib" in page.inner_text(".chips")
    page.fill("#name", "Without scripts")
    page.click("text=Preview matches")
    assert "of 6 stories" in page.inner_text("#preview")
    assert page.input_value("#name") == "Without scripts"
    page.click("text=Save and switch on")
    assert page.inner_text("h1") == "Without scripts"


def test_on_a_phone_nothing_sticks_out(visit: Visit) -> None:
    page = visit("alice", "/rules/new", viewport={"width": 360, "height": 740})
    for path in PAGES:
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"


def test_charlie_of_the_other_team_sees_nothing_of_bobs(visit: Visit) -> None:
    bob = visit("bob", "/rules/new", java_script_enabled=False)
    bob.fill("[id='in-drugs.any']", "Cabometyx")
    bob.fill("#name", "Only for team A")
    bob.click("text=Save and switch on")
    address = bob.url
    charlie = visit("charlie", "/rules")
    assert "Only for team A" not in charlie.content()
    charlie.goto(address)
    assert "There is no such rule" in charlie.inner_text("main")


@pytest.mark.timeout(300)  # axe takes seconds a page on a busy machine
@pytest.mark.parametrize(("scheme", "paths"), [("light", KEY_PAGES), ("dark", PAGES)], ids=["light", "dark"])
def test_axe_finds_nothing_serious_and_the_policy_refuses_nothing(
    visit: Visit, site: str, scheme: str, paths: tuple[str, ...]
) -> None:
    page = visit("alice", "/login", color_scheme=scheme)
    with_rule = visit("alice", "/rules/new", java_script_enabled=False)
    with_rule.fill("[id='in-drugs.any']", "Cabometyx")
    with_rule.fill("#name", "Cabozantinib")
    with_rule.click("text=Save and switch on")
    for path in (*paths, with_rule.url.removeprefix(site)):
        page.goto(site + path)
        sound(page, path)
    page.goto(site + "/rules/try")
    page.fill("#text", "EC approves cabozantinib for neuroendocrine tumours")
    page.click("text=Try all rules")
    sound(page, "a pasted article")
    page.click("th >> text=Rule")  # a button: the article is posted again
    assert page.get_attribute("th:has-text('Rule')", "aria-sort") == "ascending"
    assert page.input_value("#text").startswith("EC approves")
    page.goto(site + "/vocabulary?q=Cabometyx")
    page.click("text=Change this entry")
    page.get_by_label("One more name").fill("Kabofix")
    page.click("text=See what it changes >> nth=0")
    sound(page, "a change of the vocabulary")


def sound(page: Page, what: str) -> None:
    page.wait_for_load_state("networkidle")
    found = browser.serious(page)
    assert found == [], f"{what}: {found}"
    assert browser.refused(page) == [], what
