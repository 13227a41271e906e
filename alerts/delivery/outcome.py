# SPDX-License-Identifier: MIT
"""What an answer means and what follows from it. Pure.

Sources: SMTP reply classes RFC 5321 §4.2.1; HTTP RFC 9110 §15; Slack docs.slack.dev, incoming webhooks
(410 and 404 no_service: gone for good); Power Automate answers 202: accepted by the flow, not posted.
"""

import hashlib
import json
import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from alerts.model import ChannelKind, DeliveryState, DeliveryStep, Outcome, OutcomeKind

# Seconds between attempts, about 24 h in all; each is stretched by up to a quarter so that nobody comes back in step.
WAITS_S = (15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 28800)
JITTER = 0.25
MAX_RETRY_AFTER_S = 24 * 3600
CONFIRMATIONS = 2  # one 404 under load was seen: the second in a row counts,
CONFIRM_AFTER_S = 10.0  # and a burst that meets one hiccup is one failure


def of_smtp(code: int, text: str, *, at_recipient: bool) -> Outcome:
    """4xx passes, 5xx stays; a 5xx at RCPT says that the mailbox is not there."""
    detail = f"{code} {text}"[:300]
    if 400 <= code < 500:
        return Outcome(kind=OutcomeKind.TRANSIENT, code=f"smtp_{code}", detail=detail)
    if at_recipient and code in {550, 551, 553, 521, 556}:
        return Outcome(kind=OutcomeKind.PERMANENT_ENDPOINT, code=f"smtp_{code}", detail=detail)
    return Outcome(kind=OutcomeKind.PERMANENT_MESSAGE, code=f"smtp_{code}", detail=detail)


def of_http(channel: ChannelKind, status: int, body: str, retry_after_s: float | None) -> Outcome:
    """Answer of a webhook."""
    detail = f"{status} {body}"[:300]
    code = f"http_{status}"
    if 200 <= status < 300:
        return Outcome(kind=OutcomeKind.OK, code=code, detail=detail)
    if status in {408, 425, 429} or status >= 500:
        return Outcome(kind=OutcomeKind.TRANSIENT, code=code, detail=detail, retry_after_s=retry_after_s)
    gone = status in {401, 403, 404, 410} or (channel is ChannelKind.SLACK and "invalid_token" in body)
    kind = OutcomeKind.PERMANENT_ENDPOINT if gone else OutcomeKind.PERMANENT_MESSAGE
    return Outcome(kind=kind, code=code, detail=detail)


# chat.postMessage answers 200 with ok: false (docs.slack.dev, chat.postMessage, errors).
SLACK_GONE = {
    "channel_not_found", "is_archived", "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
    "not_in_channel", "org_login_required", "missing_scope", "no_permission", "restricted_action", "team_access_not_granted",
}  # fmt: skip
SLACK_PASSING = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
}


def of_slack_api(status: int, body: str, retry_after_s: float | None) -> Outcome:
    """Answer of Slack's Web API; `provider_id` is CHANNEL:TS, what an update is threaded under."""
    if status != 200:
        return of_http(ChannelKind.SLACK, status, body, retry_after_s)
    try:
        answer = json.loads(body)
        if answer["ok"]:
            return Outcome(kind=OutcomeKind.OK, code="slack_ok", provider_id=f"{answer['channel']}:{answer['ts']}")
        error = str(answer["error"])
    except (ValueError, KeyError, TypeError):
        return Outcome(kind=OutcomeKind.UNKNOWN, code="slack_unreadable", detail=body[:300])
    kind = OutcomeKind.PERMANENT_ENDPOINT if error in SLACK_GONE else OutcomeKind.PERMANENT_MESSAGE
    kind = OutcomeKind.TRANSIENT if error in SLACK_PASSING else kind
    return Outcome(kind=kind, code=f"slack_{error}"[:60], detail=body[:300], retry_after_s=retry_after_s)


def next_step(
    outcome: Outcome,
    attempts: int,
    channel: ChannelKind,
    now: datetime,
    luck: float,
    *,
    unknown_before: int = 0,
    endpoint_dead: bool = False,
) -> DeliveryStep:
    """State after an attempt. `attempts`: of this round, this one included; `luck`: uniform random number in 0…1.

    Unknown (the other side may have it): mail is repeated with the same Message-ID, which receivers can drop; a Slack or
    Teams message is repeated once at most, marked as a possible repeat. `unknown_before`: earlier attempts that ended so.
    """
    if outcome.kind is OutcomeKind.OK:
        return DeliveryStep(state=DeliveryState.SENT, reason=outcome.code)
    if outcome.kind is OutcomeKind.PERMANENT_MESSAGE or endpoint_dead:
        return DeliveryStep(state=DeliveryState.DEAD, reason=outcome.code)
    if outcome.kind is OutcomeKind.UNKNOWN and channel is not ChannelKind.EMAIL and unknown_before:
        return DeliveryStep(state=DeliveryState.DEAD, reason=f"unknown_after_repeat:{outcome.code}")
    if attempts > len(WAITS_S):
        return DeliveryStep(state=DeliveryState.DEAD, reason=f"gave_up:{outcome.code}")
    state = DeliveryState.UNKNOWN if outcome.kind is OutcomeKind.UNKNOWN else DeliveryState.RETRY
    wait_s = WAITS_S[max(attempts, 1) - 1] * (1 + JITTER * luck)
    if outcome.retry_after_s is not None:
        wait_s = max(wait_s, clamped(outcome.retry_after_s))
    return DeliveryStep(state=state, not_before=now + timedelta(seconds=wait_s), reason=outcome.code)


def clamped(retry_after_s: float) -> float:
    """A wait in seconds that the other side asked for, from 1 s to 24 h."""
    return min(max(retry_after_s, 1.0), MAX_RETRY_AFTER_S)


def retry_after_s(value: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header in either form (RFC 9110 §10.2.3); None if it is neither."""
    if re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment - now).total_seconds() if moment.tzinfo else None


class Health(NamedTuple):
    """Refusals of an endpoint in a row, when the last of them was, and whether it is beyond help."""

    failures: int = 0
    failed_at: datetime | None = None
    dead: bool = False


def health_after(health: Health, outcome: Outcome, now: datetime) -> Health:
    """An answer clears it; a permanent fault counts once a moment, and the second one in a row ends it."""
    if outcome.kind is OutcomeKind.OK:
        return Health()
    if outcome.kind is not OutcomeKind.PERMANENT_ENDPOINT:
        return health._replace(dead=False)
    if health.failed_at and (now - health.failed_at).total_seconds() < CONFIRM_AFTER_S:
        return health._replace(dead=False)
    return Health(health.failures + 1, now, health.failures + 1 >= CONFIRMATIONS)


def message_id(installation: str, *key: object) -> str:
    """Message-ID of a delivery, the same on every repeat (RFC 5322 §3.6.4)."""
    digest = hashlib.sha256("\0".join(map(str, (installation, *key))).encode()).hexdigest()[:32]
    return f"<{digest}@{installation}.oncowire>"
