# SPDX-License-Identifier: MIT
"""Alert or digest → the plain values that a template lays out: cleaned, at lengths that people read. Pure.

These are also all that a team's own template may use (docs/templates.md lists them).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.delivery.inert import cut, one_line, safe_url
from alerts.delivery.looks import WARNINGS, icon, look
from alerts.model import Alert, AlertKind, Digest, DigestGroup, MatchReason, SourceLine

SUBJECT_CHARS = 150
LINE_CHARS = 300
MAX_ROWS = 10
MAX_QUOTES = 3
MAX_SOURCES = 8
MAX_REASONS = 12
LINKS = ("story", "more", "mute", "pause", "manage", "unsubscribe")
MAX_HEADINGS = 25  # of a table of contents
MAX_WARNINGS = 5  # named before the table of contents; the rest is counted

HELD = {
    "cadence": "",
    "quiet": "Held back during your quiet hours.",
    "cap": "Your limit of messages for a day was reached; these came after it.",
    "snooze": "Held back while you had snoozed this.",
    "mixed": "Some of these were held back by your quiet hours, a snooze or your limit of messages for a day.",
}


def alert_values(alert: Alert, *, quotes: int = MAX_QUOTES, sources: int = MAX_SOURCES) -> dict[str, Any]:
    """What a template says about one story. `quotes`, `sources`: how many to show; the rest is counted in `left_off`."""
    looks = look(alert.event)
    shown = [_source(s) for s in alert.sources[:sources]]
    title = ": ".join(part for part in (alert.drugs, alert.cancers) if part) or alert.headline
    return {
        "kind": alert.kind.value,
        "update": alert.kind is AlertKind.UPDATE,
        "status": _text(alert.status_line, 100),
        "drugs": _text(alert.drugs),
        "cancers": _text(alert.cancers),
        "title": _text(title),
        "headline": _text(alert.headline),
        "sentence": _text(alert.sentence, 2 * LINE_CHARS),
        "event": alert.event.value,
        "event_date": day(alert.event_date) if alert.event_date else "",
        "tone": looks.tone,
        "colour": looks.colour,
        "teams_colour": looks.teams,
        "icon": icon(alert.event),
        "facts": [{"label": _text(f.label, 40), "value": _text(f.value)} for f in alert.facts[:MAX_ROWS]],
        "quotes": [
            {"text": _text(q.text, 2 * LINE_CHARS), "outlet": _text(q.outlet, 100), "url": safe_url(q.url)}
            for q in alert.quotes[:quotes]
        ],
        "sources": shown,
        "left_off": max(len(alert.sources) - len(shown), 0),
        "subscription": _text(alert.subscription, 200),
        "reasons": [_reason(r) for r in alert.reasons[:MAX_REASONS]],
        "why": why(alert),
        "follows": _follows(alert),
        "links": _links(alert.links),
        "repeat": alert.possible_repeat,
        "subject": subject(alert),
    }


def digest_values(digest: Digest, shown: int) -> dict[str, Any]:
    """What a template says about a digest of which the first `shown` alerts are told in full; the rest is counted."""
    zone = ZoneInfo(digest.zone)
    total = sum(len(group.alerts) for group in digest.groups)
    held = HELD[digest.why]
    warned = _warned(digest)
    return {
        "kind": AlertKind.DIGEST.value,
        "title": _counted(total, "story", "stories"),
        "sentence": ", ".join(f"{_text(g.heading, 120)} ({len(g.alerts)})" for g in digest.groups[:MAX_HEADINGS]),
        "window": f"{_moment(digest.window_start, zone)} – {_moment(digest.window_end, zone)} ({digest.zone})",
        "held": held,
        "grouped_by": digest.grouped_by,
        "total": total,
        "warnings": [_warning(alert) for alert in warned[:MAX_WARNINGS]],
        "warning_count": len(warned),
        "contents": [_heading(n, g) for n, g in enumerate(digest.groups[:MAX_HEADINGS], start=1)],
        "more_headings": max(len(digest.groups) - MAX_HEADINGS, 0),
        "groups": _groups(digest.groups, shown),
        "left_off": total - min(shown, total),
        "subscription": _text(digest.subscription, 200),
        "why": digest_why(digest),
        "links": _links(digest.links),
        "subject": digest_subject(digest),
    }


def subject(alert: Alert) -> str:
    """Status, drug, cancer: "[EU approval] cabozantinib: pancreatic NET"; the first 60 characters tell it all."""
    head = f"Update: {alert.status_line}" if alert.kind is AlertKind.UPDATE else alert.status_line
    what = ": ".join(part for part in (alert.drugs, alert.cancers) if part) or alert.headline
    return cut(one_line(f"[{head}] {what}"), SUBJECT_CHARS)


def digest_subject(digest: Digest) -> str:
    """How many stories on what, until when: "[Digest] 7 stories, 1 warning: cabozantinib and 3 more · 25 November"."""
    counted = _counted(sum(len(group.alerts) for group in digest.groups), "story", "stories")
    if warned := len(_warned(digest)):
        counted += f", {_counted(warned, 'warning', 'warnings')}"
    names = [cut(one_line(group.heading), 40) for group in digest.groups]
    rest = len(names) - 2
    listed = ", ".join(names[:2]) + (f" and {rest} more" if rest > 0 else "")
    until = digest.window_end.astimezone(ZoneInfo(digest.zone))
    return cut(f"[Digest] {counted}: {listed} · {until.day} {until:%B}", SUBJECT_CHARS)


def why(alert: Alert) -> str:
    """The rule and what it asks for, with the way up the hierarchy where a broader term was asked for."""
    repeat = " This may be a repeat: an earlier attempt ended without an answer." if alert.possible_repeat else ""
    return f"Why you get this: “{_text(alert.subscription, 200)}” asks for {asked_for(alert.reasons)}.{repeat}"


def asked_for(reasons: Iterable[MatchReason]) -> str:
    """What of a rule was met, each once: "cabozantinib, neuroendocrine tumor (pancreatic NET is a kind of …)"."""
    asked = list(dict.fromkeys(_reason(r)["text"] for r in reasons))
    more = f" and {len(asked) - MAX_REASONS} more" if len(asked) > MAX_REASONS else ""
    return (", ".join(asked[:MAX_REASONS]) + more) or "everything"


def digest_why(digest: Digest) -> str:
    """The rule and what it asks for that the stories of this digest met, with the ways up the hierarchy."""
    asked = asked_for(reason for group in digest.groups for alert in group.alerts for reason in alert.reasons)
    return f"Why you get this: your rule “{_text(digest.subscription, 200)}” asks for {asked}."


def _reason(reason: MatchReason) -> dict[str, Any]:
    """One condition: `text` reads "neuroendocrine tumor (pancreatic NET is a kind of neuroendocrine tumor)"."""
    wanted, path = _text(reason.wanted, 120), [_text(step, 120) for step in reason.path[:6]]
    verb = "is a kind of" if reason.field == "indications" else "belongs to"
    way = f" ({f' {verb} '.join(path)})" if len(path) > 1 else ""
    return {
        "field": reason.field,
        "wanted": wanted.replace("_", " ") if reason.field == "events" else wanted,
        "found": _text(reason.found, 120),
        "path": path,
        "text": (wanted.replace("_", " ") if reason.field == "events" else wanted) + way,
    }


def _follows(alert: Alert) -> dict[str, str] | None:
    if not alert.follows_headline:
        return None
    when = day(alert.follows_date) if alert.follows_date else ""
    headline = _text(alert.follows_headline)
    text = f"Update to “{headline}”" + (f" ({when})" if when else "")
    step = _text(alert.follows_step)
    return {"headline": headline, "date": when, "text": f"{text}: {step}" if step else text}


def _warned(digest: Digest) -> list[Alert]:
    return [alert for group in digest.groups for alert in group.alerts if alert.event in WARNINGS]


def _warning(alert: Alert) -> dict[str, str]:
    """A line above the table of contents, with the way to the story."""
    values = alert_values(alert, quotes=0, sources=1)
    url = values["links"]["story"] or next((s["url"] for s in values["sources"]), "")
    return {name: values[name] for name in ("icon", "status", "title")} | {"url": url}


def _heading(number: int, group: DigestGroup) -> dict[str, Any]:
    """A line of the table of contents; `warned` counts the warnings in words, empty if there is none."""
    warned = sum(alert.event in WARNINGS for alert in group.alerts)
    return {
        "number": number,
        "heading": _text(group.heading, 120),
        "count": len(group.alerts),
        "counted": _counted(len(group.alerts), "story", "stories"),
        "icons": _icons(group.alerts),
        "warned": _counted(warned, "warning", "warnings") if warned else "",
    }


def _groups(groups: Sequence[DigestGroup], shown: int) -> list[dict[str, Any]]:
    made, room = [], shown
    for number, group in enumerate(groups, start=1):
        told = [_entry(alert) for alert in group.alerts[:room]]
        room -= len(told)
        if told:
            made.append({"number": number, "heading": _text(group.heading, 120), "alerts": told})
    return made


def _entry(alert: Alert) -> dict[str, Any]:
    """A story of a digest: the same values, with one quote and the names of the other outlets."""
    values = alert_values(alert, quotes=1, sources=4)
    others = [s["outlet"] for s in values["sources"][1:]]
    more = f" and {values['left_off']} more" if values["left_off"] and others else ""
    return values | {"also": f"{', '.join(dict.fromkeys(others))}{more}"}


def _source(source: SourceLine) -> dict[str, str]:
    return {
        "outlet": _text(source.outlet, 100),
        "title": _text(source.title),
        "url": safe_url(source.url),
        "tier": source.tier.value,
        "date": day(source.published.date()) if source.published else "",
    }


def _icons(alerts: Sequence[Alert]) -> str:
    return " ".join(dict.fromkeys(icon(alert.event) for alert in alerts))


def _links(links: Mapping[str, str]) -> dict[str, str]:
    """Every link a template may ask for; empty where there is none."""
    return {name: safe_url(links.get(name, "")) for name in LINKS}


def _text(text: str, limit: int = LINE_CHARS) -> str:
    return cut(one_line(text), limit)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def day(value: date) -> str:
    """24 July 2025: no locale reads it wrongly."""
    return f"{value.day} {value:%B %Y}"
