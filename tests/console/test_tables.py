# SPDX-License-Identifier: MIT
"""Every table sorts, filters, pages and exports CSV that no spreadsheet program takes for formulas."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.config import Settings
from alerts.facts.vocabulary.edits import Edit
from alerts.store import accounts, channels, vocabulary
from alerts.store.engine import Store
from alerts.store.tables import Channel, FeedAttempt, NovelName
from tests.conftest import NOW
from tests.console.conftest import Browser, People
from tests.console.news import bring_in

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
As = Callable[[str], Browser]
TABLES = [
    ("/stories", ""), ("/stories/1/why", ""), ("/deliveries", ""), ("/channels", ""), ("/subscribers", ""),
    ("/subscribers", "s-"), ("/feeds", ""), ("/feeds/1", ""), ("/rules", ""), ("/audit", ""), ("/users", ""), ("/users", "t-"),
    ("/vocabulary/changes", ""), ("/vocabulary/review", ""),
]  # fmt: skip
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
    alice.post("/users/add", {"email": "eve@example.org", "role": "viewer"})


def lines(browser: Browser, path: str, prefix: str, **asked: str) -> list[list[str]]:
    answer = browser.get(path, params={f"{prefix}{key}": value for key, value in {**asked, "format": "csv"}.items()})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv"), path
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(("path", "prefix"), TABLES)
def test_a_table_sorts_filters_pages_and_exports(as_: As, full: None, path: str, prefix: str) -> None:
    alice = as_("alice")
    page = alice.get(path).text
    sortable = re.findall(rf'aria-sort="\w+"><a href="[^"]*[?&;]{prefix}sort=-?(\w+)', page)
    assert sortable, "nothing to sort by"
    assert f'name="{prefix}q"' in page
    head, *rows = lines(alice, path, prefix)
    assert rows
    assert not [cell for row in rows for cell in row if FORMULA.match(cell)]
    for key in sortable:
        up, down = lines(alice, path, prefix, sort=key)[1:], lines(alice, path, prefix, sort="-" + key)[1:]
        assert sorted(up) == sorted(down) == sorted(rows)
        if key in head and len({row[head.index(key)] for row in rows} - {""}) > 1:
            assert up != down, f"{path}: {key} orders nothing"
    assert lines(alice, path, prefix, q="zzqqzz")[1:] == []
    assert "Nothing fits" in alice.get(path, params={prefix + "q": "zzqqzz"}).text
    assert "Nothing fits" in alice.get(path, params={prefix + "page": "999"}).text


def test_the_polls_of_a_feed_page_and_are_found_by_their_error(as_: As, full: None) -> None:
    vera = as_("vera")
    assert "1–50 of 60" in vera.get("/feeds/1").text
    assert "51–60 of 60" in vera.get("/feeds/1?page=2").text
    assert [row[1] for row in lines(vera, "/feeds/1", "", q="timeout")[1:]] == ["'=timeout"]
    assert lines(vera, "/feeds/1", "", sort="-ms")[1][4] == "59"


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
