# SPDX-License-Identifier: MIT
"""Rule files by API: YAML out and in, the same as `oncowire rules apply`."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from alerts.console.api import common
from alerts.console.api.common import CONFLICT, MISSING, FileText, Id, IdempotencyKey
from alerts.console.desk import CurrentDesk
from alerts.console.roles import Role, needs
from alerts.console.rules import changes
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.store import rules
from alerts.subscriptions import Fault, parse

router = common.router("rules")
YAML = "application/yaml"
SAMPLE = """- name: EU approvals in neuroendocrine tumours
  rule:
    indications: {any: [neuroendocrine tumor]}
    regulators: {any: [EC]}
  channels:
    - email: alice@example.org
  state: draft
"""
RULES = {"type": "array", "items": {"$ref": "#/components/schemas/RuleIn"}}
FILE = common.file_answer(YAML, RULES, "A rule file", SAMPLE)
MAX_CHARS = 1_000_000


@router.get("/rules.yaml", response_class=Response, responses=FILE, summary="All rules of the team as a rule file")
@needs(Role.VIEWER)
def read_all(desk: CurrentDesk) -> Response:
    with desk.store.read() as session:
        return Response(changes.as_yaml(session, list(rules.all_of(session, desk.actor.team_id))), media_type=YAML)


@router.get(
    "/rules/{rule_id}.yaml", response_class=Response, responses={**FILE, **MISSING}, summary="One rule as a rule file"
)
@needs(Role.VIEWER)
def read_one(desk: CurrentDesk, rule_id: Id) -> Response:
    with desk.store.read() as session:
        return Response(changes.as_yaml(session, [changes.mine(session, desk, rule_id)]), media_type=YAML)


class Applied(BaseModel):
    name: str
    outcome: str = Field(description="created · changed · unchanged · valid (where only checked)")


class AppliedFile(BaseModel):
    rules: list[Applied]


Check = Annotated[bool, Query(description="Only say what is wrong; change nothing.")]


@router.post(
    "/rules.yaml", response_model=AppliedFile, responses=CONFLICT, openapi_extra=common.file_body(YAML, RULES, SAMPLE),
    summary="Apply a rule file: all of it, or nothing if anything in it is wrong",
)  # fmt: skip
@needs(Role.EDITOR, "rules:write")
def apply_file(
    desk: CurrentDesk, text: FileText, check: Check = False, idempotency_key: IdempotencyKey = None
) -> Response:
    if len(text) > MAX_CHARS:
        raise InputError("too_long", f"At most {MAX_CHARS:,} characters.")
    parsed = parse(text, concepts(), desk.settings.webhook_hosts)
    if parsed.faults:
        raise FaultyFile(parsed.faults)

    def make(session: Session) -> AppliedFile:
        named = [(s.name, "valid") for s in parsed.specs] if check else changes.apply(session, desk, parsed.specs)
        return AppliedFile(rules=[Applied(name=name, outcome=outcome) for name, outcome in named])

    return common.once(desk, idempotency_key, f"{check} {text}", make, 200)


class FaultyFile(InputError):
    """Faults of a rule file, each with its line: they stand in `errors` of the answer."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("faulty_rules", "; ".join(f"{f.line}: {f.code}: {f.message}" for f in faults)[:2000])
        self.errors: list[dict[str, Any]] = [f._asdict() for f in faults[:100]]
