# SPDX-License-Identifier: MIT
"""Messages are what their receivers document: Block Kit by slackblocks, Adaptive Cards by Microsoft's schema."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator
from slackblocks import Button
from slackblocks.blocks import ActionsBlock, Block, ContextBlock, DividerBlock, HeaderBlock, SectionBlock

from alerts.delivery import render
from alerts.delivery.looks import BAD, GOOD, PLAIN, WARN
from alerts.model import ChannelKind, EventType
from tests.delivery.every import every
from tests.delivery.samples import approval

KINDS: dict[str, type[Block]] = {
    "context": ContextBlock,
    "divider": DividerBlock,
    "header": HeaderBlock,
    "section": SectionBlock,
}
SCHEMA = Path(__file__).parent / "schema" / "adaptive-card-1.5.0.json"


def parsed(block: dict[str, Any]) -> Block:
    """slackblocks refuses what Slack would refuse; it reads every block from JSON but those of buttons."""
    if block["type"] != "actions":
        return KINDS[block["type"]].from_dict(block)
    return ActionsBlock(
        [
            Button(text=e["text"]["text"], action_id=f"b{n}", url=e["url"], style=e.get("style"))
            for n, e in enumerate(block["elements"])
        ]
    )


def test_slack_messages_pass_slackblocks() -> None:
    for message in every(ChannelKind.SLACK).values():
        assert message.payload is not None
        for block in message.payload["blocks"]:
            parsed(block)


@cache
def _card_schema() -> Draft6Validator:
    """Microsoft's schema. It lets unknown properties pass wherever `allOf` builds one type on another, so those are asked
    of its own lists below."""
    return Draft6Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_schema_of_cards_is_the_one_that_was_vendored() -> None:
    for line in (SCHEMA.parent / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        wanted, name = line.split(maxsplit=1)
        assert hashlib.sha256((SCHEMA.parent / name).read_bytes()).hexdigest() == wanted


def test_cards_pass_the_schema_and_hold_only_what_version_1_4_knows() -> None:
    for message in every(ChannelKind.TEAMS).values():
        assert message.payload is not None
        card = dict(message.payload["attachments"][0]["content"])
        assert (card["version"], bool(card["fallbackText"])) == ("1.4", True)
        assert card.pop("msteams") == {"width": "Full"}  # Teams' own, which the schema does not know
        assert [f"{e.json_path}: {e.message}" for e in _card_schema().iter_errors(card)] == []
        _element(card)


def test_a_card_with_a_wrong_word_or_property_or_a_newer_element_does_not_pass() -> None:
    def card(**element: Any) -> dict[str, Any]:
        return {"type": "AdaptiveCard", "version": "1.4", "body": [element]}

    plain = {"type": "TextBlock", "text": "a", "wrap": True}
    assert _card_schema().is_valid(card(**plain))
    for wrong in ({"size": "Huge"}, {"text": 3}, {"type": "Marquee"}):
        assert not _card_schema().is_valid(card(**plain | wrong))
    for unknown in (plain | {"blink": True}, {"type": "Table"}):
        with pytest.raises(AssertionError):
            _element(card(**unknown))


def _known(kind: str) -> dict[str, Any]:
    """Properties of an element with what it inherits, as the schema has them."""
    definitions: dict[str, Any] = _card_schema().schema["definitions"]  # type: ignore[index]
    found, left = {}, [definitions[kind]]
    while left:
        one = left.pop()
        found.update({n: p for n, p in one.get("properties", {}).items() if n not in found or p})
        left += [definitions[base["$ref"].rpartition("/")[2]] for base in one.get("allOf", ()) if "$ref" in base]
    return found


def _element(element: dict[str, Any]) -> None:
    kind = element["type"]
    known = _known(kind)
    definitions: dict[str, Any] = _card_schema().schema["definitions"]  # type: ignore[index]
    assert definitions[kind].get("version", "1.0") <= "1.4", kind
    for name in element:
        assert name in known or name == "$schema", (kind, name)
        assert known.get(name, {}).get("version", "1.0") <= "1.4", (kind, name)
    if kind == "TextBlock":
        assert element["wrap"] is True
        assert element["text"]
    for child in (*element.get("body", []), *element.get("items", []), *element.get("actions", [])):
        _element(child)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", [GOOD, BAD, WARN, PLAIN])
def test_every_colour_of_an_event_is_read_easily_in_light_and_dark(look: Any) -> None:
    assert contrast(look.colour, "#ffffff") >= 4.5
    assert contrast(look.dark_colour, "#161b26") >= 4.5


@pytest.mark.parametrize(
    "quiet",
    [
        ("#475467", "#ffffff"),
        ("#475467", "#f2f4f7"),
        ("#175cd3", "#ffffff"),
        ("#cecfd2", "#161b26"),
        ("#84adff", "#161b26"),
    ],
)
def test_quiet_words_and_links_are_read_easily(quiet: tuple[str, str]) -> None:
    assert contrast(*quiet) >= 4.5


@pytest.mark.parametrize("event", EventType)
def test_every_event_has_colour_and_icon_with_words_beside_them(event: EventType) -> None:
    html = render(ChannelKind.EMAIL, approval(event=event, status_line="Some status"), "<1@x>").html or ""
    assert "</span> Some status" in html


def test_a_mail_is_fit_for_outlook_screen_readers_and_gmail() -> None:
    for message in every(ChannelKind.EMAIL).values():
        assert message.html is not None
        assert message.html.count("<table") == message.html.count('role="presentation"')
        for wanted in ("[if mso]", 'lang="en"', 'name="color-scheme"', "prefers-color-scheme: dark"):
            assert wanted in message.html
        assert len(message.html.encode()) <= 80_000
        assert message.text.strip()
