# SPDX-License-Identifier: MIT
"""Logs are one structured line an event, on standard error, without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from alerts import logs
from alerts.config import load


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    out, err = capsys.readouterr()
    assert out == ""  # standard output belongs to the commands' answers
    return [json.loads(line) for line in err.splitlines()]


def test_an_event_is_one_json_line_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load({"ONCOWIRE_LOG_FORMAT": "json"}))
    structlog.get_logger().info("read", trace="i3", relevant=True)
    (line,) = _lines(capsys)
    assert (line["event"], line["relevant"], line["trace"], line["level"]) == ("read", True, "i3", "info")


def test_lines_of_libraries_take_the_same_road(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load({"ONCOWIRE_LOG_FORMAT": "json"}))
    logging.getLogger("celery.worker").warning("lost %s", "redis://:hunter2@broker:6379/0")
    logging.getLogger("celery.worker").info("a sweep")
    (line,) = _lines(capsys)
    assert line["event"] == "lost redis://***@broker:6379/0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("smtp://alice:pa55@mail.example.org:587", "smtp://***@mail.example.org:587"),
        ("https://hooks.slack.com/services/T0/B0/abc failed", "https://hooks.slack.com/services/*** failed"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/9/run?sig=x", "https://prod-1.westeurope.logic.azure.com:443/***"),
        ("GET /s/unsubscribe?token=abc.def", "GET /s/unsubscribe?token=***"),
        ("550 <alice.smith@example.org> unknown", "550 <a***@example.org> unknown"),
        ("using xoxb-1-2-3", "using xox-***"),
        ("cabozantinib at 14:00", "cabozantinib at 14:00"),
    ],
)  # fmt: skip
def test_secrets_inside_texts_are_masked(text: str, shown: str) -> None:
    assert logs.masked(text) == shown


def test_values_under_secret_names_are_masked_however_deep() -> None:
    event = {
        "event": "x",
        "password": "a",
        "channel": {"webhook_url": "b", "kind": "slack"},
        "list": ["bob@example.org"],
    }
    assert logs.redact(None, "info", event) == {
        "event": "x", "password": "***", "channel": {"webhook_url": "***", "kind": "slack"}, "list": ["b***@example.org"],
    }  # fmt: skip
