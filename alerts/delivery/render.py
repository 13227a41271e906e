# SPDX-License-Identifier: MIT
"""Alert → message per channel. The layout is in templates/<channel>/; limits and escaping are here. Pure."""

import json
import re
from functools import lru_cache
from typing import Any

import css_inline
import jinja2

from alerts.config import TEMPLATES
from alerts.model import Alert, AlertKind, ChannelKind, EventType, Message

SUBJECT_CHARS = 150
LINE_CHARS = 300
MAX_ROWS = 10
MAX_QUOTES = 3
MAX_HTML_BYTES = 80_000  # Gmail clips at about 102 KB
MAX_CARD_BYTES = 20_000  # Teams refuses 28 KB of the expanded message
SLACK_HEADER, SLACK_SECTION, SLACK_FIELD = 150, 3000, 2000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069]+")

# Colour, icon of each kind of event; the word stands beside it always.
TONES = {
    "good": ("#1a7f37", "✅"), "bad": ("#b42318", "⛔"), "warn": ("#b54708", "⚠️"), "plain": ("#175cd3", "🔔"),
}  # fmt: skip
_GOOD = {
    EventType.APPROVAL,
    EventType.LABEL_EXPANSION,
    EventType.OPINION_POSITIVE,
    EventType.TRIAL_POSITIVE,
    EventType.ACCESS,
}
_BAD = {EventType.REJECTION, EventType.TRIAL_NEGATIVE, EventType.TRIAL_STOPPED, EventType.WITHDRAWAL}


_SLACK_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def tone(event: EventType) -> str:
    if event in _GOOD:
        return "good"
    return "bad" if event in _BAD else "warn" if event is EventType.SAFETY else "plain"


def subject(alert: Alert) -> str:
    """Status, drug, cancer: "[EU approval] cabozantinib: pancreatic NET"; the first 60 characters tell it all."""
    head = f"Update: {alert.status_line}" if alert.kind is AlertKind.UPDATE else alert.status_line
    what = ": ".join(part for part in (alert.drugs, alert.cancers) if part) or alert.headline
    return cut(one_line(f"[{head}] {what}"), SUBJECT_CHARS)


def render(channel: ChannelKind, alert: Alert, message_id: str) -> Message:
    """The message of one channel within that channel's limits."""
    makers = {ChannelKind.EMAIL: _email, ChannelKind.SLACK: _slack, ChannelKind.TEAMS: _teams}
    return makers[channel](_shortened(alert), message_id)


def _shortened(alert: Alert) -> Alert:
    """Every text at a length that people read: deliberate cuts here, never a refusal by a receiver."""
    return alert.model_copy(
        update={
            "drugs": cut(alert.drugs, LINE_CHARS),
            "cancers": cut(alert.cancers, LINE_CHARS),
            "headline": cut(alert.headline, LINE_CHARS),
            "sentence": cut(alert.sentence, 2 * LINE_CHARS),
            "facts": tuple(f.model_copy(update={"value": cut(f.value, LINE_CHARS)}) for f in alert.facts[:MAX_ROWS]),
            "quotes": tuple(
                q.model_copy(update={"text": cut(q.text, 2 * LINE_CHARS)}) for q in alert.quotes[:MAX_QUOTES]
            ),
            "sources": tuple(
                s.model_copy(update={"title": cut(s.title, LINE_CHARS)}) for s in alert.sources[:MAX_ROWS]
            ),
        }
    )


def _values(alert: Alert) -> dict[str, Any]:
    colour, icon = TONES[tone(alert.event)]
    return {
        "a": alert.model_dump(mode="python"),
        "subject": subject(alert),
        "colour": colour,
        "icon": icon,
        "update": alert.kind is AlertKind.UPDATE,
    }


def _email(alert: Alert, message_id: str) -> Message:
    values = _values(alert)
    markup = _inliner().inline(_environment().get_template("email/alert.html").render(values))
    if len(markup.encode()) > MAX_HTML_BYTES:
        raise jinja2.TemplateRuntimeError(f"the mail has more than {MAX_HTML_BYTES:,} bytes")
    text = _environment().get_template("email/alert.txt").render(values)
    headers = {"List-Id": "Oncowire alerts <alerts.oncowire>"}
    if unsubscribe := alert.links.get("unsubscribe"):
        headers |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Message(
        channel=ChannelKind.EMAIL,
        message_id=message_id,
        subject=subject(alert),
        text=text,
        html=markup,
        headers=headers,
    )


