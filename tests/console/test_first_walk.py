# SPDX-License-Identifier: MIT
"""Somebody who never saw Oncowire: from the link printed at the first start to a saved, right rule, led by hints in place.

How long a person takes is reckoned by the keystroke-level model (Card, Moran, Newell: The keystroke-level model for user
performance time, CACM 23, 1980; average typist) for what is done, and by 238 words a minute (Brysbaert 2019) for the hints
that are read on the way. docs/console.md shows the steps.
"""

import logging
import re
from datetime import timedelta
from typing import NamedTuple

from playwright.sync_api import Page

from alerts.config import Settings
from alerts.pipeline.prepare import first_link
from alerts.store import rules
from alerts.store.engine import Store
from alerts.store.tables import Membership
from tests import browser
from tests.console.news import bring_in

pytestmark = browser.MARKS
KEY_S, POINT_S, HAND_S, THINK_S = 0.28, 1.1, 0.4, 1.35
WORDS_A_SECOND = 238 / 60
LIMIT = timedelta(minutes=3)
ADDRESS, PASSWORD = "dana@example.org", "seven green kettles sing"


class Step(NamedTuple):
    what: str
    seconds: float


class Person:
    """Does what a person does, and reckons what it costs. Each thing must be in sight: nothing is hidden, nothing is known."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps: list[Step] = []

    def reads(self, selector: str) -> str:
        """A hint that is there where it is needed."""
        text = self.page.locator(selector).first.inner_text()
        assert self.page.locator(selector).first.is_visible()
        self._costs(f"reads “{' '.join(text.split())[:60]}”", len(text.split()) / WORDS_A_SECOND)
        return text

    def clicks(self, selector: str) -> None:
        self.page.locator(selector).first.click()
        self._costs(f"clicks {_shown(selector)}", THINK_S + HAND_S + POINT_S + KEY_S)

    def types(self, label: str, text: str) -> None:
        """Into the field of this label, from the hand on the mouse to the last key."""
        self.page.get_by_label(label, exact=True).first.click()
        self.page.keyboard.type(text)
        self._costs(f"types {text if text != PASSWORD else 'a password'} under {label}",
                    THINK_S + POINT_S + KEY_S + 2 * HAND_S + KEY_S * len(text))  # fmt: skip

    def picks(self, label: str, typed: str, shown: str) -> None:
        """From the type-ahead below a field."""
        self.types(label, typed)
        self.page.locator(".suggestion", has_text=re.compile(shown)).first.click()
        self.page.wait_for_selector(f".chips >> text={shown}")
        self._costs(f"picks {shown}", THINK_S + HAND_S + POINT_S + KEY_S)

    def _costs(self, what: str, seconds: float) -> None:
        self.steps.append(Step(what, seconds))


def _shown(selector: str) -> str:
    return selector.rpartition("text=")[2]


def test_a_first_time_user_gets_from_the_link_to_the_right_rule_in_three_minutes(
    store: Store, store_settings: Settings
) -> None:
    bring_in(store, store_settings)
    (line,) = first_link(store, store_settings)
    path = re.search(r"/welcome/\S+", line)
    assert path is not None
    with browser.chromium() as chromium, browser.site(store_settings.var_dir) as address:
        page = chromium.new_page()
        page.set_default_timeout(15_000)
        page.goto(address + path[0])
        dana = Person(page)
        log_in(dana)
        write_rule(dana)
        assert "Saved. It is on" in page.inner_text(".said")
    told = "\n".join(f"{step.seconds:5.1f} s  {step.what}" for step in dana.steps)
    total = sum(step.seconds for step in dana.steps)
    logging.getLogger(__name__).info("%s\n%.1f s in %d steps", told, total, len(dana.steps))
    assert total < LIMIT.total_seconds(), told
    with store.read() as session:
        assert session.get_one(Membership, (1, 1)).role == "admin"
        (rule,) = rules.all_of(session, 1)
        assert [c.hint for c in rules.channels_of(session, 1)] == [ADDRESS]
    wanted = {field: asked["any"] for field, asked in rule.spec["rule"].items() if field != "role" and asked["any"]}
    assert (rule.state, wanted) == (
        "active",
        {
            "drugs": ["drug:cabozantinib"],
            "indications": ["doid:169"],  # neuroendocrine tumor
            "events": ["approval", "label_expansion"],
            "regulators": ["org:EC"],
        },
    )


def log_in(dana: Person) -> None:
    assert "You become the first admin" in dana.reads("article p")
    dana.types("Your mail address", ADDRESS)
    dana.types("Your name", "Dana")
    dana.types("Password", PASSWORD)
    dana.clicks("button >> text=Make my account")
    assert "Your team has no rule yet" in dana.reads(".hint")
    dana.clicks("text=Write your first rule")


def write_rule(dana: Person) -> None:
    """EU approvals of cabozantinib in neuroendocrine tumours: she knows the brand, and “Europe”."""
    assert "Pick one or two things to begin with" in dana.reads(".hint")
    dana.picks("Drugs", "Cabom", "cabozantinib")
    assert "cabozantinib" in dana.reads("#preview .sentence")
    dana.picks("Cancers", "neuroendo", "neuroendocrine tumor")
    dana.picks("Events", "appro", "approval")
    dana.picks("Events", "label", "label expansion")
    dana.picks("Regulators", "European Comm", "EC")
    dana.page.wait_for_selector("#preview >> text=1 of 6 stories")
    assert "decided by EC" in dana.reads("#preview .sentence")
    dana.reads("#preview .stories > li")
    assert "this one says FDA" in dana.reads("#preview .failing")
    assert dana.page.input_value("#new_email") == ADDRESS, "her own address stands there already"
    dana.types("Name", "EU approvals of cabozantinib")
    dana.reads("section[aria-labelledby=save] small")
    dana.clicks("button >> text=Save and switch on")
