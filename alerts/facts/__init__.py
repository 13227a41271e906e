"""Read: item → facts."""

from alerts.facts.concepts import concepts
from alerts.facts.reader import EXTRACTOR_VERSION, Reader, reader

__all__ = ["EXTRACTOR_VERSION", "Reader", "concepts", "reader"]
