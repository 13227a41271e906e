# SPDX-License-Identifier: MIT
"""What pages and API do to stored rules: save, state, copy, undo, YAML. Each with its line in the audit log, in the
transaction of the caller, so that neither is there without the other."""

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any, NamedTuple

from sqlmodel import Session

from alerts.console.desk import Desk, not_found
from alerts.console.rules.form import stored_spec
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.pipeline import rulefiles
from alerts.store import rules, subscriptions
from alerts.store.rules import Link
from alerts.store.subscriptions import Route
from alerts.store.tables import Channel, Subscription, SubscriptionRevision
from alerts.subscriptions import ChannelSpec, SubscriptionSpec
from alerts.subscriptions.written import written

STATES = ("draft", "active", "paused")


def mine(session: Session, desk: Desk, rule_id: int) -> Subscription:
    """A rule of the team that is looked at. Raises InputError(not_found)."""
    row = rules.one(session, desk.actor.team_id, rule_id)
    if row is None:
        raise not_found("rule")
    return row


def held(session: Session, desk: Desk, rule_id: int, revision: int | None = None) -> Subscription:
    """As `mine`; nobody else changes it until the transaction ends. `revision`: the one that was seen.

    Raises InputError(not_found · changed_meanwhile).
    """
    row = rules.one(session, desk.actor.team_id, rule_id, lock=True)
    if row is None:
        raise not_found("rule")
    if revision is not None and row.revision != revision:
        raise InputError("changed_meanwhile", f"Somebody changed this rule meanwhile (revision {row.revision}).")
    return row


def save(
    session: Session, desk: Desk, row: Subscription | None, spec: SubscriptionSpec, routes: Sequence[Route]
) -> Subscription:
    """Make a rule, or let `row` be as `spec` says. Raises InputError(name_taken)."""
    team = desk.actor.team_id
    same = rules.by_name(session, team, spec.name)
    if same is not None and (row is None or same.id != row.id):
        raise InputError("name_taken", "Another rule of your team has this name.")
    if row is not None and row.name != spec.name:
        rules.rename(session, row, spec.name)
    data = spec.model_dump(mode="json", exclude={"channels"})
    outcome = _keep(session, desk, spec.name, data, routes)
    saved = rules.by_name(session, team, spec.name)
    assert saved is not None
    if outcome != "unchanged":
        desk.audit(session, f"rule_{outcome}", f"rule {spec.name}", state=spec.state, revision=saved.revision)
    return saved


def _keep(session: Session, desk: Desk, name: str, data: dict[str, Any], routes: Sequence[Route]) -> str:
    return subscriptions.save(
        session, desk.actor.team_id, name, data, str(data["state"]), routes,
        author=desk.actor.name, origin=desk.origin, now=desk.now,
    )  # fmt: skip


def set_state(session: Session, desk: Desk, row: Subscription, state: str) -> None:
    """Switch on, pause, back to draft. Raises InputError(bad_state · no_channel)."""
    if state not in STATES:
        raise InputError("bad_state", "A rule is draft, active or paused.")
    routes = _routes(session, row)
    if state == "active" and not routes:
        raise InputError("no_channel", "Choose where to tell it before switching it on.")
    _keep(session, desk, row.name, {**row.spec, "state": state}, routes)
    desk.audit(session, f"rule_{state}", f"rule {row.name}", revision=row.revision)


def _routes(session: Session, row: Subscription) -> list[Route]:
    assert row.id is not None
    return rules.routes(session, row.id, [c.id for c in rules.channels_of(session, row.id) if c.id is not None])


def duplicate(session: Session, desk: Desk, row: Subscription) -> Subscription:
    """A draft with the same conditions and channels under a free name."""
    name = _free_name(session, desk.actor.team_id, row.name)
    _keep(session, desk, name, {**row.spec, "name": name, "state": "draft"}, _routes(session, row))
    desk.audit(session, "rule_duplicated", f"rule {name}", of=row.name)
    made = rules.by_name(session, desk.actor.team_id, name)
    assert made is not None
    return made


def _free_name(session: Session, team: int, name: str) -> str:
    number = 2
    while rules.by_name(session, team, made := f"{name[:190]} ({number})") is not None:
        number += 1
    return made


