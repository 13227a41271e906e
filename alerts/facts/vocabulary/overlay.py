# SPDX-License-Identifier: MIT
"""The hand overlay: YAML that wins over the sources. The same form for the shipped files (`overlay/`) and a team's own.

Every fault has its line: `FILE:LINE: code: message` (codes: bad_yaml, unknown_field, bad_value, twice).
"""

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

# The C parser reads the overlay ten times faster; a wheel without it still works.
YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassEntry(_Entry):
    under: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class DrugEntry(_Entry):
    """Names are added to those of the sources; `classes` and `targets` replace them, `under` and `not_under`
    (`class:…`, `target:…`) add and take away. `brand`: the one that is shown where a text names none. `same_as`: a duplicate of that drug."""

    id: str | None = None
    name: str | None = None
    tier: Literal["approved", "listed", "stem_only", "regimen", "other", "repurposed"] | None = None
    synonyms: tuple[str, ...] = ()
    brand: str | None = None
    brands: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    under: tuple[str, ...] = ()
    not_under: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    same_as: str | None = None


class IndicationEntry(_Entry):
    name: str | None = None
    oncotree: str | None = None
    matchable: bool | None = None
    synonyms: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    no_parents: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    same_as: str | None = None


class BodyEntry(_Entry):
    """`short`: what news calls it, where that is not the end of its id."""

    name: str | None = None
    short: str | None = None
    kind: Literal["regulator", "hta", "guideline", "conference", "programme"] | None = None
    synonyms: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class BiomarkerEntry(_Entry):
    name: str | None = None
    synonyms: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class Overlay(_Entry):
    """One overlay file. `not_drugs`: names that look like a drug by stem or code and are none."""

    classes: dict[str, ClassEntry] = {}
    drugs: dict[str, DrugEntry] = {}
    indications: dict[str, IndicationEntry] = {}
    bodies: dict[str, BodyEntry] = {}
    biomarkers: dict[str, BiomarkerEntry] = {}
    companies: dict[str, tuple[str, ...]] = {}
    trials: tuple[str, ...] = ()
    trial_words: tuple[str, ...] = ()
    policies: dict[str, str] = {}
    not_drugs: tuple[str, ...] = ()


class Fault(NamedTuple):
    file: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code}: {self.message}"


def read(file: Path) -> tuple[Overlay, list[Fault]]:
    """An overlay file and its faults; with faults the overlay is empty."""
    try:
        return parse(str(file), file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, OSError) as exc:
        return Overlay(), [Fault(str(file), 1, "bad_yaml", str(exc))]


def parse(name: str, text: str) -> tuple[Overlay, list[Fault]]:
    """The text of an overlay and its faults, each told with the `name`; with faults the overlay is empty."""
    try:
        node = yaml.compose(text, Loader=YAML_LOADER)
        value = (YAML_LOADER("").construct_document(node) if node else None) or {}
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or str(exc)
        return Overlay(), [Fault(name, mark.line + 1 if mark else 1, "bad_yaml", problem)]
    faults = [Fault(name, line, "twice", f"{key} is given twice") for key, line in _twice(node)]
    try:
        overlay = Overlay.model_validate(value)
    except ValidationError as exc:
        faults += [_fault(name, node, e["loc"], e["type"], e["msg"]) for e in exc.errors()]
    return (Overlay(), sorted(faults, key=lambda f: f.line)) if faults else (overlay, [])


def _fault(name: str, node: Any, loc: tuple[int | str, ...], kind: str, message: str) -> Fault:
    where = ".".join(map(str, loc)) or "the file"
    code = "unknown_field" if kind == "extra_forbidden" else "bad_value"
    said = f"{where} is no field here" if code == "unknown_field" else f"{where}: {message}"
    return Fault(name, _line(node, loc), code, said)


def _line(node: Any, loc: tuple[int | str, ...]) -> int:
    """Line of the innermost node on the way to `loc`."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return int(line)


def _twice(node: Any) -> list[tuple[str, int]]:
    """Keys that a mapping has twice: YAML would keep the last in silence."""
    if isinstance(node, yaml.SequenceNode):
        return [found for child in node.value for found in _twice(child)]
    if not isinstance(node, yaml.MappingNode):
        return []
    seen: set[str] = set()
    found = []
    for key, value in node.value:
        if key.value in seen:
            found.append((str(key.value), key.start_mark.line + 1))
        seen.add(key.value)
        found += _twice(value)
    return found


def line_of(file: Path, subject: str, message: str) -> int:
    """The line of an overlay that most likely made a trouble: the first that has a name in it."""
    wanted = [subject.lower(), *re.findall(r"[\w-]+:([\w-]+)", message)]
    lines = file.read_text(encoding="utf-8").lower().splitlines()
    folded = [slug(line) for line in lines]
    return next((n for w in wanted for n, line in enumerate(folded, 1) if slug(w) in line), 1)


def slug(name: str) -> str:
    """The last part of a concept's id."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
