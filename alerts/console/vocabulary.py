# SPDX-License-Identifier: MIT
"""Vocabulary: look a name up, see what it is, what is above and below it, and which rules and stories name it."""

from fastapi import APIRouter
from fastapi.responses import Response

from alerts.console.access import GuardedRoute
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.facts.lookup import lookup
from alerts.facts.vocabulary.edits import SORTS
from alerts.store import browse, novel, rules
from alerts.store import vocabulary as edits
from alerts.store.browse import Asked

router = APIRouter(route_class=GuardedRoute, include_in_schema=False, prefix="/vocabulary")
KINDS = ("drug", "class", "target", "indication", "biomarker", "regulator")


@router.get("")
@needs(Role.VIEWER)
def vocabulary(desk: CurrentDesk, q: str = "", id: str = "") -> Response:
    """`q`: what was typed; `id`: the concept that is looked at."""
    found = lookup().suggest(KINDS, q[:100], 30) if q.strip() else []
    concept = id or (found[0].ref.id if found else "")
    card = lookup().card(concept) if concept else None
    with desk.store.read() as session:
        named = browse.stories(session, Asked(filters={"concept": concept}, limit=10)) if card else None
        using = [
            s
            for s in rules.all_of(session, desk.actor.team_id)
            if concept and f'"{concept}"' in str(s.spec).replace("'", '"')
        ]
        changed = edits.all_edits(session, concept) if card else []
        waiting = novel.count_open(session)
    return desk.show(
        "vocabulary/page.html", q=q[:100], found=found, card=card, named=named, using=using, changed=changed,
        waiting=waiting, sorts=SORTS,
    )  # fmt: skip
