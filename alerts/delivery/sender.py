# SPDX-License-Identifier: MIT
"""Sending through Apprise: dispatcher and registry are Apprise's, the three channels are our own plugins in it.

A ContextVar carries the rendered message in and the structured outcome back, which Apprise's True/False cannot. Apprise
runs inline (its thread pool breaks after fork) and never sees an address that a person wrote: plugins are built here.
"""

import json
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import apprise
from apprise.manager_plugins import NotificationManager
from apprise.plugins.base import NotifyBase

from alerts import __version__
from alerts.config import Settings
from alerts.delivery.mail import Mailer
from alerts.delivery.outcome import of_http, of_slack_api, retry_after_s
from alerts.errors import OncowireError, Permanent, Transient
from alerts.model import ChannelKind, Message, Outcome, OutcomeKind
from alerts.net import Client, Guard
from alerts.net.client import Limits

SLACK_API = "https://slack.com/api/chat.postMessage"  # docs.slack.dev, for channels with a bot token
UNSENT_CODES = {"dns_failed", "connect_failed", "connect_timeout", "tls_failed"}


@dataclass
class _Sending:
    """What one notify() carries: in, the message and where it goes; out, how it ended."""

    sender: "Sender"
    channel: ChannelKind
    config: dict[str, str]
    message: Message
    outcome: Outcome | None = None


_current: ContextVar[_Sending] = ContextVar("oncowire_sending")


class OncowirePlugin(NotifyBase):  # type: ignore[misc]
    """Base of our channels in Apprise's registry: the work is done by the Sender that is in the context."""

    service_name = "Oncowire"
    service_url = "https://localhost/"
    setup_url = "https://localhost/"
    request_rate_per_sec = 0  # token buckets are rows, not sleeps
    templates = ("{schema}://",)

    def send(self, body: str, title: str = "", **_: Any) -> bool:  # noqa: ARG002 - Apprise's signature
        sending = _current.get()
        sending.outcome = sending.sender.deliver(sending.channel, sending.config, sending.message)
        return sending.outcome.kind is OutcomeKind.OK

    def url(self, privacy: bool = False, *_: Any, **__: Any) -> str:  # noqa: ARG002 - Apprise's signature
        return f"{self.secure_protocol}://"


class EmailPlugin(OncowirePlugin):
    secure_protocol = "oncowire-email"


class SlackPlugin(OncowirePlugin):
    secure_protocol = "oncowire-slack"


class TeamsPlugin(OncowirePlugin):
    secure_protocol = "oncowire-teams"


PLUGINS = {ChannelKind.EMAIL: EmailPlugin, ChannelKind.SLACK: SlackPlugin, ChannelKind.TEAMS: TeamsPlugin}


def register() -> None:
    """Put our plugins into Apprise's registry; doing it twice changes nothing."""
    registry = NotificationManager()
    for plugin in PLUGINS.values():
        registry.add(plugin, schemas=plugin.secure_protocol, force=True)


class Sender:
    """One per process, made after fork: kept connections, cached TLS context."""

    def __init__(self, settings: Settings) -> None:
        register()
        guard = Guard(settings.fetch_allow | settings.webhook_hosts)
        self._client = Client(guard, f"Oncowire/{__version__}", _limits(settings.send_limit_s))
        self._mailer = Mailer(guard, settings.smtp_url, settings.mail_from, settings.send_limit_s)
        asset = apprise.AppriseAsset(async_mode=False, service_timeout=0)
        self._dispatchers = {channel: _dispatcher(plugin, asset) for channel, plugin in PLUGINS.items()}

    def send(self, channel: ChannelKind, config: dict[str, str], message: Message) -> Outcome:
        """One attempt. Never raises for what the other side does."""
        sending = _Sending(self, channel, config, message)
        token = _current.set(sending)
        try:
            # The plugin takes the rendered message from the context: Apprise need not split or convert it.
            self._dispatchers[channel].notify(body=message.message_id, body_format=apprise.NotifyFormat.TEXT)
        finally:
            _current.reset(token)
        return sending.outcome or Outcome(
            kind=OutcomeKind.UNKNOWN, code="not_dispatched", detail="Apprise did not call the channel"
        )

    def deliver(self, channel: ChannelKind, config: dict[str, str], message: Message) -> Outcome:
        """What the plugins call."""
        if channel is ChannelKind.EMAIL:
            return self._mailer.send(config["address"], message)
        return self._post(channel, config, message)

    def _post(self, channel: ChannelKind, config: dict[str, str], message: Message) -> Outcome:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        payload: dict[str, Any] = dict(message.payload or {})
        url = config.get("url", SLACK_API)
        bot = "bot_token" in config
        if bot:
            headers["Authorization"] = f"Bearer {config['bot_token']}"
            payload["channel"] = config["channel"]
        try:
            answer = self._client.post(url, json.dumps(payload, ensure_ascii=False).encode(), headers)
        except OncowireError as exc:
            return _unanswered(exc)
        body = answer.body[:65_536].decode("utf-8", "replace")
        wait = retry_after_s(answer.headers.get("retry-after", ""), datetime.now(UTC))
        return of_slack_api(answer.status, body, wait) if bot else of_http(channel, answer.status, body, wait)

    def greet_relay(self) -> Outcome:
        """Connect to the mail relay as a send would, without a mail."""
        return self._mailer.greet()

    def close(self) -> None:
        self._client.close()
        self._mailer.close()


def _limits(send_limit_s: float) -> Limits:
    """Seconds to connect, for a silence, and for the whole post."""
    return Limits(connect_s=min(5.0, send_limit_s), read_s=min(10.0, send_limit_s), total_s=send_limit_s)


def _dispatcher(plugin: type[OncowirePlugin], asset: apprise.AppriseAsset) -> apprise.Apprise:
    made = apprise.Apprise(asset=asset)
    made.add(plugin(asset=asset))
    return made


def _unanswered(exc: OncowireError) -> Outcome:
    """No answer came: before the request was sent it may simply be tried again, after that nobody knows."""
    if isinstance(exc, Permanent):
        return Outcome(kind=OutcomeKind.PERMANENT_ENDPOINT, code=exc.code, detail=exc.message)
    sent = isinstance(exc, Transient) and exc.code not in UNSENT_CODES
    return Outcome(kind=OutcomeKind.UNKNOWN if sent else OutcomeKind.TRANSIENT, code=exc.code, detail=exc.message)
