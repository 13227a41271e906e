# SPDX-License-Identifier: MIT
"""Signed links for people without an account: what they may do, for which channel, until when.

A token names ids only and is signed for one purpose; whoever changes a character has no token any more, and learns
nothing: a bad, an old and a foreign token look the same.
"""

from datetime import timedelta
from typing import Literal, NamedTuple

from itsdangerous import BadSignature, URLSafeTimedSerializer

from alerts.store.engine import Store

Purpose = Literal["manage", "unsubscribe", "confirm"]
# An alert may be opened long after it came, and one click must still end it (RFC 8058); a page that shows more lives shorter.
MAX_AGE: dict[Purpose, timedelta] = {
    "manage": timedelta(days=90),
    "unsubscribe": timedelta(days=730),
    "confirm": timedelta(days=7),
}


class Reader(NamedTuple):
    """Whose link it is: a channel, and the subscription it is about (None: all of that channel)."""

    channel_id: int
    subscription_id: int | None = None


def sign(store: Store, purpose: Purpose, reader: Reader) -> str:
    """A token for one purpose."""
    return _signer(store, purpose).dumps([reader.channel_id, reader.subscription_id])


def read(store: Store, purpose: Purpose, token: str) -> Reader | None:
    """Whose token it is; None if it is not one, not for this purpose, or too old."""
    try:
        channel, subscription = _signer(store, purpose).loads(token, max_age=int(MAX_AGE[purpose].total_seconds()))
    except (BadSignature, ValueError, TypeError):
        return None
    return Reader(channel, subscription)


def of_reader(store: Store, public_url: str, reader: Reader, story_id: int | None = None) -> dict[str, str]:
    """The links of a message; with a story, also to its page, which its readers open without an account."""
    manage = f"{public_url}/s/{sign(store, 'manage', reader)}"
    told = {"story": f"{manage}/story/{story_id}"} if story_id is not None else {}
    return told | {
        "manage": manage,
        "mute": f"{manage}?open=mute#mute",
        "pause": f"{manage}#pause",
        "unsubscribe": f"{public_url}/s/unsubscribe/{sign(store, 'unsubscribe', reader)}",
    }


def confirmation(store: Store, public_url: str, channel_id: int) -> str:
    """The link of a confirmation mail."""
    return f"{public_url}/s/confirm/{sign(store, 'confirm', Reader(channel_id))}"


def _signer(store: Store, purpose: Purpose) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(store.secrets.signing_key("subscriber links"), salt=f"oncowire.{purpose}")
