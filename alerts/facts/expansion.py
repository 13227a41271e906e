# SPDX-License-Identifier: MIT
"""First authorisation or a wider label: told by when a drug was first approved (vocabulary/first_approvals.yaml)."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from alerts.facts.events import Event
from alerts.facts.vocabulary import Drug, words
from alerts.model import EventType

_DATA: dict[str, Any] = words("first_approvals")


class Expansion:
    """Knows the year of each drug's first approval."""

    def __init__(self, drugs: Iterable[Drug]) -> None:
        years = {name: year for year, names in _DATA["years"].items() for name in names}
        self._years = {drug.id: years[drug.name] for drug in drugs if drug.name in years}

    def investigational(self, drug: Drug, published: datetime | None) -> bool:
        """Was the drug not yet approved anywhere when the item was published? By its tier where no year is known."""
        year = self._years.get(drug.id)
        if year is None or published is None:
            return drug.tier != "approved"
        return published.year < int(year)

    def settle(
        self,
        event: Event,
        drugs: Collection[str],
        body: str | None,
        published: datetime | None,
        day: date | None = None,
    ) -> Event:
        """An approval of drugs that were all approved in earlier years is a label expansion; unknown years change nothing.

        `day`: of the approval, where the text gives it; a paper on it comes out years later.
        """
        if not drugs or published is None:
            return event
        years = [self._years.get(d) for d in drugs]
        if event.type is EventType.LABEL_EXPANSION and event.status == "full" and _is_first(years, published.year):
            return event._replace(type=EventType.APPROVAL)  # "full approval" at once
        if event.type is not EventType.APPROVAL:
            return event
        known = [y for y in years if y is not None]
        if len(known) < len(years):
            return event
        lag = _DATA["lag"].get(body or "org:FDA", _DATA["lag"]["other"])
        year = min(published.year, day.year) if day else published.year
        return event._replace(type=EventType.LABEL_EXPANSION) if year > max(known) + lag else event


def _is_first(years: Collection[int | None], year: int) -> bool:
    """Was none of the drugs approved before that year?"""
    return all(y is not None and int(y) >= year for y in years)
