# SPDX-License-Identifier: MIT
"""Decisions of the review queue as an overlay file of their own (`reviewed.yaml` in the team's folder)."""

from pathlib import Path
from typing import Any

import yaml

from alerts.errors import InputError
from alerts.facts.vocabulary.overlay import read

FILE = "reviewed.yaml"
_HEAD = "# Written by `oncowire vocab review`; edit freely, it is an overlay file like any other.\n"


def accept(folder: Path, name: str, known_as: str | None) -> Path:
    """The name becomes a drug, or one more name of `known_as`."""
    value = _load(folder)
    field = "codes" if any(map(str.isdigit, name)) else "synonyms"
    entry = value.setdefault("drugs", {}).setdefault(known_as or name, {})
    if known_as and known_as.lower() != name.lower():
        entry[field] = sorted({*entry.get(field, ()), name})
    elif field == "codes":
        entry["codes"] = [name]
    value["not_drugs"] = [n for n in value.get("not_drugs", ()) if n.lower() != name.lower()]
    return _save(folder, value)


def refuse(folder: Path, name: str) -> Path:
    """The name is no drug and is not queued or told again."""
    value = _load(folder)
    value["not_drugs"] = sorted({*value.get("not_drugs", ()), name})
    return _save(folder, value)


def _load(folder: Path) -> dict[str, Any]:
    file = folder / FILE
    if not file.exists():
        return {}
    faults = read(file)[1]
    if faults:
        raise InputError("bad_overlay", "\n".join(map(str, faults)))
    value = yaml.safe_load(file.read_text(encoding="utf-8"))
    return value if isinstance(value, dict) else {}


def _save(folder: Path, value: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{FILE}.new"
    kept = {key: part for key, part in value.items() if part}
    draft.write_text(_HEAD + yaml.safe_dump(kept, allow_unicode=True, sort_keys=True), encoding="utf-8")
    return draft.replace(folder / FILE)
