# SPDX-License-Identifier: MIT
"""Rule files into the store: `oncowire rules apply`, and the folder ONCOWIRE_RULES_DIR at each start."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import ChannelKind
from alerts.store import ops, subscriptions
from alerts.store.engine import Store
from alerts.store.subscriptions import Destination, Route
from alerts.store.tables import Channel
from alerts.subscriptions import ChannelSpec, SubscriptionSpec, parse


def apply(
    store: Store, file: Path, team: str, webhook_hosts: frozenset[str], *, opt_in: bool = False
) -> list[tuple[str, str]]:
    """(name, created · changed · unchanged) of each. Raises InputError(faulty_rules) and changes nothing if any is bad.

    `opt_in`: new mail addresses must confirm first (ONCOWIRE_DOUBLE_OPT_IN; docs/adr/0024).
    """
    parsed = parse(file.read_text(encoding="utf-8"), concepts(), webhook_hosts)
    if parsed.faults:
        raise InputError("faulty_rules", "; ".join(f"{file}:{f.line}: {f.code}: {f.message}" for f in parsed.faults))
    now = datetime.now(UTC)
    with store.write() as session:
        owner = ops.team_id(session, team, now)
    return apply_specs(
        store, parsed.specs, owner, author=f"file {file.name}", origin=f"yaml:{file.name}", now=now, opt_in=opt_in
    )


def apply_specs(
    store: Store,
    specs: Sequence[SubscriptionSpec],
    team: int,
    *,
    author: str,
    origin: str,
    now: datetime,
    opt_in: bool = False,
) -> list[tuple[str, str]]:
    """(name, created · changed · unchanged) of each, all in one transaction. Raises InputError(unknown_channel)."""
    with store.write() as session:
        return [
            (s.name, apply_one(store, session, s, team, author=author, origin=origin, now=now, opt_in=opt_in))
            for s in specs
        ]


def apply_one(
    store: Store,
    session: Session,
    spec: SubscriptionSpec,
    team: int,
    *,
    author: str,
    origin: str,
    now: datetime,
    opt_in: bool = False,
) -> str:
    """created · changed · unchanged, in a transaction of the caller."""
    kept = routes(store, session, spec, team, now, author=author, opt_in=opt_in)
    data = spec.model_dump(mode="json", exclude={"channels"})
    return subscriptions.save(session, team, spec.name, data, spec.state, kept, author=author, origin=origin, now=now)


def routes(
    store: Store, session: Session, spec: SubscriptionSpec, team: int, now: datetime, *, author: str, opt_in: bool
) -> list[Route]:
    """The channels of a specification as rows; new destinations are made. Raises InputError(unknown_channel)."""

    def channel(given: ChannelSpec) -> int:
        return _channel(store, session, team, given, now, author=author, opt_in=opt_in)

    return list(dict.fromkeys(_route(session, c, channel) for c in spec.channels))


def _route(session: Session, spec: ChannelSpec, id_of: Callable[[ChannelSpec], int]) -> Route:
    channel = id_of(spec)
    if spec.fallback is not None:
        session.get_one(Channel, channel).fallback_channel_id = id_of(spec.fallback)
    return Route(channel, spec.cadence, spec.quiet, spec.cap_per_day)


def _channel(
    store: Store, session: Session, team: int, spec: ChannelSpec, now: datetime, *, author: str, opt_in: bool
) -> int:
    if spec.kind == "channel":
        found = subscriptions.channel_by_label(session, team, spec.config["label"])
        if found is None:
            raise InputError("unknown_channel", f"the team has no channel named {spec.config['label']!r}")
        return found
    shown = hint(spec)
    state = "unverified" if opt_in and spec.kind == "email" else "active"
    return subscriptions.save_channel(
        store, session, team,
        Destination(ChannelKind(spec.kind), spec.config, free_label(session, team, shown), shown), now,
        author=author, state=state,
    )  # fmt: skip


def free_label(session: Session, team: int, shown: str) -> str:
    """A name that no channel of the team has: two webhooks of one host are told apart in a rule file that is written."""
    label, number = shown, 2
    while subscriptions.channel_by_label(session, team, label) is not None:
        label, number = f"{shown} ({number})", number + 1
    return label


def hint(spec: ChannelSpec) -> str:
    """What may be shown of a destination: the address of a mailbox, the host of a webhook."""
    if "address" in spec.config:
        return spec.config["address"]
    if "channel" in spec.config:
        return f"Slack {spec.config['channel']}"
    return f"{spec.kind.capitalize()} webhook at {spec.config['url'].split('/')[2]}"
