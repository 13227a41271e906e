# SPDX-License-Identifier: MIT
"""Short messages that tell no news: confirm your address, a test, a channel that died or lives again. Pure."""

from pydantic import Field

from alerts.delivery.inert import cut, one_line, safe_url
from alerts.delivery.render import lay_out
from alerts.model import ChannelKind, Message, Value

MAX_PARAGRAPHS, MAX_CHARS = 6, 600


class Note(Value):
    """Plain words and at most one button."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str = ""
    url: str = ""
    links: dict[str, str] = Field(default_factory=dict)


def render_note(channel: ChannelKind, note: Note, message_id: str) -> Message:
    """The message of one channel."""
    links = dict.fromkeys(("mute", "pause", "manage", "unsubscribe"), "")
    values = {
        "subject": cut(one_line(note.subject), 150),
        "paragraphs": [cut(one_line(p), MAX_CHARS) for p in note.paragraphs[:MAX_PARAGRAPHS]],
        "button": cut(one_line(note.button), 60),
        "url": safe_url(note.url),
        "links": links | {name: safe_url(url) for name, url in note.links.items()},
    }
    return lay_out(channel, "note", values, message_id)
