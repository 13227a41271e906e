# SPDX-License-Identifier: MIT
"""No document takes the worker down: whatever it is, it ends as entries or as an error, in time and within its memory."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from alerts.errors import OncowireError, Transient
from alerts.feeds import Sandbox, Selectors
from alerts.feeds.child import MEMORY_BYTES
from tests.conftest import NOW

URL = "https://example.org/feed"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    made = Sandbox(timeout_s=2.0)
    yield made
    made.close()


def item(inner: str) -> bytes:
    return f'<rss version="2.0"><channel><item><title>T</title>{inner}</item></channel></rss>'.encode()


LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
ATTRIBUTES = " ".join(f'b{n}="c"' for n in range(60_000))
JSON = b'{"version": "https://jsonfeed.org/version/1.1", '


def xml(inner: str | bytes, entities: str = "", encoding: str = "utf-8") -> bytes:
    body = inner.encode() if isinstance(inner, str) else inner
    head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [{entities}]><rss version="2.0"><channel>'
    return head.encode() + body + b"</channel></rss>"


HOSTILE = {
    "a billion laughs": xml("<title>&l11;</title>", f'<!ENTITY l0 "ha">{LOL}'),
    "a quadratic entity": xml(f"<title>{'&a;' * 50_000}</title>", f'<!ENTITY a "{"a" * 50_000}">'),
    "an outside entity": xml("<item><title>&x;</title></item>", '<!ENTITY x SYSTEM "file:///etc/passwd">'),
    "depth": b'<rss version="2.0"><channel>' + b"<a>" * 300_000,
    "attributes": item(f"<a {ATTRIBUTES}/>"),
    "an author of dots": item(f"<author>{'a.' * 200_000}</author>"),
    "tags that never close": item(f"<description><![CDATA[{'<b><i>' * 400_000}]]></description>"),
    "one enormous summary": item(f"<description>{'x' * 9_000_000}</description>"),
    "a third of a million items": xml(b"<item><title>a</title></item>" * 300_000),
    "a million JSON items": JSON + b'"items": [' + b'{"id":"1"},' * 900_000 + b"{}]}",
    "three million JSON lists": JSON + b'"items": [' + b"[]," * 3_300_000 + b"{}]}",
    "nested JSON": JSON + b'"items": ' + b"[" * 500_000,
    "JSON of the wrong kinds": JSON + b'"title": 7, "items": [1, null, {"id": [], "title": {}, "content_text": true}]}',
    "a huge JSON number": JSON + b'"items": [{"id": ' + b"9" * 6000 + b"}]}",
    "half a surrogate": JSON + b'"items": [{"id": "1", "title": "\\ud800 T"}]}',
    "nothing but NUL": b"\0" * 1_000_000,
    "an unknown encoding": xml("<item><title>T</title></item>", encoding="x-martian"),
    "UTF-7": xml(b"+ADw-item+AD4-", encoding="utf-7"),
    "a date of the year one": item("<pubDate>0001-01-01T00:00:00+14:00</pubDate>"),
    "a date of many digits": item(f"<pubDate>{'9' * 100_000}</pubDate>"),
    "CDATA in CDATA": item("<description><![CDATA[ <![CDATA[ ]]> ]]></description>"),
    "SGML declarations": b"<!DOCTYPE html [" + b"<!" * 200_000,
    "a comment without an end": b'<rss version="2.0"><channel><!--' + b"-" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_ends_as_entries_or_as_an_error(box: Sandbox, name: str) -> None:
    started = time.monotonic()
    with watched(box) as peak_bytes:
        try:
            document = box.feed(HOSTILE[name], URL, "", NOW)
        except OncowireError:
            document = None
    assert time.monotonic() - started < 10
    assert 0 < peak_bytes[0] <= 200_000_000, "also of a child that was ended over it"
    if document is not None:
        assert "root:" not in json.dumps(document.dump())
        assert all(len(e.title) <= 1000 and len(e.summary) <= 20_000 for e in document.entries)
    assert box.feed(item("<guid>1</guid>"), URL, "", NOW).entries[0].guid == "1"


@contextmanager
def watched(box: Sandbox) -> Iterator[list[int]]:
    """The highest resident memory of the box's child, looked at every 5 ms, so that one which is killed is seen too."""
    peak, over = [0], threading.Event()

    def look() -> None:
        while not over.is_set():
            child = box._child
            with suppress(OSError, IndexError):  # it has just ended, or is about to begin
                if child is not None and "alerts.feeds.child" in Path(f"/proc/{child.pid}/cmdline").read_text():
                    status = Path(f"/proc/{child.pid}/status").read_text()
                    peak[0] = max(peak[0], int(status.split("VmHWM:")[1].split()[0]) * 1024)
            time.sleep(0.005)

    thread = threading.Thread(target=look)
    thread.start()
    yield peak
    time.sleep(0.02)
    over.set()
    thread.join()


def test_a_document_that_takes_too_long_is_ended_and_costs_no_other() -> None:
    box = Sandbox(timeout_s=0.001)
    with pytest.raises(Transient, match="document_too_slow"):
        box.feed(item(""), URL, "", NOW)
    box._timeout_s = 30.0
    assert len(box.feed(item(""), URL, "", NOW).entries) == 1
    box.close()


def test_a_child_that_died_between_documents_is_replaced() -> None:
    with_child = Sandbox()
    with_child.feed(item(""), URL, "", NOW)
    assert with_child._child is not None
    with_child._child.kill()
    with_child._child.wait()
    assert len(with_child.feed(item(""), URL, "", NOW).entries) == 1
    with_child.close()


def test_a_document_that_breaks_the_parser_costs_the_next_one_nothing() -> None:
    """The child ends itself after a fault that nobody thought of; it must not be given the next document meanwhile."""
    box = Sandbox()
    for _ in range(3):
        with pytest.raises(Transient, match="feed_malformed"):
            box.feed(b'<?xml version="1.0" encoding="koi\xd0-r"?><rss version="2.0"/>', URL, "", NOW)
        assert len(box.feed(item(""), URL, "", NOW).entries) == 1
    box.close()


def test_the_limit_leaves_room_below_what_a_document_may_cost() -> None:
    assert MEMORY_BYTES < 200_000_000


def test_a_persons_selectors_cannot_hang_the_worker_either(box: Sandbox) -> None:
    page = b"<html><body>" + b"<p><a href='/x'>y</a></p>" * 3000 + b"</body></html>"
    slow = Selectors(item="//*[count(//*[count(//*) > 0]) > 0]")
    with pytest.raises(Transient, match="document_too_slow"):
        box.page(page, URL, slow, NOW)
