# SPDX-License-Identifier: MIT
"""What pages and API do to a team's templates: check, save what passed, go back. Each with its line in the audit log."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from alerts.console.desk import Desk
from alerts.delivery.templating import Fault
from alerts.errors import InputError
from alerts.model import ChannelKind
from alerts.pipeline import templates
from alerts.store import templates as stored
from alerts.store.tables import TemplateVersion


class FaultyTemplate(InputError):
    """Faults of a template, each with part and line: they stand in `errors` of the API's answer."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("template_faults", "; ".join(f"{f.part}:{f.line}: {f.message}" for f in faults)[:2000])
        self.faults = faults
        self.errors: list[dict[str, Any]] = [f._asdict() for f in faults]


def tried(session: Session, kind: ChannelKind, source: Mapping[str, str]) -> None:
    """On samples and the last 50 stories. Raises FaultyTemplate."""
    faults = templates.check(session, kind, source)
    if faults:
        raise FaultyTemplate(faults)


def save(session: Session, desk: Desk, kind: ChannelKind, source: Mapping[str, str]) -> TemplateVersion:
    """Keep what was `tried` as the version in use. Trying takes seconds, so it is not done while this transaction writes."""
    made = stored.save(session, desk.actor.team_id, kind, source, desk.actor.name, desk.now)
    desk.audit(session, "template_saved", f"template {kind.value}", version=made.version)
    return made


def revert(session: Session, desk: Desk, kind: ChannelKind, version: int) -> TemplateVersion:
    """An earlier version again, as a new one; 0 is Oncowire's own layout. Raises InputError(unknown_version)."""
    made = templates.revert(session, desk.actor.team_id, kind, version, desk.actor.name, desk.now)
    desk.audit(session, "template_reverted", f"template {kind.value}", to=version)
    return made
