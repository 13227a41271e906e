# SPDX-License-Identifier: MIT
"""Vocabulary by API: look a name up; try a change on stored news, save it, take it back, as YAML; the review queue."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from alerts.console import overlay
from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, Cursor, Id, IdempotencyKey, Limit
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.facts.lookup import Hit, Place, lookup
from alerts.facts.vocabulary.current import current
from alerts.facts.vocabulary.edits import Edit
from alerts.model import ConceptRef
from alerts.pipeline import vocabulary as changes
from alerts.store import novel
from alerts.store import vocabulary as stored
from alerts.store.tables import VocabularyEdit

router = common.router("vocabulary")


class ConceptHit(BaseModel):
    id: str
    kind: str
    name: str
    by: str = Field(description="The synonym, brand or code that was hit; empty for the name itself.")
    below: int = Field(description="How many concepts are below it.")


class ConceptPage(BaseModel):
    items: list[ConceptHit]
    next: str | None


Kind = Literal["drug", "class", "target", "indication", "biomarker", "regulator"]
Kinds = Annotated[list[Kind] | None, Query(max_length=6)]


@router.get("/vocabulary", summary="Concepts whose name, synonym, brand or code begins like this")
@needs(Role.VIEWER)
def find_concepts(
    desk: CurrentDesk,  # noqa: ARG001 - only for the gate
    q: Annotated[str, Query(min_length=1, max_length=100)],
    kind: Kinds = None,
    limit: Limit = 10,
    cursor: Cursor = None,
) -> ConceptPage:
    """The best first: the whole name, then a preferred name that begins so, then names used in the news, then the rest."""
    known = lookup()
    found = known.ranked(kind or get_args(Kind), q)
    return ConceptPage.model_validate(common.part_of(found, cursor, limit, lambda p: _hit(known.hit(p)), _place))


def _hit(found: Hit) -> ConceptHit:
    return ConceptHit(id=found.ref.id, kind=found.ref.kind, name=found.ref.name, by=found.by, below=found.below)


def _place(place: Place) -> str:
    return " ".join(f"{n:04}" for n in place.order) + f" {place.concept}"


class Concept(BaseModel):
    id: str
    kind: str
    name: str


class ConceptDetail(Concept):
    names: list[str]
    above: list[Concept]
    below: list[Concept]


def _concept(ref: ConceptRef) -> Concept:
    return Concept(id=ref.id, kind=ref.kind, name=ref.name)


@router.get("/vocabulary/concept", responses=MISSING, summary="All that the vocabulary says of a concept")
@needs(Role.VIEWER)
def read_concept(desk: CurrentDesk, id: Annotated[str, Query(min_length=1, max_length=200)]) -> ConceptDetail:  # noqa: ARG001
    card = lookup().card(id)
    if card is None:
        raise not_found("concept")
    return ConceptDetail(
        **_concept(card.ref).model_dump(), names=list(card.names), above=[_concept(r) for r in card.above],
        below=[_concept(r) for r in card.below],
    )  # fmt: skip


# ── changes ──────────────────────────────────────────────────────────────────────────────────────


class ChangeIn(BaseModel):
    """What it takes: add_name and take_name: id, name (and sort: synonym, brand, code, abbreviation). put_under and take_under:
    id, above. new_drug and new_cancer: name, names, above. known_as: name, of. no_drug: name. yaml: text, an overlay file."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"what": "add_name", "id": "drug:cabozantinib", "name": "Cabo", "sort": "synonym"}
        },
    )

    what: Literal[
        "add_name", "take_name", "put_under", "take_under", "new_drug", "new_cancer", "known_as", "no_drug", "yaml"
    ]
    id: str = Field(default="", max_length=200, description="The entry that is changed.")
    name: str = Field(default="", max_length=200)
    names: list[str] = Field(default_factory=list, max_length=50, description="Other names of a new entry.")
    sort: str = Field(default="", max_length=20)
    above: list[str] = Field(default_factory=list, max_length=20, description="Entries that stand above it.")
    of: str = Field(default="", max_length=200, description="The drug that the name is another name of.")
    novel: str = Field(default="", max_length=200, description="The name of the review queue that it decides.")
    text: str = Field(default="", max_length=overlay.MAX_CHARS)

    def edit(self) -> Edit:
        """By the code of the form. Raises InputError."""
        given = self.model_dump() | {"names": ", ".join(self.names), "above": ", ".join(self.above)}
        return overlay.edit_of({field: str(given[field]).strip() for field in overlay.FIELDS})


class ItemEffect(BaseModel):
    item: int
    title: str
    gone: list[str]
    come: list[str]


class RuleEffect(BaseModel):
    rule: int
    name: str
    gained: list[str] = Field(description="Titles of stored items that it would meet and does not now,")
    lost: list[str] = Field(description="and the other way round.")


class TrialOut(BaseModel):
    said: str = Field(description="The change in words.")
    concerned: int = Field(description="Stored items that have to do with it.")
    tried: int = Field(description="The newest of them, read with both vocabularies.")
    changed: list[ItemEffect]
    rules: list[RuleEffect] = Field(description="Active rules of your team that would say otherwise.")


