# SPDX-License-Identifier: MIT
"""Alert or digest → message per channel. The layout is in templates/<channel>/, the values in values.py. Pure.

A message that would pass a limit of its channel is made again with less in it, and says how much was left off and where
to read it: deliberate cuts here, never a refusal by a receiver.
"""

import json
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import css_inline
import jinja2
from markupsafe import Markup

from alerts.config import TEMPLATES
from alerts.delivery import inert
from alerts.delivery.limits import over
from alerts.delivery.looks import BAD, GOOD, PLAIN, WARN
from alerts.delivery.values import alert_values, digest_values
from alerts.errors import Permanent
from alerts.model import Alert, ChannelKind, Digest, Message

# How many quotes and sources an alert shows, most first: the last size fits whatever the feeds wrote (tested).
ALERT_SIZES = ((3, 8), (2, 5), (1, 3), (0, 1))
MAX_DIGEST_ALERTS = 100

Values = dict[str, Any]


def render(channel: ChannelKind, alert: Alert, message_id: str) -> Message:
    """The message of one alert within its channel's limits. Raises Permanent(message_over_limit) if nothing fits."""
    for quotes, sources in ALERT_SIZES:
        made = lay_out(channel, "alert", alert_values(alert, quotes=quotes, sources=sources), message_id)
        if not over(made):
            return made
    raise _too_large(made)


def render_digest(channel: ChannelKind, digest: Digest, message_id: str) -> Message:
    """The message of a digest with as many stories as the channel takes; the rest is counted and linked.

    Links it uses: `more` (where all stories can be read; else `manage`), `manage`, `pause`, `unsubscribe`.
    Raises Permanent(message_over_limit) if not even its table of contents fits.
    """
    make = partial(_digest, channel, digest, message_id)
    most = min(sum(len(group.alerts) for group in digest.groups), MAX_DIGEST_ALERTS)
    return _largest(most, make)


def _digest(channel: ChannelKind, digest: Digest, message_id: str, shown: int) -> Message:
    return lay_out(channel, "digest", digest_values(digest, shown), message_id)


def _largest(most: int, make: Callable[[int], Message]) -> Message:
    """By halving: the message that shows most and is within its limits."""
    best, low, high = make(most), 0, most
    if not over(best):
        return best
    best = make(0)
    if over(best):
        raise _too_large(best)
    while high - low > 1:
        middle = (low + high) // 2
        made = make(middle)
        low, high, best = (low, middle, best) if over(made) else (middle, high, made)
    return best


def _too_large(message: Message) -> Permanent:
    return Permanent("message_over_limit", "; ".join(o.message for o in over(message)), scope="message")


def lay_out(channel: ChannelKind, template: str, values: Values, message_id: str) -> Message:
    """One of our templates over plain values."""
    makers = {ChannelKind.EMAIL: _email, ChannelKind.SLACK: _slack, ChannelKind.TEAMS: _teams}
    return makers[channel](template, values, message_id)


def _email(template: str, values: Values, message_id: str) -> Message:
    markup = _environment().get_template(f"email/{template}.html").render(values)
    text = _environment().get_template(f"email/{template}.txt").render(values)
    return mail(values, message_id, markup, text)


def mail(values: Values, message_id: str, markup: str, text: str) -> Message:
    """A mail of ready markup: its styles inlined, its headers for leaving with one click (RFC 8058)."""
    headers = {"List-Id": "Oncowire alerts <alerts.oncowire>"}
    if unsubscribe := values["links"].get("unsubscribe"):
        headers |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Message(
        channel=ChannelKind.EMAIL,
        message_id=message_id,
        subject=values["subject"],
        text=text,
        html=_inliner().inline(markup),
        headers=headers,
    )


def wrapped(inner: str, text: str, values: Values) -> tuple[str, str]:
    """A team's cleaned HTML and its text in our frame: why it came, what is left off, and the ways to change that."""
    framed = values | {"inner": Markup(inner), "inner_text": text.strip()}  # noqa: S704 - nh3 made it
    markup, plain = (_environment().get_template(f"email/team.{kind}").render(framed) for kind in ("html", "txt"))
    return markup, plain


def _slack(template: str, values: Values, message_id: str) -> Message:
    payload = json.loads(_environment().get_template(f"slack/{template}.json").render(values))
    return Message(
        channel=ChannelKind.SLACK,
        message_id=message_id,
        subject=values["subject"],
        text=payload["text"],
        payload=payload,
    )


def _teams(template: str, values: Values, message_id: str) -> Message:
    payload = json.loads(_environment().get_template(f"teams/{template}.json").render(values))
    return Message(
        channel=ChannelKind.TEAMS,
        message_id=message_id,
        subject=values["subject"],
        text=values["subject"],
        payload=payload,
    )


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
        "slack": inert.slack_text,
        "slack_words": inert.slack_words,
        "slack_plain": inert.slack_plain,
        "slack_link": inert.slack_link,
        "teams": inert.teams_text,
        "teams_link": inert.teams_link,
        "json": partial(json.dumps, ensure_ascii=False),
        "cut": inert.cut,
        "keep": keep_lines,
    }
    made.globals |= {"looks": (GOOD, BAD, WARN, PLAIN)}
    return made


def keep_lines(lines: list[str], limit: int) -> str:
    """Whole lines from the first on, as many as `limit` characters hold."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > limit:
            break
        kept.append(line)
    return "\n".join(kept)


@lru_cache(maxsize=1)
def _inliner() -> Any:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