def _slack(alert: Alert, message_id: str) -> Message:
    payload = json.loads(_environment().get_template("slack/alert.json").render(_values(alert)))
    return Message(
        channel=ChannelKind.SLACK, message_id=message_id, subject=subject(alert), text=payload["text"], payload=payload
    )


def _teams(alert: Alert, message_id: str) -> Message:
    """Sources are left out from the end until the card fits."""
    shown = alert
    while True:
        payload = json.loads(_environment().get_template("teams/alert.json").render(_values(shown)))
        if len(json.dumps(payload).encode()) <= MAX_CARD_BYTES or not (shown.sources or shown.quotes):
            break
        shown = shown.model_copy(
            update={"sources": shown.sources[:-1], "quotes": shown.quotes[: -1 if len(shown.sources) < 2 else None]}
        )
    return Message(
        channel=ChannelKind.TEAMS, message_id=message_id, subject=subject(alert), text=subject(alert), payload=payload
    )


def one_line(text: str) -> str:
    """No line ends, control or direction characters: safe in a header."""
    return " ".join(_CONTROL.sub(" ", text).split())


def cut(text: str, limit: int) -> str:
    """At a word, with an ellipsis; never longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head) + "…"


def slack_text(value: str, limit: int = SLACK_SECTION) -> str:
    """Inert in Slack: & < > are the only characters that start a mention or a link (docs.slack.dev, escaping).

    `limit` holds of the escaped text; it is cut before a character that would pass it.
    """
    text = one_line(value)
    escaped = "".join(_SLACK_ESCAPES.get(char, char) for char in text)
    if len(escaped) <= limit:
        return escaped
    kept, room = [], limit - 1
    for char in text:
        room -= len(_SLACK_ESCAPES.get(char, char))
        if room < 0:
            break
        kept.append(_SLACK_ESCAPES.get(char, char))
    return "".join(kept) + "…"


def slack_words(value: str, limit: int = SLACK_SECTION) -> str:
    """As slack_text, with the marks of bold, italic, strike and code made inert by a zero-width joiner."""
    return re.sub(r"([*_~`])", "\\1\u2060", slack_text(value, limit))


def teams_text(value: str, limit: int = 2000) -> str:
    """Inert in an Adaptive Card: the marks of its Markdown (bold, italic, link) are escaped, <at> cannot open."""
    return re.sub(r"([\\*_\[\]])", r"\\\1", cut(one_line(value), limit).replace("<", "‹"))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "slack": slack_text,
        "slack_words": slack_words,
        "teams": teams_text,
        "one_line": one_line,
        "json": _json,
        "cut": cut,
    }
    made.globals |= {"why": why, "cut_sources": slack_sources, "buttons": buttons}
    return made


def why(alert: dict[str, Any]) -> str:
    """ "Why you get this", with the way up the hierarchy where a broader term was asked for."""
    asked = []
    for r in alert["reasons"]:
        path = f" ({' is a kind of '.join(r['path'])})" if len(r["path"]) > 1 else ""
        asked.append(f"{r['wanted']}{path}")
    repeat = " May be a repeat: an earlier attempt ended without an answer." if alert["possible_repeat"] else ""
    return f"Why you get this: “{alert['subscription']}” asks for {', '.join(asked) or 'everything'}.{repeat}"


def slack_sources(sources: list[dict[str, Any]]) -> str:
    """The lead linked, then "also reported by"; whole lines only, within the limit of a section."""
    lines: list[str] = []
    for n, source in enumerate(sources):
        url = str(source["url"]).replace("|", "%7C").replace(">", "%3E").replace("<", "%3C")
        label = slack_words(source["title"], 300)
        line = f"{'Source' if not n else 'Also reported by'}: <{url}|{label}> ({slack_words(source['outlet'], 100)})"
        if len("\n".join([*lines, line])) > SLACK_SECTION:
            break
        lines.append(line)
    return "\n".join(lines) or "No source"


def buttons(alert: dict[str, Any]) -> list[tuple[str, str]]:
    """The article first, then our own pages."""
    article = [("Read the article", alert["sources"][0]["url"])] if alert["sources"] else []
    return [*article, *((name.capitalize(), url) for name, url in alert["links"].items() if name != "unsubscribe")]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=1)
def _inliner() -> Any:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