def undo(session: Session, desk: Desk, row: Subscription, revision: int) -> None:
    """Back to an earlier revision, which is a new one: nothing of the history is lost. Raises InputError(not_found)."""
    assert row.id is not None
    old = next((r for r in rules.history(session, row.id) if r.revision == revision), None)
    if old is None:
        raise not_found("revision")
    routes = _routes_of(old, _of_team(session, row))
    if routes is None or (row.state == "active" and not routes):  # a rule that is on is told somewhere
        routes = _routes(session, row)
    _keep(session, desk, row.name, {**old.spec, "name": row.name, "state": row.state}, routes)
    desk.audit(session, "rule_undone", f"rule {row.name}", to=revision, revision=row.revision)


def _of_team(session: Session, row: Subscription) -> dict[int, Channel]:
    return {c.id: c for c in rules.channels(session, row.team_id) if c.id is not None}


def _routes_of(old: SubscriptionRevision, channels: Mapping[int, Channel]) -> list[Route] | None:
    """Where a revision told it, as far as those channels are still there; None where that was not kept."""
    return None if old.routes is None else [Route(*kept) for kept in old.routes if kept[0] in channels]


# ── history ──────────────────────────────────────────────────────────────────────────────────────


class Entry(NamedTuple):
    """A revision and what it changed: (kind, line) with kind added, removed or same, as rule files have it."""

    revision: SubscriptionRevision
    diff: list[tuple[str, str]]


def history(session: Session, row: Subscription) -> list[Entry]:
    """Newest first."""
    assert row.id is not None
    kept = rules.history(session, row.id)
    channels = _of_team(session, row)
    texts = []
    for r in kept:
        named = [_named(channels[route.channel_id].label, route) for route in _routes_of(r, channels) or []]
        texts.append(written([stored_spec({"name": row.name, **r.spec}, named)], concepts()))
    return [Entry(r, _diff(old, new)) for r, new, old in zip(kept, texts, [*texts[1:], ""], strict=False)]


def _diff(old: str, new: str) -> list[tuple[str, str]]:
    if not old:
        return [("same", line) for line in new.splitlines()]
    kinds = {"+": "added", "-": "removed", " ": "same"}
    lines = list(unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2))[2:]
    return [(kinds[line[0]], line[1:]) for line in lines if line[0] in kinds]


# ── YAML ─────────────────────────────────────────────────────────────────────────────────────────


class Whole(NamedTuple):
    """A stored rule as a rule file has it: its channels by name, each with the rhythm of its own that it has there."""

    row: Subscription
    spec: SubscriptionSpec
    channel_ids: list[int]


def as_yaml(session: Session, rows: Sequence[Subscription]) -> str:
    """Rule file of stored subscriptions. Channels by their name: their secrets never leave the store."""
    return written([whole.spec for whole in wholes(session, rows)], concepts())


def wholes(session: Session, rows: Sequence[Subscription]) -> list[Whole]:
    """However many there are, with one look at their channels."""
    links = rules.links(session, [row.id for row in rows if row.id is not None])
    return [_whole(row, links.get(row.id or 0, [])) for row in rows]


def _whole(row: Subscription, links: Sequence[Link]) -> Whole:
    named = [_named(link.label, link) for link in links]
    spec = stored_spec({**row.spec, "name": row.name, "state": row.state})
    return Whole(row, spec.model_copy(update={"channels": tuple(named)}), [link.channel_id for link in links])


def _named(label: str, kept: Link | Route) -> ChannelSpec:
    return ChannelSpec(
        kind="channel", config={"label": label}, cadence=kept.cadence, quiet=kept.quiet, cap_per_day=kept.cap_per_day
    )


def apply(session: Session, desk: Desk, specs: Sequence[SubscriptionSpec]) -> list[tuple[str, str]]:
    """As `oncowire rules apply`: (name, created · changed · unchanged) of each. Raises InputError(unknown_channel)."""
    outcomes = []
    for spec in specs:
        outcome = rulefiles.apply_one(
            desk.store, session, spec, desk.actor.team_id, author=desk.actor.name, origin=desk.origin, now=desk.now,
            opt_in=desk.settings.double_opt_in,
        )  # fmt: skip
        if outcome != "unchanged":
            desk.audit(session, f"rule_{outcome}", f"rule {spec.name}", by="yaml")
        outcomes.append((spec.name, outcome))
    return outcomes
