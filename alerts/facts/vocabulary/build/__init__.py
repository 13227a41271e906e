"""Sources → rows: importers, merge, differences, losses (`oncowire vocab build` and `refresh`)."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from alerts.errors import InputError
from alerts.facts.vocabulary.assemble import Rows
from alerts.facts.vocabulary.build import cancers, drugs
from alerts.facts.vocabulary.build.merge import Change, Loss, changes, dump, losses, merge
from alerts.facts.vocabulary.build.records import Record

__all__ = [
    "KINDS",
    "SOURCES",
    "Change",
    "Loss",
    "Record",
    "Sources",
    "changes",
    "dump",
    "losses",
    "lost",
    "merge",
    "read_sources",
    "rebuilt",
    "write",
]

KINDS = {"drugs": "drug", "indications": "indication"}  # file → kind of record

Importer = Callable[[Path], Iterator[Record]]
SOURCES: dict[str, Importer] = {
    "doid": cancers.doid,
    "ema": drugs.ema,
    "geniebpc": drugs.geniebpc,
    "nci_dd": drugs.nci_dd,
    "ncit2018": cancers.ncit2018,
    "oncotree": cancers.oncotree,
    "unii": drugs.unii,
}


class Sources(NamedTuple):
    """Records by source, and what was left out and why."""

    records: dict[str, list[Record]]
    notes: tuple[str, ...]

    @property
    def everything(self) -> list[Record]:
        return [record for found in self.records.values() for record in found]


def read_sources(folder: Path, only: tuple[str, ...] = ()) -> Sources:
    """Every source whose files are in the folder. Raises InputError(no_sources, unknown_source, bad_source)."""
    wrong = sorted(set(only) - set(SOURCES))
    if wrong:
        raise InputError("unknown_source", f"{', '.join(wrong)}; known: {', '.join(SOURCES)}")
    found: dict[str, list[Record]] = {}
    notes = []
    for name in only or SOURCES:
        try:
            records = list(SOURCES[name](folder))
        except InputError as exc:
            if exc.code != "missing_package":
                raise
            notes.append(f"{name} is left out: {exc.message}")
            continue
        except (ValueError, KeyError, IndexError, OSError, EOFError, zipfile.BadZipFile) as exc:
            raise InputError("bad_source", f"{name}: a file has another form than expected ({exc!r})") from None
        if records:
            found[name] = records
        else:
            notes.append(f"{name} is left out: no file of it in {folder}")
    if not found:
        raise InputError("no_sources", f"no file of a known source in {folder}: {'; '.join(notes)}")
    return Sources(found, tuple(notes))


def rebuilt(rows: Rows, sources: Sources, drop: Iterable[Loss] = ()) -> Rows:
    """The rows of drugs and cancers with all that the sources add; other rows are hand-made and stay."""
    dropped = list(drop)
    return {
        file: merge(kind, rows[file], sources.everything, drop=dropped) if kind else rows[file]
        for file, kind in ((f, KINDS.get(f, "")) for f in rows)
    }


def lost(rows: Rows, sources: Sources) -> list[Loss]:
    """What is known by a source that is there and is not in its new files."""
    return [loss for file, kind in KINDS.items() for loss in losses(kind, rows[file], sources.everything)]


def write(rows: Rows, folder: Path) -> list[Path]:
    """The rows of drugs and cancers as files, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for file in KINDS:
        path, draft = folder / f"{file}.jsonl", folder / f".{file}.jsonl.new"
        draft.write_text(dump(rows[file]), encoding="utf-8")
        draft.replace(path)
        made.append(path)
    return made
