# SPDX-License-Identifier: MIT
"""The vocabulary: drugs, cancers, biomarkers, bodies, and the surfaces that need care. Sources and licences: SOURCES.md.

Four layers, the later wins: `*.jsonl` (built from the sources), `overlay/*.yaml` (the project's own), this machine's own files in
`ONCOWIRE_VAR_DIR/vocabulary`: `base/*.jsonl` (a refreshed build that replaces the shipped one) and `*.yaml`, and what people
changed in the console (rows of the database, so that every process has them).
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import from_json

from alerts.errors import InputError
from alerts.facts.kept import kept, shipped
from alerts.facts.vocabulary.assemble import Rows, assemble
from alerts.facts.vocabulary.entries import Biomarker, Body, Drug, DrugClass, Indication, Vocabulary
from alerts.facts.vocabulary.overlay import YAML_LOADER, Fault, Overlay, read

__all__ = [
    "FILES",
    "FOLDER",
    "Biomarker",
    "Body",
    "Drug",
    "DrugClass",
    "Indication",
    "Vocabulary",
    "load",
    "load_with",
    "overlay_files",
    "rows_of",
    "words",
]

FOLDER = Path(__file__).parent
FILES = ("drugs", "indications", "biomarkers", "regulators", "trial_ids", "inn_stems", "ambiguity")


def words(name: str) -> Any:
    """The rules of a stage: a YAML file of this folder."""
    with (FOLDER / f"{name}.yaml").open(encoding="utf-8") as file:
        return yaml.load(file, Loader=YAML_LOADER)  # noqa: S506 (a safe loader)


@lru_cache(maxsize=2)
def load(team: Path | None = None) -> Vocabulary:
    """The shipped vocabulary with the overlays on top, the team's folder last.

    Raises InputError(bad_overlay) that tells every fault with its line.
    """
    if team is None:
        return kept("vocabulary", shipped(), _shipped)
    return assemble(rows_of(team), _read_all(overlay_files(team)))


def _shipped() -> Vocabulary:
    return assemble(rows_of(), _read_all(overlay_files()))._replace(stamp=shipped())


def load_with(files: list[Path], team: Path | None = None, changes: Overlay | None = None) -> Vocabulary:
    """The vocabulary as it would be with more overlay files and people's changes on top. Raises InputError(bad_overlay)."""
    read_files = _read_all([*overlay_files(team), *files])
    return assemble(rows_of(team), [*read_files, *([changes] if changes else [])])


def _read_all(files: list[Path]) -> list[Overlay]:
    overlays, faults = [], []
    for file in files:
        overlay, wrong = _read_once(file, file.stat().st_mtime_ns)
        overlays.append(overlay)
        faults += wrong
    if faults:
        raise InputError("bad_overlay", "\n".join(map(str, faults)))
    return overlays


@lru_cache(maxsize=64)
def _read_once(file: Path, _changed_ns: int) -> tuple[Overlay, list[Fault]]:
    """Half of the time of laying a change on what is there went into reading the same files again."""
    return read(file)


def overlay_files(team: Path | None = None) -> list[Path]:
    """The shipped overlay files, then the team's."""
    return [*sorted((FOLDER / "overlay").glob("*.yaml")), *(sorted(team.glob("*.yaml")) if team else ())]


def rows_of(team: Path | None = None) -> Rows:
    """Rows of the base files: a refreshed file of the team's folder stands in for the shipped one."""
    return {name: _rows(_base(name, team)) for name in FILES}


def _base(name: str, team: Path | None) -> Path:
    refreshed = team / "base" / f"{name}.jsonl" if team else None
    return refreshed if refreshed and refreshed.exists() else FOLDER / f"{name}.jsonl"


def _rows(file: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = from_json(b"[" + b",".join(file.read_bytes().splitlines()) + b"]")
    return rows
