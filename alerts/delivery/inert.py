# SPDX-License-Identifier: MIT
"""Feed text made inert, per channel: no control or direction characters, no mark-up, no mention, no address but http(s). Pure."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

# C0/C1 controls, zero-width and byte-order marks, direction marks and overrides, line and paragraph separators, lone surrogates.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)
_SLACK_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_WORD_JOINER = "\u2060"  # takes no room and keeps two characters from being read together
_SLACK_WORDS = _SLACK_ESCAPES | {mark: mark + _WORD_JOINER for mark in "*_~`"}
MAX_URL_CHARS = 3000  # Slack: the longest url of a button or link


def one_line(text: str) -> str:
    """No line ends, control or direction characters: safe in a header and in a table."""
    return " ".join(_CONTROL.sub(" ", text).split())


def cut(text: str, limit: int) -> str:
    """At a word, with an ellipsis; never longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head) + "…"


def safe_url(url: str) -> str:
    """The address if it is http(s) and has no characters that end it early; else nothing."""
    text = url.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    listed = parts.scheme in {"http", "https"} and parts.hostname and len(text) <= MAX_URL_CHARS
    if not listed or _CONTROL.search(text) or re.search(r"\s", text):
        return ""
    return text.translate({ord(char): f"%{ord(char):02X}" for char in "<>\"'|\\`{}^"})


def slack_text(value: str, limit: int = 3000) -> str:
    """Inert in Slack: & < > are the only characters that start a mention or a link (docs.slack.dev, escaping).

    `limit` holds of the escaped text; it is cut before a character that would pass it.
    """
    return _bounded(value, limit, _SLACK_ESCAPES)


def slack_words(value: str, limit: int = 3000) -> str:
    """As slack_text, with the marks of bold, italic, strike and code kept from pairing."""
    return _bounded(value, limit, _SLACK_WORDS)


def _bounded(value: str, limit: int, pieces: Mapping[str, str]) -> str:
    text = one_line(value)
    escaped = "".join(pieces.get(char, char) for char in text)
    if len(escaped) <= limit:
        return escaped
    kept, room = [], limit - 1
    for char in text:
        room -= len(pieces.get(char, char))
        if room < 0:
            break
        kept.append(pieces.get(char, char))
    return "".join(kept) + "…"


def slack_plain(value: str, limit: int) -> str:
    """For plain_text, where nothing is parsed: no angle brackets all the same."""
    return cut(one_line(value).translate({ord("<"): "‹", ord(">"): "›"}), limit)


def slack_link(url: str, label: str, limit: int = 300) -> str:
    """A link in mrkdwn; the label alone where the address is not http(s)."""
    address = safe_url(url).replace("&", "&amp;")
    return f"<{address}|{slack_words(label, limit)}>" if address else slack_words(label, limit)


def teams_text(value: str, limit: int = 2000) -> str:
    """Inert in an Adaptive Card: marks of its Markdown escaped, no list at the start, no {{DATE()}}, no <at>."""
    text = cut(one_line(value), limit).replace("<", "‹").replace("{{", "{" + _WORD_JOINER + "{")
    text = re.sub(r"([\\*_\[\]`])", r"\\\1", text)
    return re.sub(r"^([-+#]|\d+[.)])(?= )", rf"\1{_WORD_JOINER}", text)


def teams_link(url: str, label: str, limit: int = 300) -> str:
    """A link in the Markdown of a card; the label alone where the address is not http(s)."""
    address = safe_url(url).replace("(", "%28").replace(")", "%29")
    return f"[{teams_text(label, limit)}]({address})" if address else teams_text(label, limit)
