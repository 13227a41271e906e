# SPDX-License-Identifier: MIT
"""What ops are told: short, plain, the same in every channel. Pure."""

from collections.abc import Sequence

from alerts.delivery.inert import cut, one_line, slack_words, teams_text
from alerts.model import ChannelKind, Message

MAX_LINES = 30  # the console shows the rest


def render_notice(
    channel: ChannelKind, begun: Sequence[str], over: Sequence[str], message_id: str, link: str
) -> Message:
    """One message for all that began and all that is over; `link` leads to the console."""
    subject = cut(one_line(_subject(begun, over)), 150)
    lines = [f"⚠️ {one_line(text)}" for text in begun] + [f"✅ Over: {one_line(text)}" for text in over]
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"… and {len(lines) - MAX_LINES} more"]
    text = "\n\n".join([*lines, f"Status: {link}"])
    return Message(
        channel=channel,
        message_id=message_id,
        subject=subject,
        text=text,
        payload=_payload(channel, subject, lines, link),
    )


def _subject(begun: Sequence[str], over: Sequence[str]) -> str:
    first = (*begun, *over)[0]
    if len(begun) + len(over) == 1:
        return f"[Oncowire] {'Trouble' if begun else 'Over'}: {first}"
    return f"[Oncowire] {len(begun)} new troubles, {len(over)} over: {first}"


def _payload(channel: ChannelKind, subject: str, lines: Sequence[str], link: str) -> dict[str, object] | None:
    if channel is ChannelKind.SLACK:
        text = "\n".join(slack_words(line, 400) for line in lines)
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": cut(text, 2900)}}]
        return {"text": slack_words(subject, 300), "blocks": blocks}
    if channel is ChannelKind.TEAMS:
        body = [{"type": "TextBlock", "text": teams_text(line, 500), "wrap": True} for line in lines]
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard", "version": "1.4", "fallbackText": teams_text(subject, 300),
            "body": [{"type": "TextBlock", "text": teams_text(subject, 300), "weight": "Bolder", "wrap": True}, *body],
            "actions": [{"type": "Action.OpenUrl", "title": "Status", "url": link}],
        }  # fmt: skip
        return {
            "type": "message",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
        }
    return None
