# SPDX-License-Identifier: MIT
"""Vocabulary by API: look a name up, see what it is, what is above and below it."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from alerts.console.api import common
from alerts.console.api.common import MISSING
from alerts.console.desk import CurrentDesk, not_found
from alerts.console.roles import Role, needs
from alerts.facts.lookup import lookup
from alerts.model import ConceptRef

router = common.router("vocabulary")


class ConceptHit(BaseModel):
    id: str
    kind: str
    name: str
    by: str = Field(description="The synonym, brand or code that was hit; empty for the name itself.")
    below: int = Field(description="How many concepts are below it.")


Kind = Literal["drug", "class", "target", "indication", "biomarker", "regulator"]
Kinds = Annotated[list[Kind] | None, Query(max_length=6)]


@router.get("/vocabulary", summary="Concepts whose name, synonym, brand or code begins like this")
@needs(Role.VIEWER)
def find_concepts(
    desk: CurrentDesk,  # noqa: ARG001 - only for the gate
    q: Annotated[str, Query(min_length=1, max_length=100)],
    kind: Kinds = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[ConceptHit]:
    kinds: tuple[str, ...] = tuple(kind or ("drug", "class", "target", "indication", "biomarker", "regulator"))
    found = lookup().suggest(kinds, q, limit)
    return [ConceptHit(id=h.ref.id, kind=h.ref.kind, name=h.ref.name, by=h.by, below=h.below) for h in found]


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
