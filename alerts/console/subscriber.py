# SPDX-License-Identifier: MIT
"""Pages for readers without an account: confirm, leave, and manage what they get. A signed link is the proof.

Opening a link changes nothing (mail scanners open them all); a post acts. No cookie, no script. A link that was changed,
is too old or belongs to nobody any more gets one and the same answer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Form, Path
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk, Desk, templates
from alerts.console.roles import public
from alerts.delivery.values import alert_values, asked_for
from alerts.errors import InputError
from alerts.pipeline import consent, links, placing
from alerts.pipeline.message import as_told
from alerts.rhythm import DAY_NAMES, cadence_text, in_words, next_slots, parse_cadence, parse_quiet
from alerts.store import channels, subscribers
from alerts.store.subscriptions import Reader
from alerts.store.tables import Channel

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/s")
PROOF = "the signed link is the proof"
SAID = {
    "rhythm": "Your rhythm is saved.",
    "pause": "Paused: nothing is sent until you resume.",
    "resume": "Resumed.",
    "mute": "Muted: what comes until then is not told.",
    "snooze": "Snoozed: what comes until then is told in one digest afterwards.",
    "wake": "You get alerts again.",
    "leave": "You are unsubscribed.",
    "leave_all": "You are unsubscribed from everything.",
    "rejoin": "You are subscribed again.",
}
HOURS = {4: "4 hours", 24: "1 day", 24 * 7: "1 week", 24 * 30: "30 days"}
NAMED = {"email": "mail address", "slack": "Slack channel", "teams": "Teams channel"}
PLURAL = {"email": "es", "slack": "s", "teams": "s"}
Text = Annotated[str, Form(max_length=100)]


class RhythmForm(BaseModel):
    """As the form has it; every field is words until it has been read."""

    cadence: str = ""  # "" as the team has it · instant · daily · weekly, with "first " before the last two
    day: str = "mon"
    at: str = "08:00"
    zone: str = "UTC"
    quiet: str = ""  # "" as the team has it · none · own
    quiet_from: str = "22:00"
    quiet_to: str = "07:00"

    def own_cadence(self) -> str | None:
        """Raises InputError(bad_cadence)."""
        if self.cadence in {"", "instant"}:
            return self.cadence or None
        first, kind = self.cadence.startswith("first "), self.cadence.removeprefix("first ")
        day = f"{self.day} " if kind == "weekly" else ""
        return cadence_text(parse_cadence(f"{'first then ' if first else ''}{kind} {day}{self.at} {self.zone}"))

    def own_quiet(self) -> str | None:
        """Raises InputError(bad_quiet)."""
        if self.quiet in {"", "none"}:
            return self.quiet or None
        text = f"{self.quiet_from}-{self.quiet_to} {self.zone}"
        parse_quiet(text)
        return text


def _show(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Without the session of whoever may be logged in: the link alone decides what is shown."""
    text = templates().get_template(f"console/subscriber/{template}.html").render(values)
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _dead() -> HTMLResponse:
    return _show("dead", 404)


# ── confirm ──────────────────────────────────────────────────────────────────────────────────────


@router.get("/confirm/{token}")
@public(PROOF)
def confirm_page(desk: CurrentDesk, token: str) -> Response:
    found = _channel(desk, "confirm", token)
    return _show("confirm", token=token, channel=found[1]) if found else _dead()


@router.post("/confirm/{token}")
@public(PROOF, form=False)
def confirm(desk: CurrentDesk, token: str) -> Response:
    reader = links.read(desk.store, "confirm", token)
    with desk.store.write() as session:
        if reader is None or not consent.confirm(session, reader.channel_id, desk.now):
            return _dead()
    manage = links.sign(desk.store, "manage", links.Reader(reader.channel_id))
    return _show("done", title="Confirmed", text="From now on alerts are sent to this address.", manage=manage)


# ── leave (RFC 8058: the mail program posts List-Unsubscribe=One-Click, without cookie and without asking back) ──


@router.get("/unsubscribe/{token}")
@public(PROOF)
def unsubscribe_page(desk: CurrentDesk, token: str) -> Response:
    found = _channel(desk, "unsubscribe", token)
    if found is None:
        return _dead()
    reader, channel = found
    with desk.store.read() as session:
        names = [
            r.subscription.name
            for r in subscribers.readings(session, reader.channel_id)
            if reader.subscription_id in {None, r.subscription.id}
        ]
    return _show("unsubscribe", token=token, channel=channel, names=names)


@router.post("/unsubscribe/{token}")
@public(PROOF, form=False)
def unsubscribe(desk: CurrentDesk, token: str) -> Response:
    reader = links.read(desk.store, "unsubscribe", token)
    if reader is None:
        return _dead()
    with desk.store.write() as session:
        consent.leave(session, reader, desk.now)
    manage = links.sign(desk.store, "manage", links.Reader(reader.channel_id))
    return _show("done", title="Unsubscribed", text="No more of these alerts are sent to you.", manage=manage)


# ── manage ───────────────────────────────────────────────────────────────────────────────────────


@router.get("/{token}")
@public(PROOF)
def manage_page(desk: CurrentDesk, token: str, said: str = "", open: str = "") -> Response:
    found = _channel(desk, "manage", token)
    return _manage(desk, token, *found, said=SAID.get(said, ""), opened=open) if found else _dead()


