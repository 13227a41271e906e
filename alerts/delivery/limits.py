# SPDX-License-Identifier: MIT
"""What a channel's receiver takes. Checked of every message before it is stored, and of a template before it is saved. Pure.

Sources: Slack docs.slack.dev/reference/block-kit/blocks (and 13,200 characters in all, measured); Teams 28 KB of the expanded
message (24,453 bytes were refused, measured): 20,000 are ours; Gmail clips a mail at about 102 KB: 80,000 are ours.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from alerts.model import ChannelKind, Message

MAX_SUBJECT_CHARS = 150
MAX_HTML_BYTES = 80_000
MAX_TEXT_BYTES = 80_000
MAX_CARD_BYTES = 20_000
MAX_CARD_ACTIONS = 6
SLACK_BLOCKS, SLACK_HEADER, SLACK_SECTION, SLACK_FIELD, SLACK_FIELDS, SLACK_CONTEXT = 50, 150, 3000, 2000, 10, 10
SLACK_BUTTON, SLACK_URL, SLACK_ACTIONS, SLACK_TOTAL, SLACK_TOP_TEXT = 75, 3000, 25, 13_200, 4000


class Over(NamedTuple):
    """One limit that a message passes: a stable code and words."""

    code: str
    message: str


def over(message: Message) -> list[Over]:
    """All limits of its channel that the message passes; empty if its receiver will take it."""
    checks = {ChannelKind.EMAIL: _email, ChannelKind.SLACK: _slack, ChannelKind.TEAMS: _teams}
    found = [Over(code, text) for code, text, bad in checks[message.channel](message) if bad]
    if len(message.subject) > MAX_SUBJECT_CHARS or "\n" in message.subject or "\r" in message.subject:
        found.append(Over("subject_limit", f"the subject is one line of {MAX_SUBJECT_CHARS} characters at most"))
    return found


_Check = Iterator[tuple[str, str, bool]]


def _email(message: Message) -> _Check:
    size, text = len((message.html or "").encode()), len(message.text.encode())
    yield "html_bytes", f"the HTML part has {size:,} bytes of {MAX_HTML_BYTES:,}", size > MAX_HTML_BYTES
    yield "text_bytes", f"the text part has {text:,} bytes of {MAX_TEXT_BYTES:,}", text > MAX_TEXT_BYTES
    yield "text_missing", "the text part is empty", not message.text.strip()


def _slack(message: Message) -> _Check:
    payload = message.payload or {}
    blocks = payload.get("blocks", [])
    total = len(json.dumps(blocks, ensure_ascii=False))
    yield (
        "slack_text",
        "the top-level text is missing or too long",
        not 0 < len(payload.get("text", "")) <= SLACK_TOP_TEXT,
    )
    yield "slack_blocks", f"{len(blocks)} blocks of {SLACK_BLOCKS}", len(blocks) > SLACK_BLOCKS
    yield "slack_total", f"{total:,} characters of {SLACK_TOTAL:,} in all", total > SLACK_TOTAL
    for block in blocks:
        yield from _block(block)


def _block(block: dict[str, Any]) -> _Check:
    limit = SLACK_HEADER if block["type"] == "header" else SLACK_SECTION
    size = len(block["text"]["text"]) if "text" in block else 1
    yield "slack_section", f"a {block['type']} has {size} characters of {limit}", not 0 < size <= limit
    fields, elements = block.get("fields", []), block.get("elements", [])
    yield "slack_fields", f"{len(fields)} fields of {SLACK_FIELDS}", len(fields) > SLACK_FIELDS
    long = any(len(field["text"]) > SLACK_FIELD for field in fields)
    yield "slack_field", f"a field has more than {SLACK_FIELD} characters", long
    most = SLACK_ACTIONS if block["type"] == "actions" else SLACK_CONTEXT
    yield "slack_elements", f"{len(elements)} elements of {most}", len(elements) > most
    for button in (e for e in elements if e["type"] == "button"):
        bad = len(button["text"]["text"]) > SLACK_BUTTON or len(button["url"]) > SLACK_URL
        yield "slack_button", f"a button's label has {SLACK_BUTTON}, its url {SLACK_URL} characters at most", bad


def _teams(message: Message) -> _Check:
    size = len(json.dumps(message.payload, ensure_ascii=False).encode())
    yield "card_bytes", f"the card has {size:,} bytes of {MAX_CARD_BYTES:,}", size > MAX_CARD_BYTES
    for attachment in (message.payload or {}).get("attachments", []):
        actions = attachment["content"].get("actions", [])
        yield "card_actions", f"{len(actions)} buttons of {MAX_CARD_ACTIONS}", len(actions) > MAX_CARD_ACTIONS
        other = any(action["type"] != "Action.OpenUrl" for action in actions)
        yield "card_action_kind", "only Action.OpenUrl works in every client", other
