# SPDX-License-Identifier: MIT
"""Feeds on the command line: what ops type, against a real origin."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alerts.cli import app
from alerts.config import settings
from alerts.errors import InputError, Permanent
from tests.feeds.origin import Answer, Origin, ok, rss, running_origin, status
from tests.feeds.test_page import APPROVALS

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as made:
        yield made


@pytest.fixture
def host(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The origin as the command line reaches it; a database of this test alone."""
    for name, value in {
        "VAR_DIR": tmp_path / "var",
        "FETCH_ALLOW": f"127.0.0.1:{origin.port}",
        "MIN_INTERVAL_S": "0.001",
        "LOG_LEVEL": "ERROR",
    }.items():
        monkeypatch.setenv(f"ONCOWIRE_{name}", str(value))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    origin.scripts.clear()
    yield f"http://127.0.0.1:{origin.port}"
    settings.cache_clear()


def oncowire(*words: str) -> Result:
    done = CliRunner().invoke(app, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def answers(origin: Origin, path: str, *given: Answer) -> None:
    origin.scripts["127.0.0.1" + path] = list(given)


def shown(url: str) -> Any:
    return json.loads(oncowire("feeds", "show", url, "--json").stdout)


def test_a_feed_is_added_polled_shown_and_removed(origin: Origin, host: str) -> None:
    answers(origin, "/feed", ok("one"), status(503), ok("one", "two"))
    url = f"{host}/feed"
    assert (
        oncowire("feeds", "add", url, "--title", "Wire", "--tier", "wire", "--interval", "30").stdout
        == f"added: {url}\n"
    )
    assert oncowire("feeds", "add", url).stdout == f"known: {url}\n"
    for _ in range(3):
        assert oncowire("poll", "--all").exit_code == 0
    row = shown(url)
    assert (row["title"], row["tier"], row["interval_s"], row["state"], row["item_count"]) == (
        "Wire",
        "wire",
        1800,
        "ok",
        2,
    )
    assert [(a["status"], a["new_count"], a["error_code"]) for a in row["attempts"]] == [
        (200, 1, None),
        (503, 0, "http_503"),
        (200, 1, None),
    ]
    assert "http_503: the server answered 503" in oncowire("feeds", "show", url).stdout
    assert json.loads(oncowire("feeds", "list", "--json").stdout)[0]["url"] == url
    assert oncowire("feeds", "remove", url).stdout == f"retired: {url}\n"
    assert json.loads(oncowire("feeds", "list", "--json").stdout) == []
    assert oncowire("feeds", "add", url).stdout == f"added: {url}\n"
    assert shown(url)["item_count"] == 2


def test_a_paused_feed_rests_until_it_is_resumed(origin: Origin, host: str) -> None:
    answers(origin, "/feed", ok("one"))
    oncowire("feeds", "add", f"{host}/feed")
    oncowire("feeds", "pause", f"{host}/feed")
    before = len(origin.log)
    oncowire("poll", "--all")
    assert (len(origin.log), shown(f"{host}/feed")["state"]) == (before, "paused")
    oncowire("feeds", "resume", f"{host}/feed")
    oncowire("poll")
    assert (len(origin.log), shown(f"{host}/feed")["state"]) == (before + 1, "ok")


def test_feeds_go_out_as_opml_and_come_back_and_hostile_addresses_stay_out(host: str, tmp_path: Path) -> None:
    oncowire("feeds", "add", f"{host}/a", "--title", "A & B", "--tier", "journal")
    oncowire("feeds", "export", str(tmp_path / "out.opml"))
    oncowire("feeds", "remove", f"{host}/a")
    assert oncowire("feeds", "import", str(tmp_path / "out.opml")).stdout == f"added: {host}/a\n"
    assert (shown(f"{host}/a")["title"], shown(f"{host}/a")["tier"]) == ("A & B", "journal")
    hostile = (tmp_path / "out.opml").read_text().replace(f"{host}/a", "http://169.254.169.254/")
    (tmp_path / "bad.opml").write_text(hostile)
    done = oncowire("feeds", "import", str(tmp_path / "bad.opml"))
    assert (done.exit_code, "address_refused_private" in done.stderr) == (1, True)
    with pytest.raises(InputError, match="cannot_read"):
        oncowire("feeds", "import", str(tmp_path / "none.opml"))
    with pytest.raises(Permanent, match="address_refused"):
        oncowire("feeds", "add", "http://2130706433/")


def test_an_address_is_checked_without_being_stored(origin: Origin, host: str) -> None:
    answers(origin, "/feed", ok("one"))
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'
    answers(origin, "/page", status(200, page))
    good, named = oncowire("feeds", "check", f"{host}/feed"), oncowire("feeds", "check", f"{host}/page")
    assert (good.exit_code, "rss20: Wire, 1 entries" in good.stdout) == (0, True)
    assert (named.exit_code, f"a feed of this page: {host}/feed" in named.stdout) == (1, True)
    assert json.loads(oncowire("feeds", "check", f"{host}/feed", "--json").stdout)["kind"] == "rss20"


def test_a_page_without_a_feed_is_tried_added_and_polled(origin: Origin, host: str) -> None:
    answers(origin, "/approvals", status(200, APPROVALS))
    url = f"{host}/approvals"
    where = ["--item", "//main//tbody/tr", "--item-title", "td[1]", "--item-link", "string(td[1]//a/@href)"]
    where += ["--item-date", "td[2]", "--date-format", "%m/%d/%Y"]
    assert "page: Oncology approvals | Regulator, 3 entries" in oncowire("feeds", "check", url, *where).stdout
    oncowire("feeds", "add", url, *where)
    oncowire("poll", "--feed", url)
    assert (shown(url)["state"], shown(url)["item_count"]) == ("ok", 3)
    assert "3 entries" in oncowire("feeds", "check", url).stdout
    with pytest.raises(InputError, match="need --item"):
        oncowire("feeds", "check", url, "--item-title", "td[1]")


def test_a_flood_is_held_until_somebody_lets_it_go(origin: Origin, host: str) -> None:
    many = rss(*[f"n{n}" for n in range(80)])
    answers(origin, "/feed", ok("one"), Answer(200, (), many), Answer(200, (), many))
    oncowire("feeds", "add", f"{host}/feed")
    oncowire("poll")
    oncowire("poll", "--all")
    assert shown(f"{host}/feed")["held_count"] == 80
    assert oncowire("feeds", "release", f"{host}/feed", "--silently").stdout == "80 items released\n"
    assert shown(f"{host}/feed")["held_count"] == 0


def test_wrong_wishes_are_refused_with_what_would_be_right(host: str) -> None:
    for words in (["--tier", "king"], ["--identity", "name"], ["--interval", "-1"]):
        with pytest.raises(InputError, match="bad_options"):
            oncowire("feeds", "add", f"{host}/feed", *words)
    with pytest.raises(InputError, match="unknown_feed"):
        oncowire("feeds", "show", f"{host}/other")