@router.post("/{token}")
@public(PROOF, form=False)
def manage(
    desk: CurrentDesk,
    token: str,
    do: Text,
    form: Annotated[RhythmForm, Form()],
    subscription: Annotated[int | None, Form()] = None,
    hours: Annotated[int, Form(ge=1, le=24 * 366)] = 24,
) -> Response:
    """Carry out one wish, then show the page again (a reload must not repeat it)."""
    found = _channel(desk, "manage", token)
    if found is None or do not in SAID or (subscription is None and do != "leave_all"):
        return _dead()
    reader, channel = found
    try:
        with desk.store.write() as session:
            mine = links.Reader(reader.channel_id, None if do == "leave_all" else subscription)
            if not consent.wish(
                session, mine, desk.now, **_wish(do, form, desk.now + timedelta(hours=hours), desk.now)
            ):
                return _dead()
    except InputError as exc:
        return _manage(desk, token, reader, channel, fault=(subscription, exc.message), status=422)
    return RedirectResponse(f"/s/{token}?said={do}", 303)


def _wish(do: str, form: RhythmForm, until: datetime, now: datetime) -> dict[str, Any]:
    if do == "rhythm":
        return {"own_cadence": form.own_cadence(), "own_quiet": form.own_quiet()}
    changes: dict[str, dict[str, Any]] = {
        "pause": {"paused": True},
        "resume": {"paused": False},
        "mute": {"muted_until": until, "snoozed_until": None},
        "snooze": {"snoozed_until": until, "muted_until": None},
        "wake": {"snoozed_until": None, "muted_until": None},
        "leave": {"left_at": now},
        "leave_all": {"left_at": now},
        "rejoin": {"left_at": None, "paused": False},
    }
    return changes[do]


def _channel(desk: Desk, purpose: links.Purpose, token: str) -> tuple[links.Reader, Channel] | None:
    reader = links.read(desk.store, purpose, token)
    if reader is None:
        return None
    with desk.store.read() as session:
        channel = session.get(Channel, reader.channel_id)
    return (reader, channel) if channel is not None else None


def _manage(
    desk: Desk,
    token: str,
    reader: links.Reader,
    channel: Channel,
    *,
    said: str = "",
    opened: str = "",
    fault: tuple[int | None, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    with desk.store.read() as session:
        waiting = subscribers.waiting(session, reader.channel_id)
        mine = [_subscription(r, desk.now, waiting) for r in subscribers.readings(session, reader.channel_id)]
        told = subscribers.got(session, reader.channel_id)
        others = subscribers.others(session, reader.channel_id)
        fallback = channels.fallback(session, reader.channel_id)
    mine.sort(key=lambda s: (s["id"] != reader.subscription_id, s["name"]))
    zone = ZoneInfo(mine[0]["zone"]) if mine else ZoneInfo("UTC")
    values = {"token": token, "channel": channel, "subscriptions": mine, "told": told, "fallback": fallback}
    values |= {"others": {number: _counted(kinds) for number, kinds in others.items()}, "asked_for": asked_for}
    days = [(name[:3].lower(), name) for name in DAY_NAMES]
    return _show(
        "manage",
        status,
        **values,
        said=said,
        opened=opened,
        fault=fault,
        zone=zone,
        zones=sorted(available_timezones()),
        days=days,
        hours=HOURS,
    )


def _counted(kinds: Mapping[str, int]) -> str:
    """ "2 mail addresses and 1 Slack channel"."""
    words = [f"{count} {NAMED[kind]}{PLURAL[kind] if count > 1 else ''}" for kind, count in kinds.items()]
    return " and ".join(words)


@router.get("/{token}/story/{story_id}")
@public(PROOF)
def story_page(desk: CurrentDesk, token: str, story_id: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> Response:
    """A story that this reader was told of: all of its sources, and why it came. To anybody else it is a dead link."""
    reader = links.read(desk.store, "manage", token)
    with desk.store.read() as session:
        told = as_told(session, reader.channel_id, story_id) if reader else None
    if told is None:
        return _dead()
    values: dict[str, Any] = {"told": alert_values(told), "asked": asked_for(told.reasons)}
    return _show("story", token=token, story_id=story_id, **values)


def _subscription(reader: Reader, now: datetime, waiting: dict[int, tuple[int, datetime]]) -> dict[str, Any]:
    """What the page says of one subscription, with its form filled in."""
    wishes, link = placing.wishes(reader), reader.link
    rhythm = wishes.rhythm
    cadence = rhythm.cadence
    kind = cadence.kind if not cadence.first else f"first {cadence.kind}"
    quiet = rhythm.quiet
    team = placing.rhythm(reader.subscription.spec, link.cadence, link.quiet, link.cap_per_day)
    return {
        "id": reader.subscription.id,
        "name": reader.subscription.name,
        "state": _state(reader, wishes.muted_until, wishes.snoozed_until, now),
        "until": max(filter(None, (wishes.muted_until, wishes.snoozed_until)), default=None),
        "words": in_words(rhythm),
        "team_words": in_words(team),
        "zone": rhythm.zone,
        "next": next_slots(cadence, now, 3),
        "waiting": waiting.get(reader.subscription.id or 0),
        "form": RhythmForm(
            cadence=kind if link.own_cadence else "",
            day=DAY_NAMES[cadence.day][:3].lower(),
            at=f"{cadence.at:%H:%M}",
            zone=rhythm.zone,
            quiet=("none" if quiet is None else "own") if link.own_quiet else "",
            quiet_from=f"{quiet.start:%H:%M}" if quiet else "22:00",
            quiet_to=f"{quiet.end:%H:%M}" if quiet else "07:00",
        ),
    }


def _state(reader: Reader, muted: datetime | None, snoozed: datetime | None, now: datetime) -> str:
    if reader.link.left_at:
        return "unsubscribed"
    if reader.channel.state != "active":
        return reader.channel.state
    if reader.link.paused:
        return "paused"
    if reader.subscription.state != "active":
        return "paused by the team"
    if muted and muted > now:
        return "muted"
    return "snoozed" if snoozed and snoozed > now else "active"
