# SPDX-License-Identifier: MIT
"""What an answer means and what follows from it. Pure.

Sources: SMTP reply classes RFC 5321 §4.2.1; HTTP RFC 9110 §15; Slack docs.slack.dev, incoming webhooks
(410 and 404 no_service: gone for good); Power Automate answers 202: accepted by the flow, not posted.
"""

import hashlib
from datetime import datetime, timedelta

from alerts.model import ChannelKind, DeliveryState, DeliveryStep, Outcome, OutcomeKind

# Seconds between attempts, about 24 h in all; each is stretched by up to a quarter so that nobody comes back in step.
WAITS_S = (15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 28800)
JITTER = 0.25
MAX_RETRY_AFTER_S = 24 * 3600
CONFIRMATIONS = 2  # one 404 under load was seen: the second in a row counts


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


def next_step(outcome: Outcome, attempts_made: int, channel: ChannelKind, now: datetime, luck: float) -> DeliveryStep:
    """State after an attempt. `luck`: uniform random number in 0…1.

    Unknown (the other side may have it): mail is repeated with the same Message-ID, which receivers can drop; a Slack or
    Teams message is repeated once at most, marked as a possible repeat.
    """
    if outcome.kind is OutcomeKind.OK:
        return DeliveryStep(state=DeliveryState.SENT, reason=outcome.code)
    if outcome.kind is OutcomeKind.PERMANENT_MESSAGE:
        return DeliveryStep(state=DeliveryState.DEAD, reason=outcome.code)
    if outcome.kind is OutcomeKind.PERMANENT_ENDPOINT and attempts_made >= CONFIRMATIONS:
        return DeliveryStep(state=DeliveryState.DEAD, reason=outcome.code)
    if outcome.kind is OutcomeKind.UNKNOWN and channel is not ChannelKind.EMAIL and attempts_made >= 2:
        return DeliveryStep(state=DeliveryState.DEAD, reason=f"unknown_after_repeat:{outcome.code}")
    if attempts_made > len(WAITS_S):
        return DeliveryStep(state=DeliveryState.DEAD, reason=f"gave_up:{outcome.code}")
    state = DeliveryState.UNKNOWN if outcome.kind is OutcomeKind.UNKNOWN else DeliveryState.RETRY
    wait_s = max(
        WAITS_S[attempts_made - 1] * (1 + JITTER * luck), min(max(outcome.retry_after_s or 0, 0), MAX_RETRY_AFTER_S)
    )
    return DeliveryStep(state=state, not_before=now + timedelta(seconds=wait_s), reason=outcome.code)


def endpoint_is_dead(outcome: Outcome, failures_before: int) -> bool:
    """Is the channel beyond help: a permanent fault of the endpoint, confirmed?"""
    return outcome.kind is OutcomeKind.PERMANENT_ENDPOINT and failures_before + 1 >= CONFIRMATIONS


def message_id(installation: str, *key: object) -> str:
    """Message-ID of a delivery, the same on every repeat (RFC 5322 §3.6.4)."""
    digest = hashlib.sha256("\0".join(map(str, (installation, *key))).encode()).hexdigest()[:32]
    return f"<{digest}@{installation}.oncowire>"
