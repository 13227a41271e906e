# SPDX-License-Identifier: MIT
"""“Who would be told?” of an address: the page is fetched from a real server through the guard, and every rule has its say."""

import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from fastapi import FastAPI

from alerts.config import Settings
from tests.console.conftest import Browser
from tests.serving import serving

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.enable_socket]
As = Callable[[str], Browser]
TITLE = "European Commission approves cabozantinib for pancreatic neuroendocrine tumours"
TEXT = (
    "The European Commission has approved cabozantinib for adults with progressive pancreatic neuroendocrine tumours "
    "after earlier treatment. The decision follows a phase 3 study in which the disease stayed in check for longer. "
    "Doctors in all member states can prescribe it once national agencies have agreed on a price. "
)
PAGE = f"""<!doctype html><html><head><title>{TITLE}</title></head><body><nav><a href="/">Home</a> <a href="/jobs">Jobs</a></nav>
<article><h1>{TITLE}</h1><p>{TEXT}</p><p>{TEXT}</p></article><footer>All rights reserved by the wire</footer></body></html>"""


class Press(BaseHTTPRequestHandler):
    """One article, a page without one, and one that is gone; remembers what it was asked for."""

    asked: list[str] = []

    def do_GET(self) -> None:
        Press.asked.append(self.path)
        self.send_response({"/news/1": 200, "/empty": 200, "/moved": 302}.get(self.path, 410))
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.path == "/moved":
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
        self.end_headers()
        self.wfile.write(PAGE.encode() if self.path == "/news/1" else b"<html><body></body></html>")

    def log_message(self, *_: object) -> None:
        """Not in the output of the tests."""


@pytest.fixture
def press(app: FastAPI, store_settings: Settings) -> Iterator[str]:
    """Its address; the console may reach it, and nothing else inside the network."""
    Press.asked = []
    with serving(Press) as address:
        app.state.settings = store_settings.model_copy(update={"fetch_allow": frozenset({address})})
        yield f"http://{address}"


@pytest.fixture
def bob(as_: As) -> Browser:
    """Bob, whose team has a rule that is told, one that misses by its regulator, a draft and one on another event."""
    bob = as_("bob")
    rule = {"new_email": "bob@example.org", "chip": ["drugs.any=drug:cabozantinib"]}
    for name, more, state in (
        ("All of cabozantinib", [], "active"), ("FDA only", ["regulators.any=org:FDA"], "active"), ("Later", [], "draft"),
        ("Rejections", ["events.any=rejection"], "active"),
    ):  # fmt: skip
        saved = bob.post("/rules/save", {**rule, "name": name, "chip": rule["chip"] + more, "state": state})  # type: ignore[operator]
        assert saved.status_code == 303
    return bob


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_pasted_address_is_fetched_and_every_rule_says_whether_and_why(bob: Browser, press: str) -> None:
    page = bob.post("/rules/try", {"text": f"{press}/news/1"}).text
    text = plain(page)
    assert f"What was read {TITLE}" in text
    assert "Drugs cabozantinib" in text
    assert "pancreatic neuroendocrine tumor" in text
    assert "All of cabozantinib told cabozantinib" in text
    assert "Later no: it is a draft cabozantinib" in text
    assert "FDA only no regulator : it wants FDA" in text
    assert "Rejections no event : it wants rejection" in text
    assert text.index("All of cabozantinib told") < text.index("Later no") < text.index("FDA only no")
    assert "All rights reserved" not in page, "only the article is read, not what stands around it"


def test_the_page_is_fetched_once_however_often_its_table_is_asked(bob: Browser, press: str) -> None:
    page = bob.post("/rules/try", {"text": f"{press}/news/1"}).text
    kept = dict(re.findall(r'name="(read|text)" value="([^"]*)"', page))
    kept = {
        name: value.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&") for name, value in kept.items()
    }
    only = bob.post("/rules/try", {**kept, "told": "told"}).text
    assert "1–1 of 1" in only
    assert f"{press}/news/1" in only, "the address stands in the field as it was given"
    file = bob.post("/rules/try", kept, params={"format": "csv", "sort": "rule"})
    assert [line.split(",")[0] for line in file.text.splitlines()[1:]] == [
        "All of cabozantinib",
        "FDA only",
        "Later",
        "Rejections",
    ]
    assert Press.asked == ["/news/1"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/gone", "The page answered 410. Paste its text instead."),
        ("/empty", "No article was found on that page. Paste its text instead."),
        ("/moved", "169.254.169.254"),
    ],
)
def test_what_cannot_be_read_is_told_in_place_and_the_address_stays(
    bob: Browser, press: str, path: str, said: str
) -> None:
    answer = bob.post("/rules/try", {"text": press + path})
    assert answer.status_code == 422
    assert said in plain(answer.text)
    assert press + path in answer.text
    assert 'aria-describedby="fault"' in answer.text
