# SPDX-License-Identifier: MIT
"""What becomes of a notice when its trouble is seen or no longer seen: told once when it starts, once when it is over. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from alerts.model import Value
from alerts.watch.troubles import Trouble


class Known(Value):
    """A notice as it stands in the store."""

    since: datetime
    told_at: datetime | None = None
    over_at: datetime | None = None


class Step(Value):
    """What to do with the row; `tell_after` says when a new notice may be told."""

    action: Literal["open", "close", "forget", "keep"]
    reason: str
    tell_after: datetime | None = None


def step(known: Known | None, trouble: Trouble | None, now: datetime) -> Step:
    """Decide about one key. A trouble that went before it was told is forgotten: nobody learns of what nobody saw."""
    if trouble is not None:
        if known is None or known.over_at is not None:
            return Step(
                action="open", reason="seen for the first time", tell_after=now + timedelta(seconds=trouble.wait_s)
            )
        return Step(action="keep", reason="lasts")
    if known is None or known.over_at is not None:
        return Step(action="keep", reason="nothing to end")
    if known.told_at is None:
        return Step(action="forget", reason="went before it was told")
    return Step(action="close", reason="no longer seen")
