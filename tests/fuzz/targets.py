# SPDX-License-Identifier: MIT
"""One function a target: bytes in, nothing out; anything but an error of ours is a finding."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

from alerts.delivery import render
from alerts.delivery.limits import over
from alerts.delivery.templating import PARTS, child, lint
from alerts.delivery.templating.samples import known
from alerts.delivery.values import alert_values
from alerts.errors import OncowireError
from alerts.facts import concepts, reader
from alerts.feeds.opml import read_opml
from alerts.feeds.parse import parse as parse_feed
from alerts.model import AlertKind, ChannelKind, NewsItem
from alerts.subscriptions import parse as parse_rules
from tests.delivery.samples import HOSTILE, everywhere

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CHANNELS = tuple(ChannelKind)
MAX_BYTES = 20_000
UNSUBSCRIBE = "\n{{ links.unsubscribe }}"


def feed(data: bytes) -> None:
    """A document as it came from a publisher, and the same bytes as an OPML file."""
    try:
        document = parse_feed(data, "https://example.org/feed", "application/xml", NOW)
    except OncowireError:
        pass
    else:
        for entry in document.entries:
            assert not entry.link or entry.link.startswith(("http://", "https://"))
            assert "\x00" not in entry.title + entry.summary
            assert "<script" not in entry.summary.lower()
    with contextlib.suppress(OncowireError):
        read_opml(data)


def text(data: bytes) -> None:
    """Title and summary of an item; every span must point at its words."""
    title, _, summary = data.decode("utf-8", "replace").partition("\n")
    item = NewsItem(id="1", title=title, summary=summary, first_seen=NOW)
    facts = reader().read(item)
    mentions = [m for drug in facts.drugs for m in drug.mentions] + [
        m for one in facts.indications for m in one.mentions
    ]
    for mention in mentions:
        source = title if mention.field == "title" else summary
        assert source[mention.start : mention.end] == mention.text


def rules(data: bytes) -> None:
    """A rule file: specifications or faults with a line, never an exception."""
    parsed = parse_rules(data.decode("utf-8", "replace"), concepts(), frozenset())
    assert all(fault.line >= 1 and fault.code for fault in parsed.faults)


def message(data: bytes) -> None:
    """Feed text in every place of a message of each channel: within its limits, inert, one line in every header."""
    words = data.decode("utf-8", "replace")
    for channel in CHANNELS:
        made = render(channel, everywhere(words, 3, AlertKind.UPDATE), "<1@x>")
        assert over(made) == []
        assert "\n" not in made.subject
        seen = made.html or json.dumps(made.payload, ensure_ascii=False)
        assert "<script" not in seen.lower()
        assert "<!channel>" not in seen


def template(data: bytes) -> None:
    """A team's template: faults with a line, or it renders; what it was given stays inert, and it runs away with nothing."""
    words = data.decode("utf-8", "replace")
    values = alert_values(everywhere(HOSTILE, 2, AlertKind.UPDATE))
    for channel in CHANNELS:
        source = {part: words + (UNSUBSCRIBE if part in {"html", "text"} else "") for part in PARTS[channel]}
        faults = lint(channel, source, known())
        assert all(fault.line >= 1 and fault.code for fault in faults)
        wrong = {fault.part for fault in faults}
        sound = {part: text for part, text in source.items() if part not in wrong}
        for part, text in sound.items():
            made = child.one({part: child.environment(channel, part).from_string(text)}, values)
            assert "error" in made or len(made["parts"][part]) <= child.MAX_PART_CHARS
            if "<" not in text:
                assert "<script" not in made.get("parts", {}).get(part, "").lower() or part != "html"


TARGETS: dict[str, Callable[[bytes], None]] = {
    "feed": feed,
    "text": text,
    "rules": rules,
    "message": message,
    "template": template,
}
