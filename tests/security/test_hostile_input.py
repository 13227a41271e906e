# SPDX-License-Identifier: MIT
"""Documents, patterns and messages made to hurt: refused with a code, or read as harmless text."""

import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.errors import OncowireError
from alerts.facts import concepts, reader
from alerts.feeds.opml import read_opml
from alerts.feeds.parse import parse as parse_feed
from alerts.model import NewsItem
from alerts.subscriptions import match, parse
from worker import tasks
from worker.app import app

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 10}">' for n in range(9))


def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("top secret")
    return path


def test_a_feed_cannot_read_a_file_of_ours(tmp_path: Path) -> None:
    body = (
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret_file(tmp_path)}">]><rss version="2.0"><channel>'
        "<title>&x;</title><item><title>News &x;</title><link>https://example.org/1</link></item></channel></rss>"
    )
    assert "top secret" not in str(parse_feed(body.encode(), "https://example.org/feed", "text/xml", NOW))


def test_entities_that_multiply_do_not(tmp_path: Path) -> None:
    body = f"<!DOCTYPE r [{LAUGHS}]><rss version='2.0'><channel><item><title>&a8;</title></item></channel></rss>"
    try:
        found = str(parse_feed(body.encode(), "https://example.org/feed", "text/xml", NOW))
    except OncowireError:
        return
    assert len(found) < 10_000


@pytest.mark.parametrize("doctype", ['<!ENTITY x SYSTEM "file:///etc/hostname">', LAUGHS])
def test_an_opml_file_with_entities_is_refused(doctype: str) -> None:
    body = f"<!DOCTYPE r [{doctype}]><opml><body><outline text='&x;' xmlUrl='https://example.org/feed'/></body></opml>"
    with pytest.raises(OncowireError):
        read_opml(body.encode())


def rule(text: str) -> str:
    return f"name: x\nrule: {{text: {{any: ['{text}']}}, drugs: {{any: [cabozantinib]}}}}\nchannels: [{{email: a@example.org}}]\n"


@pytest.mark.parametrize("pattern", ["re:(?=x)", r"re:(a)\1", "re:(", "re:(a{1000}){1000}", "re:" + "a" * 600])
def test_a_pattern_that_the_linear_engine_refuses_is_a_fault_of_the_rule(pattern: str) -> None:
    assert [fault.code for fault in parse(rule(pattern), concepts(), frozenset()).faults] == ["bad_pattern"]


def test_a_pattern_that_blows_up_elsewhere_is_harmless_here() -> None:
    assert parse(rule("re:^(a+)+$"), concepts(), frozenset()).faults == []
    item = NewsItem(id="1", title="cabozantinib " + "a" * 5000 + "!", first_seen=NOW)
    (spec,) = parse(rule("re:(a+)+$"), concepts(), frozenset()).specs
    assert match(spec.rule, item, reader().read(item), concepts()).match is False  # `re` would not come back from this


@pytest.mark.parametrize(
    "text", ["[" * 5000, "a: {" * 3000, "&a [*a]", "!!python/object/apply:os.system [id]", "x" * 1_000_001]
)
def test_a_rule_file_made_to_hurt_is_a_fault_with_a_line(text: str) -> None:
    parsed = parse(text, concepts(), frozenset())
    assert parsed.specs == []
    assert all(fault.line >= 1 for fault in parsed.faults)


def test_messages_carry_nothing_and_are_json() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert not app.conf.result_backend
    for task in (tasks.poll, tasks.read, tasks.deliver, tasks.housekeeping):
        assert list(inspect.signature(task.run).parameters) == []