@router.post(
    "/vocabulary/changes/try", responses=MISSING, summary="What a change would do to stored news and to your rules"
)
@needs(Role.EDITOR, "vocabulary:write")
def try_change(desk: CurrentDesk, body: ChangeIn) -> TrialOut:
    edit = body.edit()
    seen = overlay.trial(desk, edit)
    return TrialOut(
        said=edit.said,
        concerned=seen.effect.concerned,
        tried=seen.effect.tried,
        changed=[
            ItemEffect(item=c.item.id, title=c.item.news.title, gone=list(c.gone), come=list(c.come))
            for c in seen.effect.changed
        ],
        rules=[
            RuleEffect(rule=r.rule_id, name=seen.rules[r.rule_id].name, gained=list(r.gained), lost=list(r.lost))
            for r in seen.effect.rules
        ],
    )


class ChangeOut(BaseModel):
    id: int
    at: datetime
    author: str
    said: str
    concept: str = Field(description="The entry that it is about; empty: several.")
    undone_at: datetime | None
    undone_by: str | None


class ChangeMade(ChangeOut):
    again: int = Field(description="Stored items that are read again now; nobody is told of old news.")


class ChangePage(BaseModel):
    items: list[ChangeOut]
    next: str | None


def _change(row: VocabularyEdit) -> ChangeOut:
    return ChangeOut.model_validate(row, from_attributes=True)


def _made(session: Session, saved: changes.Saved) -> ChangeMade:
    return ChangeMade(**_change(stored.edit(session, saved.edit_id)).model_dump(), again=saved.again)


@router.get("/vocabulary/changes", summary="Every change that people made, newest first")
@needs(Role.VIEWER)
def list_changes(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None) -> ChangePage:
    with desk.store.read() as session:
        kept = stored.all_edits(session)
    page = common.part_of(kept, cursor, limit, _change, lambda row: common.newest_first(row.id))
    return ChangePage.model_validate(page)


@router.post(
    "/vocabulary/changes", status_code=201, response_model=ChangeMade, responses={**MISSING, **CONFLICT},
    summary="Save a change: every process reads with it within seconds",
)  # fmt: skip
@needs(Role.ADMIN, "vocabulary:write")
def save_change(desk: CurrentDesk, body: ChangeIn, idempotency_key: IdempotencyKey = None) -> Response:
    done = common.replayed(desk, idempotency_key, body.model_dump_json())
    if done is not None:
        return done
    edit = body.edit()
    with desk.store.read() as session:
        plan = changes.plan_to_save(session, edit)

    def make(session: Session) -> ChangeMade:
        return _made(session, changes.save_in(session, plan, edit, desk.actor.name, desk.now, desk.actor.team_id))

    made = common.once(desk, idempotency_key, body.model_dump_json(), make)
    current.look_again()
    return made


@router.post(
    "/vocabulary/changes/{edit_id}/undo", status_code=200, response_model=ChangeMade,
    responses={**MISSING, **CONFLICT}, summary="Take a change back",
)  # fmt: skip
@needs(Role.ADMIN, "vocabulary:write")
def undo_change(desk: CurrentDesk, edit_id: Id, idempotency_key: IdempotencyKey = None) -> Response:
    done = common.replayed(desk, idempotency_key, "")
    if done is not None:
        return done
    with desk.store.read() as session:
        plan = changes.plan_to_undo(session, edit_id)

    def make(session: Session) -> ChangeMade:
        return _made(session, changes.undo_in(session, plan, edit_id, desk.actor.name, desk.now, desk.actor.team_id))

    made = common.once(desk, idempotency_key, "", make, 200)
    current.look_again()
    return made


YAML = "application/yaml"
SAMPLE = "drugs:\n  cabozantinib:\n    synonyms: [Cabo]\n"
OVERLAY = common.file_answer(YAML, {"type": "object"}, "An overlay file", SAMPLE)


@router.get(
    "/vocabulary/changes.yaml",
    response_class=Response,
    responses=OVERLAY,
    summary="All that is in force as one overlay file",
)
@needs(Role.VIEWER)
def read_overlay(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        return Response(overlay.in_force_as_yaml(session), media_type=YAML)


# ── the review queue ─────────────────────────────────────────────────────────────────────────────


class QueuedOut(BaseModel):
    name: str
    seen: int
    reason: str = Field(description="Why it looks like a drug.")
    state: str
    first_title: str
    story: int | None
    decided_by: str | None


class QueuePage(BaseModel):
    items: list[QueuedOut]
    next: str | None


QueueState = Annotated[Literal["open", "accepted", "refused"] | None, Query(description="Only names in this state.")]


@router.get("/vocabulary/review", summary="Names that look like drugs and that the vocabulary does not know")
@needs(Role.VIEWER)
def review_queue(desk: CurrentDesk, limit: Limit = 50, cursor: Cursor = None, state: QueueState = "open") -> QueuePage:
    with desk.store.read() as session:
        found = [q for q in novel.with_examples(session) if state is None or q.row.state == state]
    page = common.part_of(found, cursor, limit, _queued, lambda q: q.row.name)
    return QueuePage.model_validate(page)


def _queued(queued: novel.Queued) -> QueuedOut:
    row = queued.row
    return QueuedOut(
        name=row.name, seen=row.seen_count, reason=row.reason, state=row.state, first_title=queued.title,
        story=queued.story_id, decided_by=row.decided_by,
    )  # fmt: skip
