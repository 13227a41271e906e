# SPDX-License-Identifier: MIT
"""What mail programs do not know of our mails is known to us, each with what stands in for it (doiuse-email, caniemail)."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page

from alerts.model import ChannelKind
from tests import browser
from tests.delivery.every import every

CLIENTS = Path(__file__).parent / "clients"
KNOWN = json.loads((CLIENTS / "allowed.json").read_text(encoding="utf-8"))


class Found(NamedTuple):
    """Feature → programs that do not know it (`refused`) or only in part (`partly`)."""

    refused: dict[str, set[str]]
    partly: dict[str, set[str]]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser.chromium() as chromium:
        page = chromium.new_page()
        page.add_script_tag(content=gzip.decompress((CLIENTS / "doiuse-email-1.0.4.js.gz").read_bytes()).decode())
        yield page


def lint(page: Page, html: str) -> Found:
    """Of all programs that caniemail knows."""
    answer: dict[str, Any] = page.evaluate("html => doIUseEmail(html, {emailClients: ['*.*']})", html)
    found = Found({}, {})
    for lines, into in ((answer.get("errors", []), found.refused), (answer["warnings"], found.partly)):
        for line in lines:
            feature, program = re.findall("`(.+?)`", line)
            into.setdefault(feature, set()).add(program)
    return found


def test_the_linter_is_the_one_that_was_vendored() -> None:
    for line in (CLIENTS / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        wanted, name = line.split(maxsplit=1)
        assert hashlib.sha256((CLIENTS / name).read_bytes()).hexdigest() == wanted


class TestInABrowser:
    pytestmark = browser.MARKS

    def test_no_mail_uses_what_a_program_does_not_know_unless_something_stands_in_for_it(self, page: Page) -> None:
        refused: dict[str, set[str]] = {}
        partly: set[str] = set()
        for message in every(ChannelKind.EMAIL).values():
            if message.html is not None:
                found = lint(page, message.html)
                partly |= found.partly.keys()
                for feature, programs in found.refused.items():
                    refused.setdefault(feature, set()).update(programs)
        # Equal, not a part of: a line that no mail needs any more goes from the list.
        assert {f: sorted(p) for f, p in refused.items()} == {f: v["programs"] for f, v in KNOWN["refused"].items()}
        assert sorted(partly) == sorted(KNOWN["partly"])

    def test_a_mail_of_boxes_that_outlook_does_not_know_is_found_out(self, page: Page) -> None:
        assert "outlook.windows" in lint(page, '<p style="display:flex">a</p>').refused["display:flex"]


def test_each_exception_has_its_reason() -> None:
    reasons = [v["instead"] for v in KNOWN["refused"].values()] + list(KNOWN["partly"].values())
    assert min(map(len, reasons)) > 15
