# SPDX-License-Identifier: MIT
"""What pages and API do to channels and deliveries: rows only; the workers see them with their next sweep."""

import json
from collections.abc import Mapping

from sqlmodel import Session

from alerts.console.desk import Desk, not_found
from alerts.delivery.notes import Note
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import AlertKind, ChannelKind
from alerts.pipeline import consent, endpoints, rulefiles
from alerts.pipeline.consent import Asked
from alerts.store import browse, channels, deliveries, subscriptions
from alerts.store.subscriptions import Destination
from alerts.store.tables import Channel
from alerts.subscriptions import ChannelSpec, parse

SETTLED = frozenset({"sent", "dead", "suppressed"})
TEST_PARAGRAPHS = (
    "This is a test from Oncowire: messages reach this channel.",
    "Alerts look different: they say status, drug and cancer first and quote their source.",
)


def destination(given: Mapping[str, str], webhook_hosts: frozenset[str]) -> ChannelSpec:
    """Checked by the parser of rule files. Raises InputError(bad_email · bad_webhook · bad_channel)."""
    if len(given) != 1:
        raise InputError("bad_channel", "Give exactly one of email, slack and teams.")
    rule = {"name": "x", "rule": {"text": {"any": ["x"]}}, "channels": [dict(given)]}
    parsed = parse(json.dumps(rule), concepts(), webhook_hosts)
    if parsed.faults:
        raise InputError(parsed.faults[0].code, f"{parsed.faults[0].message[0].upper()}{parsed.faults[0].message[1:]}.")
    return parsed.specs[0].channels[0]


def add_channel(session: Session, desk: Desk, spec: ChannelSpec, label: str) -> Channel:
    """A new channel of the team. Raises InputError(channel_exists · label_taken)."""
    team = desk.actor.team_id
    shown = rulefiles.hint(spec)
    label = " ".join(label.split()) or rulefiles.free_label(session, team, shown)
    if subscriptions.channel_by_label(session, team, label) is not None:
        raise InputError("label_taken", "Another channel of your team has this name.")
    state = "unverified" if desk.settings.double_opt_in and spec.kind == "email" else "active"
    made = Destination(ChannelKind(spec.kind), spec.config, label, shown)
    channel_id = subscriptions.save_channel(
        desk.store, session, team, made, desk.now, author=desk.actor.name, state=state
    )
    row = session.get_one(Channel, channel_id)
    if row.label != label:
        raise InputError("channel_exists", f"Your team has this destination already: {row.label}.")
    return row


def mine(session: Session, desk: Desk, channel_id: int) -> Channel:
    """A channel of the team that is looked at. Raises InputError(not_found)."""
    row = browse.channel(session, desk.actor.team_id, channel_id)
    if row is None:
        raise not_found("channel")
    return row


def rename(session: Session, desk: Desk, row: Channel, label: str) -> None:
    """Raises InputError(missing_label · label_taken)."""
    label = " ".join(label.split())[:100]
    if not label:
        raise InputError("missing_label", "Give the channel a name.")
    if subscriptions.channel_by_label(session, row.team_id, label) not in {None, row.id}:
        raise InputError("label_taken", "Another channel of your team has this name.")
    if label != row.label:
        desk.audit(session, "channel_renamed", f"channel {row.label}", to=label)
        row.label = label


def switch(session: Session, desk: Desk, row: Channel, *, on: bool) -> None:
    """Off, or on again. Raises InputError(channel_waits): for consent, or on the list of addresses not to write to."""
    if row.state not in {"active", "disabled"}:
        raise InputError("channel_waits", f"“{row.label}” is {row.state}: only its owner can change that.")
    if on == (row.state == "active"):
        return
    if on:
        endpoints.revive(session, row, desk.now)
    else:
        row.state = "disabled"
    desk.audit(session, f"channel_{row.state}", f"channel {row.label}")


ASKED = {
    Asked.NOT_NEEDED: "This channel needs no confirmation.",
    Asked.TOO_SOON: "It was asked less than an hour ago.",
    Asked.TOO_OFTEN: "It was asked three times and did not answer: it is left in peace.",
}


def ask_consent(session: Session, desk: Desk, row: Channel) -> None:
    """Send the mail that asks for consent once more. Raises InputError(not_needed · too_soon · too_often)."""
    asked = consent.ask(desk.store, session, desk.settings, row, desk.now)
    if asked is not Asked.SENT:
        raise InputError(asked.value, ASKED[asked])
    desk.audit(session, "consent_asked", f"channel {row.label}", times=row.confirm_count)


def release(session: Session, desk: Desk, fingerprint: str) -> Channel:
    """Off the list of addresses that must not be written to: only with the owner's word. Raises InputError(not_found)."""
    same = channels.of_fingerprint(session, fingerprint)
    mine = [c for c in same if c.team_id == desk.actor.team_id]
    if not mine or not channels.release(session, fingerprint):
        raise not_found("suppressed address")
    for row in same:
        if row.state == "suppressed":
            endpoints.revive(session, row, desk.now)
    desk.audit(session, "suppression_released", f"channel {mine[0].label}")
    return mine[0]


def send_test(session: Session, desk: Desk, channel_id: int) -> int:
    """Id of the delivery that the workers send next. Raises InputError(not_found)."""
    row = mine(session, desk, channel_id)
    note = Note(subject="Test from Oncowire", paragraphs=TEST_PARAGRAPHS)
    key = f"test:{channel_id}:{desk.now.isoformat()}"
    made = endpoints.send_note(session, row, AlertKind.TEST, note, key, desk.now)
    if made is None:
        raise InputError("changed_meanwhile", "Somebody sends a test at this very moment.")
    desk.audit(session, "channel_tested", f"channel {row.label}")
    return made


def again(session: Session, desk: Desk, delivery_id: int) -> None:
    """Send a delivery again as it is stored. Raises InputError(not_found · still_open)."""
    found = browse.delivery(session, desk.actor.team_id, delivery_id)
    if found is None:
        raise not_found("delivery")
    was = found.line.delivery.state
    if not deliveries.reopen(session, delivery_id, f"sent again by {desk.actor.name}", SETTLED, desk.now):
        raise InputError("still_open", "This delivery is still under way; it is tried again by itself.")
    desk.audit(session, "delivery_again", f"delivery {delivery_id}", was=was)
