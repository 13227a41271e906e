# SPDX-License-Identifier: MIT
"""What ops are told: short, plain, the same in every channel. Pure."""

from collections.abc import Sequence

from alerts.delivery.inert import cut, one_line, safe_url
from alerts.delivery.render import lay_out
from alerts.model import ChannelKind, Message

MAX_LINES, MAX_LINE_CHARS = 30, 400  # the console shows the rest


def render_notice(
    channel: ChannelKind, begun: Sequence[str], over: Sequence[str], message_id: str, link: str
) -> Message:
    """One message for all that began and all that is over; `link` leads to the console."""
    subject = cut(one_line(_subject(begun, over)), 150)
    lines = [f"⚠️ {one_line(text)}" for text in begun] + [f"✅ Over: {one_line(text)}" for text in over]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"… and {len(lines) - MAX_LINES} more"]
    values = {
        "subject": subject,
        "paragraphs": [cut(line, MAX_LINE_CHARS) for line in lines],
        "button": "Status",
        "url": safe_url(link),
        "links": dict.fromkeys(("mute", "pause", "manage", "unsubscribe"), ""),
    }
    return lay_out(channel, "note", values, message_id)


def _subject(begun: Sequence[str], over: Sequence[str]) -> str:
    first = (*begun, *over)[0]
    if len(begun) + len(over) == 1:
        return f"[Oncowire] {'Trouble' if begun else 'Over'}: {first}"
    return f"[Oncowire] {len(begun)} new troubles, {len(over)} over: {first}"
