# SPDX-License-Identifier: MIT
"""Rendered parts of a team's template → a message: cleaned HTML in our frame; Slack blocks or card with our buttons. Pure.

The parts are the team's, the frame is ours: why a message came, and the links to mute, manage and leave, are always there.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import nh3

from alerts.delivery.inert import cut, one_line
from alerts.delivery.limits import SLACK_SECTION, over
from alerts.delivery.render import ALERT_SIZES, MAX_DIGEST_ALERTS, lay_out, mail, wrapped
from alerts.delivery.templating.lint import Fault
from alerts.delivery.values import SUBJECT_CHARS, alert_values, digest_values
from alerts.errors import InputError
from alerts.model import Alert, ChannelKind, Digest, Message

TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"align", "width", "colspan"},
    "th": {"align", "width", "colspan"},
    "*": {"class", "style"},
}
STYLES = {
    "background", "background-color", "border", "border-bottom", "border-left", "border-radius", "border-top", "color",
    "font-size", "font-style", "font-weight", "line-height", "margin", "margin-bottom", "margin-top", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration", "vertical-align",
}  # fmt: skip


def assemble(channel: ChannelKind, parts: Mapping[str, str], values: Mapping[str, Any], message_id: str) -> Message:
    """Raises InputError with the code of the first limit that the message passes."""
    made = _message(channel, parts, dict(values), message_id)
    found = over(made)
    if found:
        raise InputError(found[0].code, "; ".join(o.message for o in found))
    return made


def attempts(told: Alert | Digest) -> list[dict[str, Any]]:
    """Values with ever less in them: a message is made of the first that its channel's limits let through."""
    if isinstance(told, Alert):
        return [alert_values(told, quotes=quotes, sources=sources) for quotes, sources in ALERT_SIZES]
    total = sum(len(group.alerts) for group in told.groups)
    shown = [min(total, MAX_DIGEST_ALERTS)]
    while shown[-1]:
        shown.append(shown[-1] // 2)
    return [digest_values(told, number) for number in shown]


def fitting(
    channel: ChannelKind,
    made: Sequence[Mapping[str, str] | Fault],
    values: Sequence[Mapping[str, Any]],
    message_id: str,
) -> Message:
    """The message that shows most. Raises InputError with what is wrong even with the least of it."""
    wrong = InputError("nothing_to_tell", "there is nothing to tell")
    for parts, one in zip(made, values, strict=True):
        if isinstance(parts, Fault):
            raise InputError(parts.code, f"{parts.part}:{parts.line}: {parts.message}")
        try:
            return assemble(channel, parts, one, message_id)
        except InputError as exc:
            wrong = exc
    raise wrong


def lost_links(channel: ChannelKind, message: Message, values: Mapping[str, Any]) -> list[Fault]:
    """The parts of a mail without the link to leave: their words named it, but did not put it out."""
    leave = values["links"]["unsubscribe"]
    if channel is not ChannelKind.EMAIL or not leave:
        return []
    lost = [part for part in ("html", "text") if leave.replace("&", "&amp;") not in _seen(message, part)]
    return [Fault(part, 1, "unsubscribe_missing", "the link to unsubscribe is not in the message") for part in lost]


def _seen(message: Message, part: str) -> str:
    text = (message.html or "") if part == "html" else message.text
    return text.replace("&amp;", "&").replace("&", "&amp;")


def _message(channel: ChannelKind, parts: Mapping[str, str], values: dict[str, Any], message_id: str) -> Message:
    if channel is ChannelKind.EMAIL:
        values["subject"] = cut(one_line(parts["subject"]), SUBJECT_CHARS)
        return mail(values, message_id, *wrapped(clean(parts["html"]), parts["text"], values))
    values["subject"] = cut(one_line(parts["title"]), SUBJECT_CHARS)
    values["paragraphs"] = paragraphs(parts["body"])
    return lay_out(channel, "team", values, message_id)


def clean(markup: str) -> str:
    """The team's HTML without scripts, forms, pictures, foreign styles and any address but http(s) and mailto."""
    return nh3.clean(
        markup,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        filter_style_properties=STYLES,
        link_rel="noopener noreferrer",
    )


def paragraphs(body: str) -> list[str]:
    """Blank lines part paragraphs; each within what a section holds."""
    whole = [p.strip() for p in re.split(r"\n\s*\n", body) if p.strip()]
    return [cut(p, SLACK_SECTION) for p in whole[:30]]
