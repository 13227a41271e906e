# SPDX-License-Identifier: MIT
"""Every table of every page sorts, filters, pages and exports CSV that no spreadsheet program takes for formulas."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from httpx2 import Response
from lxml import html
from lxml.html import HtmlElement

from alerts.config import TEMPLATES, Settings
from alerts.console.access import GuardedRoute
from alerts.console.app import routes
from alerts.facts.vocabulary.edits import Edit
from alerts.model import ChannelKind
from alerts.store import accounts, channels, templates, vocabulary
from alerts.store.engine import Store
from alerts.store.tables import Channel, Delivery, DeliveryAttempt, FeedAttempt, Item, NovelName
from tests.conftest import NOW
from tests.console.conftest import Browser, People
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
As = Callable[[str], Browser]
IDS = {
    "rule_id": "1", "story_id": "1", "delivery_id": "1", "channel_id": "1", "feed_id": "1", "user_id": "1", "kind": "email",
    "token": "x",
}  # fmt: skip
POSTED = {"/rules/try": {"text": "EC approves cabozantinib for neuroendocrine tumours\nThe EC approved =cabozantinib."}}
EXPECTED = {
    "/": ["d-list", "f-list"], "/audit": ["list"], "/channels": ["list"], "/deliveries": ["list"], "/deliveries/1": ["list"],
    "/feeds": ["list"], "/feeds/1": ["list"], "/rules": ["list"], "/rules/try": ["list"],
    "/status": ["w-list", "d-list", "i-list"], "/stories": ["list"], "/stories/1/why": ["list"],
    "/subscribers": ["list", "s-list"], "/templates/email": ["v-list"], "/users": ["list", "t-list"],
    "/vocabulary/changes": ["list"], "/vocabulary/review": ["list"],
}  # fmt: skip
FORMULA = re.compile(r"^\s*[=+\-@|%]")


@pytest.fixture
def full(as_: As, store: Store, store_settings: Settings, people: People) -> None:
    """Something in every table, with a name that a spreadsheet program would calculate."""
    alice = as_("alice")
    form = {"chip": ["drugs.any=drug:cabozantinib"], "name": '=HYPERLINK("x")', "new_email": "bob@example.org"}
    alice.post("/rules/save", {**form, "state": "active"})
    alice.post("/rules/save", {**form, "name": "@SUM(A1)", "state": "draft"})
    alice.post("/users/tokens", {"label": "+1+1", "scope": "read", "days": "9"})
    alice.post("/users/tokens", {"label": "night", "scope": "read", "days": ""})
    alice.post("/channels/add", {"kind": "email", "value": "reader@example.org", "label": "-2+3"})
    bring_in(store, store_settings)
    with store.write() as session:
        vocabulary.add(session, Edit("=SUM(A1) is a drug", {"drugs": {"=SUM(A1)": {}}}), "alice@example.org", NOW)
        vocabulary.add(session, Edit("“x9” is no drug", {"not_drugs": ["x9"]}), "alice@example.org", NOW)
        for name, seen in (("+zyxwotinib", 3), ("XQR-4471", 1)):
            row = NovelName(name=name, reason="INN stem", first_item_id=1, seen_count=seen, first_seen_at=NOW)
            session.add(row)
        accounts.create_user(session, "eve@example.org", "=1+1", NOW)
        made = session.get_one(Channel, 1)
        channels.suppress(session, made.fingerprint, made.hint, "hard_bounce", NOW)
        for n in range(60):
            at = NOW - timedelta(minutes=n)
            failed = "=timeout" if n == 7 else None
            session.add(FeedAttempt(feed_id=1, at=at, status=None if failed else 200, duration_ms=n, error_code=failed))
        session.get_one(Delivery, 1).state = "dead"
        for n, said in ((1, "=later"), (2, "5.1.1 User unknown")):
            tried = DeliveryAttempt(
                delivery_id=1,
                number=n,
                started_at=NOW + timedelta(minutes=n),
                outcome="transient",
                code=str(n),
                detail=said,
            )
            session.add(tried)
        for n, title in ((3, "-1+1"), (4, "Broken")):
            item = session.get_one(Item, n)
            item.title, item.error_code, item.error_text = title, f"read_failed_{n}", f"because of {n}"
        for author in ("=alice", "bob@example.org"):
            templates.save(session, people.teams["a"], ChannelKind.EMAIL, {}, author, NOW)
    alice.post("/users/add", {"email": "eve@example.org", "role": "viewer"})


class Listing(NamedTuple):
    """A table of a page, asked as a browser asks it: by its links, or by its buttons where it answers a posted form."""

    browser: Browser
    path: str
    box: HtmlElement

    @property
    def prefix(self) -> str:
        return str(self.box.get("id")).removesuffix("list")

    @property
    def posted(self) -> dict[str, str]:
        kept: Mapping[str, str] = {
            i.get("name"): i.get("value") for i in self.box.xpath(".//form//input[@type='hidden']")
        }
        return {k: v for k, v in kept.items() if k in {"text", "read"}}

    def asked(self, **changes: str) -> Response:
        named = {self.prefix + key: value for key, value in changes.items()}
        if self.posted:
            return self.browser.post(self.path, self.posted, params=named)
        return self.browser.get(self.path, params=named)

    def follow(self, xpath: str) -> Response:
        """What the link (or button) there answers."""
        (found,) = self.box.xpath(xpath)
        if found.tag == "button":
            return self.browser.post(found.get("formaction"), self.posted)
        return self.browser.get(found.get("href"))

    def again(self, answer: Response) -> "Listing":
        return self._replace(box=one(answer.text, str(self.box.get("id"))))

    def sort_keys(self) -> list[str]:
        links = self.box.xpath(".//th[@aria-sort]/*/@href | .//th[@aria-sort]/*/@formaction")
        return [re.search(rf"[?&]{self.prefix}sort=-?(\w+)", link)[1] for link in links]  # type: ignore[index]


def listings(text: str) -> list[HtmlElement]:
    return list(html.document_fromstring(text).xpath("//*[@class='listing']"))


def one(text: str, name: str) -> HtmlElement:
    return next(box for box in listings(text) if box.get("id") == name)


def pages(app: FastAPI, browser: Browser) -> Iterator[tuple[str, Response]]:
    """Every page that somebody who is logged in can look at, and those that answer a form with a table."""
    for route in routes(app):
        if not isinstance(route, GuardedRoute) or "GET" not in (route.methods or ()) or route.need.role is None:
            continue
        path = re.sub(r"\{(\w+)[^}]*\}", lambda name: IDS[name[1]], route.path)
        if not path.startswith("/api/"):
            yield path, browser.get(path)
    yield from ((path, browser.post(path, form)) for path, form in POSTED.items())


def lines(answer: Response) -> list[list[str]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv"), answer.url
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_a_table_comes_from_one_place() -> None:
    drawn = [path for path in sorted((TEMPLATES / "console").rglob("*.html")) if "<table" in path.read_text()]
    assert [path.name for path in drawn] == ["parts.html"]


def test_every_table_of_every_page_sorts_filters_pages_and_exports(app: FastAPI, as_: As, full: None) -> None:
    alice = as_("alice")
    found: dict[str, list[str]] = {}
    for path, answer in pages(app, alice):
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        boxes = listings(answer.text)
        assert answer.text.count("<table") == len(boxes), f"{path}: a table is empty, or has nothing around it"
        for box in boxes:
            found.setdefault(path, []).append(str(box.get("id")))
            holds(Listing(alice, path, box))
    assert found == EXPECTED


def same(rows: list[list[str]], head: list[str]) -> list[list[str]]:
    """Without the age of what waits, which goes on growing."""
    return sorted([cell for name, cell in zip(head, row, strict=True) if name != "oldest_s"] for row in rows)


def holds(table: Listing) -> None:
    where = f"{table.path} {table.box.get('id')}"
    head, *rows = lines(table.follow(".//p/*[text()='CSV']"))
    assert rows, where
    assert not [cell for row in rows for cell in row if FORMULA.match(cell)], where
    assert table.sort_keys(), f"{where}: nothing to sort by"
    for key in table.sort_keys():
        up, down = (lines(table.asked(sort=sign + key, format="csv"))[1:] for sign in ("", "-"))
        assert same(up, head) == same(down, head) == same(rows, head), f"{where}: {key}"
        if key in head and len({row[head.index(key)] for row in rows} - {""}) > 1:
            assert up != down, f"{where}: {key} orders nothing"
    sorted_page = table.again(table.follow("(.//th[@aria-sort]/*)[1]"))
    assert sorted_page.box.xpath("(.//th)[@aria-sort][1]/@aria-sort")[0] != "none", where
    assert table.box.xpath(f".//input[@type='search' and @name='{table.prefix}q']"), where
    assert lines(table.asked(q="zzqqzz", format="csv"))[1:] == [], where
    nothing = table.again(table.asked(q="zzqqzz"))
    assert "Nothing fits" in nothing.box.text_content(), where
    back = table.again(nothing.follow(".//*[text()='Show all']"))
    assert len(back.box.xpath(".//tbody/tr")) == len(table.box.xpath(".//tbody/tr")), where
    assert "Nothing fits" in table.again(table.asked(page="999")).box.text_content(), where


def test_the_polls_of_a_feed_page_and_are_found_by_their_error(as_: As, full: None) -> None:
    vera = as_("vera")
    assert "1–50 of 60" in vera.get("/feeds/1").text
    assert "51–60 of 60" in vera.get("/feeds/1?page=2").text
    assert [row[1] for row in lines(vera.get("/feeds/1?q=timeout&format=csv"))[1:]] == ["'=timeout"]
    assert lines(vera.get("/feeds/1?sort=-ms&format=csv"))[1][4] == "59"


def test_two_tables_of_a_page_are_asked_apart(as_: As, full: None) -> None:
    page = as_("alice").get("/users?t-q=night").text
    assert "night" in page
    assert "+1+1" not in page
    assert "bob@example.org" in page


def test_readers_are_filtered_by_consent_and_the_page_says_nothing_else(as_: As, full: None) -> None:
    alice = as_("alice")
    alice.get("/")  # shows what the last change said
    page = alice.get("/subscribers?consent=must+not+be+written+to").text
    assert "1–2 of 2" in page
    assert 'class="said"' not in page
    assert "Nothing fits" in alice.get("/subscribers?consent=confirmed").text


def test_the_table_of_a_pasted_article_keeps_the_article_while_it_is_asked(as_: As, full: None) -> None:
    alice = as_("alice")
    first = alice.post("/rules/try", POSTED["/rules/try"])
    table = Listing(alice, "/rules/try", one(first.text, "list"))
    only = alice.post("/rules/try", {**table.posted, "told": "no: it is a draft"})
    assert "@SUM(A1)" in only.text
    assert "HYPERLINK" not in only.text
    assert "The EC approved =cabozantinib." in only.text
    assert alice.post("/rules/try", {"read": "{}"}).status_code == 422
