# SPDX-License-Identifier: MIT
"""Rule files: YAML → subscriptions, every fault with its line, a stable code and what to do about it."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import re2
import yaml

from alerts.errors import InputError
from alerts.model import Concepts, EventType, Role
from alerts.rhythm import cadence_text, parse_cadence, parse_quiet
from alerts.subscriptions.rule import CONCEPT_FIELDS, FIELDS, ChannelSpec, Condition, Rule, SubscriptionSpec

MAX_FILE_CHARS = 1_000_000
MAX_VALUES = 500
MAX_PATTERN_CHARS = 500
KEYS = {"name", "rule", "cadence", "quiet", "cap_per_day", "priority", "digest_by", "channels", "state"}
CHANNEL_KINDS = ("email", "slack", "teams", "channel")
CHANNEL_KEYS = {"cadence", "quiet", "cap_per_day", "fallback"}
SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
TEAMS_HOSTS = ("logic.azure.com", "api.powerplatform.com", "api.powerautomate.com", "webhook.office.com")
_EMAIL = re.compile(
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"
)


class Fault(NamedTuple):
    line: int
    code: str
    message: str


class Parsed(NamedTuple):
    """Subscriptions without a fault, and all faults: one bad subscription costs no other."""

    specs: list[SubscriptionSpec]
    faults: list[Fault]


class _Bad(Exception):
    def __init__(self, node: yaml.Node, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(node.start_mark.line + 1, code, message)


def parse(text: str, concepts: Concepts, webhook_hosts: frozenset[str] = frozenset()) -> Parsed:
    """`webhook_hosts`: more host:port pairs that Slack and Teams channels may name (http is allowed for these)."""
    if len(text) > MAX_FILE_CHARS:
        return Parsed([], [Fault(1, "file_too_large", f"more than {MAX_FILE_CHARS:,} characters")])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as exc:
        mark = getattr(exc, "problem_mark", None)
        return Parsed(
            [],
            [
                Fault(
                    mark.line + 1 if mark else 1,
                    "bad_yaml",
                    " ".join(str(getattr(exc, "problem", None) or exc).split()),
                )
            ],
        )
    if root is None:
        return Parsed([], [Fault(1, "empty_file", "the file holds no subscription")])
    return _Parser(concepts, webhook_hosts).all(root)


class _Parser:
    def __init__(self, concepts: Concepts, webhook_hosts: frozenset[str]) -> None:
        self._concepts = concepts
        self._hosts = webhook_hosts
        self._faults: list[Fault] = []

    def all(self, root: yaml.Node) -> Parsed:
        nodes = root.value if isinstance(root, yaml.SequenceNode) else [root]
        specs: list[SubscriptionSpec] = []
        for node in nodes:
            before = len(self._faults)
            spec = self._try(self._subscription, node)
            if spec is not None and len(self._faults) == before:
                if any(s.name == spec.name for s in specs):
                    self._faults.append(
                        Fault(
                            node.start_mark.line + 1, "duplicate_name", f"a second subscription is named {spec.name!r}"
                        )
                    )
                else:
                    specs.append(spec)
        return Parsed(specs, sorted(self._faults))

    def _try(self, read: Callable[[yaml.Node], Any], node: yaml.Node) -> Any:
        """What `read` makes of the node; None with the fault kept if it is bad."""
        try:
            return read(node)
        except _Bad as bad:
            self._faults.append(bad.fault)
            return None

    def _subscription(self, node: yaml.Node) -> SubscriptionSpec:
        entries = _mapping(node)
        self._unknown(entries, KEYS, "unknown_key")
        name = self._text(entries.get("name"), node, "name")
        if "rule" not in entries:
            raise _Bad(node, "missing_key", "rule is missing")
        rule = self._rule(entries["rule"])
        state = _scalar(entries["state"]) if "state" in entries else "active"
        if state not in {"draft", "active", "paused"}:
            raise _Bad(entries["state"], "bad_state", f"state must be draft, active or paused, not {state!r}")
        channels = tuple(c for n in _items(entries.get("channels")) if (c := self._try(self._channel, n)))
        if not channels and state == "active" and not self._faults:
            raise _Bad(entries.get("channels", node), "no_channel", "an active subscription needs at least one channel")
        times = self._times(entries)
        return SubscriptionSpec(
            name=name,
            rule=rule,
            cadence=times.pop("cadence", None) or "instant",
            **times,
            priority=tuple(self._priority(entries.get("priority"))),
            digest_by=self._digest_by(entries.get("digest_by")),
            channels=channels,
            state=state,
        )

    def _times(self, entries: dict[str, yaml.Node]) -> dict[str, Any]:
        """cadence, quiet and cap_per_day, of a subscription or of one channel; a fault in one costs no other."""
        readers = {"cadence": _cadence, "quiet": _quiet, "cap_per_day": _cap}
        return {key: self._try(read, entries[key]) for key, read in readers.items() if key in entries}

    def _priority(self, node: yaml.Node | None) -> Iterator[EventType]:
        for value in _items(node):
            event = _scalar(value)
            if event in set(EventType):
                yield EventType(event)
            else:
                why = f"{event!r} is no event; there are {', '.join(EventType)}"
                self._faults.append(Fault(value.start_mark.line + 1, "unknown_event", why))

    def _digest_by(self, node: yaml.Node | None) -> Literal["drug", "cancer"]:
        value = "drug" if node is None else _scalar(node)
        if node is not None and value not in {"drug", "cancer"}:
            raise _Bad(node, "bad_digest_by", f"digest_by must be drug or cancer, not {value!r}")
        return "cancer" if value == "cancer" else "drug"

    def _text(self, node: yaml.Node | None, parent: yaml.Node, key: str) -> str:
        value = _scalar(node) if node is not None else None
        if not value or not value.strip():
            raise _Bad(node or parent, "missing_key", f"{key} is missing")
        if len(value) > 200:
            raise _Bad(node or parent, "too_long", f"{key} has more than 200 characters")
        return value.strip()

    def _rule(self, node: yaml.Node) -> Rule:
        entries = _mapping(node)
        self._unknown(entries, {*FIELDS, "role"}, "unknown_field")
        role = _scalar(entries["role"]) if "role" in entries else "primary"
        if role not in {"primary", "mentioned"}:
            raise _Bad(entries["role"], "bad_role", f"role must be primary or mentioned, not {role!r}")
        made = {f: self._condition(f, entries[f]) for f in FIELDS if f in entries}
        if all(c.empty or not (c.any or c.all) for c in made.values()) and not self._faults:
            raise _Bad(
                node,
                "empty_rule",
                "a rule needs at least one condition with any or all: this one would match everything",
            )
        return Rule(role=Role(role), **made)

    def _condition(self, field: str, node: yaml.Node) -> Condition:
        entries = _mapping(node)
        self._unknown(entries, {"any", "all", "none"}, "unknown_key")
        return Condition(
            **{
                key: tuple(self._values(field, value))
                for key, value in entries.items()
                if key in {"any", "all", "none"}
            }
        )

    def _values(self, field: str, node: yaml.Node) -> Iterator[str]:
        if not isinstance(node, yaml.SequenceNode):
            raise _Bad(node, "bad_type", "a list in brackets is wanted here")
        if len(node.value) > MAX_VALUES:
            raise _Bad(node, "too_many", f"more than {MAX_VALUES} values")
        for value in node.value:
            found = self._try(partial(self._value, field), value)
            if found:
                yield found

    def _value(self, field: str, node: yaml.Node) -> str:
        value = (_scalar(node) or "").strip()
        if not value:
            raise _Bad(node, "bad_type", "a name in words is wanted here")
        if field in CONCEPT_FIELDS:
            return self._concept(field, value, node)
        if field == "events" and value not in set(EventType):
            raise _Bad(node, "unknown_event", f"{value!r} is no event; there are {', '.join(EventType)}")
        if field == "text" and value.startswith("re:"):
            _check_pattern(value[3:], node)
        return value

    def _concept(self, field: str, value: str, node: yaml.Node) -> str:
        kind = CONCEPT_FIELDS[field]
        ref = self._concepts.resolve(kind, value)
        if ref is None:
            near = ", ".join(r.name for r in self._concepts.suggest(kind, value))
            raise _Bad(
                node,
                f"unknown_{kind}",
                f"{value!r} is not in the vocabulary" + (f"; did you mean {near}?" if near else ""),
            )
        return ref.id

    def _channel(self, node: yaml.Node) -> ChannelSpec:
        entries = _mapping(node)
        self._unknown(entries, {*CHANNEL_KINDS, *CHANNEL_KEYS}, "unknown_channel")
        kinds = [k for k in entries if k in CHANNEL_KINDS]
        if len(kinds) != 1:
            raise _Bad(node, "bad_channel", "a channel is one of {email: …}, {slack: …}, {teams: …}, {channel: name}")
        made = self._destination(kinds[0], entries[kinds[0]], node)
        fallback = self._fallback(entries["fallback"], made) if "fallback" in entries else None
        return made.model_copy(update={**self._times(entries), "fallback": fallback})

    def _fallback(self, node: yaml.Node, of: ChannelSpec) -> ChannelSpec | None:
        made: ChannelSpec | None = self._try(self._channel, node)
        if made is not None and (made.kind, made.config) == (of.kind, of.config):
            raise _Bad(node, "bad_fallback", "a channel cannot be its own fallback")
        if made is not None and (made.fallback or made.cadence or made.quiet or made.cap_per_day):
            raise _Bad(node, "bad_fallback", "a fallback names a destination and nothing else")
        return made

    def _destination(self, kind: str, value: yaml.Node, node: yaml.Node) -> ChannelSpec:
        if kind == "email":
            return ChannelSpec(kind="email", config={"address": _email(value)})
        if kind == "channel":
            return ChannelSpec(kind="channel", config={"label": self._text(value, node, "channel")})
        if kind == "slack" and isinstance(value, yaml.MappingNode):
            bot = {k: _scalar(v) or "" for k, v in _mapping(value).items()}
            if set(bot) != {"bot_token", "channel"} or not bot["bot_token"].startswith("xoxb-"):
                raise _Bad(value, "bad_slack", "slack takes a webhook address, or {bot_token: xoxb-…, channel: …}")
            return ChannelSpec(kind="slack", config=bot)
        hosts = SLACK_HOSTS if kind == "slack" else TEAMS_HOSTS
        return ChannelSpec(kind="slack" if kind == "slack" else "teams", config={"url": self._webhook(value, hosts)})

    def _webhook(self, node: yaml.Node, hosts: tuple[str, ...]) -> str:
        value = _scalar(node) or ""
        try:
            parts = urlsplit(value)
            known = parts.netloc.lower() in self._hosts
        except ValueError:
            raise _Bad(node, "bad_webhook", "the address cannot be read") from None
        host = parts.hostname or ""
        listed = parts.scheme == "https" and any(host == h or host.endswith("." + h) for h in hosts)
        if not (known or listed) or parts.username or not value.isascii() or re.search(r"[\s\\]", value):
            raise _Bad(node, "bad_webhook", f"an https address of {' or '.join(hosts)} is wanted")
        return value

    def _unknown(self, entries: dict[str, yaml.Node], known: set[str], code: str) -> None:
        for key, value in entries.items():
            if key not in known:
                self._faults.append(
                    Fault(
                        value.start_mark.line + 1,
                        code,
                        f"{key!r} is unknown here; there are {', '.join(sorted(known))}",
                    )
                )


def _mapping(node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _Bad(node, "bad_type", "keys with values are wanted here")
    made: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(getattr(key, "value", ""))
        if name in made:
            raise _Bad(key, "duplicate_key", f"{name!r} stands here twice")
        made[name] = value
    return made


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    if node is None:
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise _Bad(node, "bad_type", "a list is wanted here")
    return list(node.value)


def _scalar(node: yaml.Node | None) -> str | None:
    return _whole(node) if isinstance(node, yaml.ScalarNode) else None


def _whole(node: yaml.ScalarNode) -> str:
    """The text of a value. JSON is YAML too, but writes 😀 as two halves. Raises _Bad(bad_character)."""
    text = str(node.value)
    if text.isascii() and "\0" not in text:
        return text
    try:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _Bad(node, "bad_character", "half a character stands here") from None
    if "\0" in text:
        raise _Bad(node, "bad_character", "a NUL stands here")
    return text


def _email(node: yaml.Node) -> str:
    value = _scalar(node) or ""
    if not _EMAIL.match(value) or len(value) > 254 or ".." in value:
        raise _Bad(node, "bad_email", f"{value[:80]!r} is no mail address")
    return value


def _check_pattern(source: str, node: yaml.Node) -> None:
    if len(source) > MAX_PATTERN_CHARS:
        raise _Bad(node, "bad_pattern", f"a pattern has at most {MAX_PATTERN_CHARS} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(source, options=options)
    except re2.error as exc:
        raise _Bad(node, "bad_pattern", f"RE2 cannot read the pattern: {exc}") from None


def _cadence(node: yaml.Node) -> str:
    try:
        return cadence_text(parse_cadence(_scalar(node) or ""))
    except InputError as exc:
        raise _Bad(node, exc.code, exc.message) from None


def _quiet(node: yaml.Node) -> str:
    try:
        parse_quiet(_scalar(node) or "")
    except InputError as exc:
        raise _Bad(node, exc.code, exc.message) from None
    return (_scalar(node) or "").strip()


def _cap(node: yaml.Node) -> int:
    value = _scalar(node) or ""
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 0 < int(value) <= 10_000:
        raise _Bad(node, "bad_cap", "cap_per_day must be a whole number from 1 to 10000")
    return int(value)
