# SPDX-License-Identifier: MIT
"""What people change in the vocabulary, one change at a time. Pure.

Each change is a small overlay (the form of `overlay/*.yaml`) with a sentence that says what it does. All that are not taken
back are laid together (`together`) and lie on top of every file. The last word counts: a name that is given to an entry
after it was taken away is there again.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import yaml

from alerts.errors import InputError
from alerts.facts.text import key_of
from alerts.facts.vocabulary.entries import Vocabulary
from alerts.facts.vocabulary.overlay import Overlay, parse, slug
from alerts.model import ConceptRef

SORTS = {
    "drug": {"synonym": "synonyms", "brand": "brands", "code": "codes"},
    "indication": {"synonym": "synonyms", "abbreviation": "abbreviations"},
    "biomarker": {"synonym": "synonyms"},
    "regulator": {"synonym": "synonyms"},
    "class": {"synonym": "names"},
}
"""Kind of entry → sort of name → where an overlay keeps it."""
SECTIONS = {
    "drug": "drugs", "indication": "indications", "biomarker": "biomarkers", "regulator": "bodies", "class": "classes",
}  # fmt: skip
MAX_NAME = 120
MAX_YAML = 200_000
_NAMES = ("synonyms", "brands", "codes", "abbreviations", "names")
_PLACES = (("parents", "no_parents"), ("under", "not_under"))
Piece = dict[str, Any]


class Edit(NamedTuple):
    """`piece`: the overlay. `concept`: the id it is about; `makes`: it is a new one. `novel`: the name of the review queue."""

    said: str
    piece: Piece
    concept: str = ""
    makes: bool = False
    novel: str = ""


def add_name(v: Vocabulary, ref: ConceptRef, name: str, sort: str, novel: str = "") -> Edit:
    """One more name of an entry. Raises InputError(bad_name · bad_sort)."""
    name = cleaned(name)
    field = SORTS.get(ref.kind, {}).get(sort)
    if field is None:
        kinds = ", ".join(SORTS.get(ref.kind, {})) or "none: a target has its name from its drugs"
        raise InputError("bad_sort", f"Names that can be added to a {ref.kind}: {kinds}.")
    return Edit(f"“{name}” is a {sort} of {ref.name}", _of(v, ref, {field: [name]}), ref.id, novel=novel)


def known_as(v: Vocabulary, ref: ConceptRef, novel: str) -> Edit:
    """A name of the review queue is one more name of a known drug. Raises InputError(bad_name · bad_sort)."""
    return add_name(v, ref, novel, "code" if _has_digit(novel) else "synonym", novel)


def take_name(v: Vocabulary, ref: ConceptRef, name: str) -> Edit:
    """The entry is not to be found by this name. Raises InputError(bad_name · bad_sort)."""
    name = cleaned(name)
    if ref.kind not in SECTIONS or ref.kind == "class":
        raise InputError("bad_sort", f"Names of a {ref.kind} cannot be taken away.")
    if key_of(name) == key_of(ref.name):
        raise InputError("bad_name", "An entry keeps the name that it is shown by.")
    return Edit(f"“{name}” does not mean {ref.name}", _of(v, ref, {"never": [name]}), ref.id)


def put_under(v: Vocabulary, ref: ConceptRef, above: ConceptRef, *, take: bool = False) -> Edit:
    """The entry is a kind of `above`, or (`take`) is not any more. Raises InputError(bad_parent)."""
    if ref.kind == above.kind == "indication":
        part: Piece = {"no_parents" if take else "parents": [above.id]}
    elif ref.kind == "drug" and above.kind in {"class", "target"}:
        part = {"not_under" if take else "under": [f"{above.kind}:{above.name}"]}
    elif ref.kind == above.kind == "class" and not take:
        part = {"under": [above.name]}
    else:
        raise InputError(
            "bad_parent", f"A {ref.kind} cannot be {'taken from' if take else 'put under'} a {above.kind}: cancers stand "
            "under cancers, drugs under classes and targets, classes under classes.",
        )  # fmt: skip
    kind = {"indication": "kind of", "drug": "drug of", "class": "kind of"}[ref.kind]
    said = f"{ref.name} is {'no' if take else 'a'} {kind} {above.name}{' any more' if take else ''}"
    return Edit(said, _of(v, ref, part), ref.id)


def new_drug(name: str, names: Sequence[str] = (), under: Sequence[ConceptRef] = (), novel: str = "") -> Edit:
    """A drug that was not known. Raises InputError(bad_name · bad_parent)."""
    name = cleaned(name)
    name = name if name.isupper() or _has_digit(name) else name.lower()
    if wrong := [ref.name for ref in under if ref.kind not in {"class", "target"}]:
        raise InputError("bad_parent", f"A drug stands under classes and targets; {', '.join(wrong)} is none.")
    names = [cleaned(n) for n in names]
    codes = [n for n in names if _has_digit(n)]
    words = [n for n in names if n not in codes]
    if _has_digit(name):
        codes = [name, *codes]
    part = {"synonyms": words, "codes": codes, "under": [f"{ref.kind}:{ref.name}" for ref in under]}
    kept = {field: value for field, value in part.items() if value}
    return Edit(f"{name} is a drug{_also(names)}", {"drugs": {name: kept}}, f"drug:{slug(name)}", True, novel)


def new_cancer(name: str, names: Sequence[str] = (), under: Sequence[ConceptRef] = ()) -> Edit:
    """A cancer that was not known. Raises InputError(bad_name · bad_parent)."""
    name = cleaned(name)
    if wrong := [ref.name for ref in under if ref.kind != "indication"]:
        raise InputError("bad_parent", f"A cancer stands under a cancer; {', '.join(wrong)} is none.")
    names = [cleaned(n) for n in names]
    part = {"synonyms": names, "parents": [ref.id for ref in under]}
    kept: Piece = {"name": name, **{field: value for field, value in part.items() if value}}
    concept = f"news:{'-'.join(key_of(name).split())}"
    return Edit(f"{name} is a cancer{_also(names)}", {"indications": {name: kept}}, concept, True)


def no_drug(name: str) -> Edit:
    """A name that looks like a drug and is none."""
    name = cleaned(name)
    return Edit(f"“{name}” is no drug", {"not_drugs": [name]}, novel=name)


def from_yaml(text: str, source: str = "the text") -> Edit:
    """A whole overlay as one change. Raises InputError(bad_overlay) with every fault and its line."""
    if len(text) > MAX_YAML:
        raise InputError("bad_overlay", f"That is more than {MAX_YAML:,} characters.")
    overlay, faults = parse(source, text)
    if faults:
        raise InputError("bad_overlay", "\n".join(map(str, faults)))
    piece = overlay.model_dump(mode="json", exclude_defaults=True)
    if not piece:
        raise InputError("bad_overlay", "There is nothing in it.")
    counted = ", ".join(f"{len(part)} {section.replace('_', ' ')}" for section, part in piece.items())
    return Edit(f"Overlay from {source}: {counted}", piece)


def cleaned(name: str) -> str:
    """A name as it is kept. Raises InputError(bad_name)."""
    name = " ".join(name.split())
    if not re.search(r"\w", name) or not name.isprintable() or not 2 <= len(name) <= MAX_NAME:
        raise InputError("bad_name", f"A name has 2 to {MAX_NAME} characters, a letter or a digit among them.")
    return name


def _has_digit(name: str) -> bool:
    """Codes have one, words have none."""
    return any(map(str.isdigit, name))


def _also(names: Sequence[str]) -> str:
    listed = ", ".join(names)
    return f", also called {listed}" if listed else ""


def _of(v: Vocabulary, ref: ConceptRef, part: Piece) -> Piece:
    """An overlay calls drugs and classes by name, everything else by id."""
    key = {"drug": ref.name, "class": ref.name}.get(ref.kind, ref.id)
    if ref.kind == "drug" and ref.id not in v.drugs:
        raise InputError("bad_name", f"{ref.name} is no entry of the vocabulary.")
    return {SECTIONS[ref.kind]: {key: part}}


def together(pieces: Iterable[Piece]) -> Overlay:
    """All changes as one overlay, the first change first."""
    whole: Piece = {}
    for piece in pieces:
        for section, part in piece.items():
            if isinstance(part, list):
                whole[section] = _joined(whole.get(section, []), part)
            else:
                entries = whole.setdefault(section, {})
                for name, entry in part.items():
                    _lay(entries, name, entry)
        named = {key_of(n) for name, entry in piece.get("drugs", {}).items() for n in (name, *_names_of(entry))}
        whole["not_drugs"] = [n for n in whole.get("not_drugs", []) if key_of(n) not in named]
    return Overlay.model_validate(whole)


def _lay(entries: Piece, name: str, entry: Any) -> None:
    if not isinstance(entry, dict):  # a policy, the names of a company
        entries[name] = entry
        return
    key = next((known for known in entries if known.lower() == name.lower()), name)
    old: Piece = entries.setdefault(key, {})
    for field, value in entry.items():
        old[field] = _joined(old.get(field) or [], value) if isinstance(value, list) else value
    _turn(old, ("never",), _names_of(entry))
    _turn(old, _NAMES, entry.get("never", ()))
    for there, gone in _PLACES:
        _turn(old, (gone,), entry.get(there, ()))
        _turn(old, (there,), entry.get(gone, ()))


def _names_of(entry: Piece) -> list[str]:
    return [name for field in _NAMES for name in entry.get(field, ())]


def _turn(old: Piece, fields: Iterable[str], said_otherwise: Iterable[str]) -> None:
    """What a later change says the other way round is not said any more."""
    gone = set(map(key_of, said_otherwise))
    for field in fields if gone else ():
        if field in old:
            old[field] = [name for name in old[field] if key_of(name) not in gone]


def _joined(old: Sequence[str], new: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*old, *new)))


def written(overlay: Overlay) -> str:
    """The changes as YAML, in the form of an overlay file."""
    value = overlay.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False) if value else ""
