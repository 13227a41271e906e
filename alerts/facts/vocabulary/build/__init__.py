"""Sources → rows: importers, merge, differences, losses (`oncowire vocab build` and `refresh`)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from alerts.facts.vocabulary.build import cancers, drugs
from alerts.facts.vocabulary.build.merge import Change, Loss, changes, dump, losses, merge
from alerts.facts.vocabulary.build.records import Record

__all__ = ["SOURCES", "Change", "Loss", "Record", "changes", "dump", "losses", "merge", "read_sources"]

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


def read_sources(folder: Path, only: tuple[str, ...] = ()) -> dict[str, list[Record]]:
    """Records by source, for the sources whose files are in the folder. Raises InputError(missing_package, bad_source)."""
    found = {name: list(read(folder)) for name, read in SOURCES.items() if not only or name in only}
    return {name: records for name, records in found.items() if records}
