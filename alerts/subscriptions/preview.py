# SPDX-License-Identifier: MIT
"""What a rule would have told: matches over stored stories, and near misses with the one condition that failed. Pure.

An `Archive` holds what rules look at, compactly (about 1 kB a story), so that 100,000 stories are tried in well under two
seconds. Fill it once from rows (`add`, oldest first, raw JSON as stored), add what is new later, call `preview(rule)` as
often as a person edits. `alerts.pipeline.preview.History` does that over the store; call `match` on the items of the
few stories that are shown, for the reasons with their marked mentions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from alerts.model import Concepts, EventType, Role
from alerts.subscriptions.match import fold, folded, setting_found, source_found, words_found
from alerts.subscriptions.rule import CONCEPT_FIELDS, Condition, Rule

# Cheapest and most telling first; text last, since it is the dearest to try.
ORDER = ("events", "regulators", "drugs", "indications", "biomarkers", "settings", "sources", "text")


class Held(NamedTuple):
    """One view of a claim: ids and words, shared between claims wherever they are equal."""

    drugs: tuple[str, ...]
    indications: tuple[str, ...]
    biomarkers: tuple[str, ...]
    regulators: tuple[str, ...]
    event: str
    settings: tuple[str, ...]


class Entry(NamedTuple):
    """One item of a story."""

    story_id: int
    item_id: int
    seen_at: datetime
    source: str
    text: str  # title and summary, as read
    primary: tuple[Held, ...]  # foreground claims
    mentioned: tuple[Held, ...]  # what `role: mentioned` looks at


class Found(NamedTuple):
    """A story that a rule meets, or misses by one condition."""

    story_id: int
    item_id: int
    seen_at: datetime
    failed: str | None  # the one condition that did not hold; None for a match


class Preview(NamedTuple):
    """`matches` and `near` newest first. A story that matches in one of its items is no near miss."""

    stories: int  # tried
    matches: list[Found]
    near: list[Found]
    per_week: dict[str, int]  # ISO week ("2026-W48") → matches
    failed: dict[str, int]  # condition → near misses that only it stopped


class Archive:
    """Items of stories, in memory."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._shared: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self, story_id: int, item_id: int, seen_at: datetime, news: Mapping[str, str], facts: Mapping[str, Any]
    ) -> None:
        """`news`: title, summary, source. `facts`: the stored JSON of Facts (defaults left out). Replaces the item if known."""
        views = _views(facts)
        self._entries[item_id] = Entry(
            story_id,
            item_id,
            seen_at,
            self._share(news.get("source", "")),
            f"{news.get('title', '')}\n{news.get('summary', '')}",
            self._share(tuple(self._share(held) for held, foreground, widened in views if foreground and not widened)),
            self._share(tuple(self._share(held) for held, _, _ in views)),
        )

    def holding(self, concerns: Callable[[str], bool]) -> list[int]:
        """Ids of items that name a concept of which that is true, in the foreground or not; the newest first."""
        known: dict[Held, bool] = {}
        found = []
        for entry in self._entries.values():
            for held in entry.mentioned:
                if held not in known:
                    ids = (*held.drugs, *held.indications, *held.biomarkers, *held.regulators)
                    known[held] = any(map(concerns, ids))
                if known[held]:
                    found.append(entry.item_id)
                    break
        return sorted(found, reverse=True)

    def _share(self, value: Any) -> Any:
        return self._shared.setdefault(value, value)

    def preview(self, rule: Rule, concepts: Concepts, since: datetime | None = None) -> Preview:
        """Try a rule on everything seen since."""
        tried = _Tried(rule, concepts)
        best: dict[int, Found] = {}
        stories: set[int] = set()
        for entry in self._entries.values():
            if since is not None and entry.seen_at < since:
                continue
            stories.add(entry.story_id)
            known = best.get(entry.story_id)
            if known is not None and known.failed is None:
                continue
            failed = tried.failed(entry)
            if failed is not None and (known is None or not failed):
                best[entry.story_id] = Found(entry.story_id, entry.item_id, entry.seen_at, failed or None)
        return _summed(len(stories), best.values())


class _Tried:
    """A rule with what it found out about every concept it met."""

    def __init__(self, rule: Rule, concepts: Concepts) -> None:
        self._role = rule.role
        self._asked = [(f, self._check(f, c, concepts)) for f in ORDER if not (c := rule.condition(f)).empty]

    def failed(self, entry: Entry) -> str | None:
        """Empty: the item meets the rule. A field: only that one fails in its nearest claim. None: further off."""
        near: str | None = None
        for held in entry.primary if self._role is Role.PRIMARY else entry.mentioned:
            missing = ""
            for field, holds in self._asked:
                if not holds(held, entry):
                    if missing:
                        break
                    missing = field
            else:
                if not missing:
                    return ""
                near = near or missing
        return near

    def _check(self, field: str, condition: Condition, concepts: Concepts) -> Callable[[Held, Entry], bool]:
        if field in CONCEPT_FIELDS:
            return _concept_check(field, condition, concepts)
        if field == "events":
            return lambda held, _: _met(condition, lambda wanted: held.event == wanted)
        if field == "settings":
            return lambda held, _: _met(condition, lambda wanted: setting_found(held.settings, wanted) is not None)
        if field == "sources":
            return lambda _, entry: _met(condition, lambda wanted: source_found(entry.source, wanted) is not None)
        return _text_check(condition)


def _met(condition: Condition, has: Callable[[str], bool]) -> bool:
    return (
        (not condition.any or any(map(has, condition.any)))
        and all(map(has, condition.all))
        and not any(map(has, condition.none))
    )


def _concept_check(field: str, condition: Condition, concepts: Concepts) -> Callable[[Held, Entry], bool]:
    """Decided once for each set of ids: claims share few of them."""
    at = Held._fields.index(field)
    known: dict[tuple[str, ...], bool] = {}

    def holds(held: Held, _: Entry) -> bool:
        ids: tuple[str, ...] = held[at]  # type: ignore[assignment]
        if ids not in known:
            above = frozenset[str]().union(*(concepts.ancestors(i) for i in ids))
            known[ids] = _met(condition, above.__contains__)
        return known[ids]

    return holds


def _text_check(condition: Condition) -> Callable[[Held, Entry], bool]:
    """Folding a text is the dear part: only where the longest word of a phrase stands in it at all."""
    longest = {w: max(folded(w).split() or [""], key=len) for w in (*condition.any, *condition.all, *condition.none)}

    def holds(_: Held, entry: Entry) -> bool:
        lower = entry.text.lower()

        def has(wanted: str) -> bool:
            if not wanted.startswith("re:") and longest[wanted] not in lower:
                return False
            folded_text = "" if wanted.startswith("re:") else f" {fold(entry.text)} "
            return words_found(entry.text, folded_text, wanted) is not None

        return _met(condition, has)

    return holds


def _views(facts: Mapping[str, Any]) -> list[tuple[Held, bool, bool]]:
    """(view, foreground, widened by mentions) of stored facts: the same as Reading.all_views of them."""
    setting = facts.get("setting", {})
    of_item = tuple(s for s in (setting.get("line"), setting.get("stage"), setting.get("population")) if s)
    claims: Sequence[Mapping[str, Any]] = facts.get("claims") or [{}]
    told = [(_held(c, of_item), c.get("foreground", True), False) for c in claims]
    mentions = [tuple(v["id"] for v in facts.get(f, ())) for f in ("drugs", "indications", "biomarkers")]
    widened = [(_widened(held, mentions), True, True) for held, foreground, _ in told if foreground]
    return [*told, *widened]


def _held(claim: Mapping[str, Any], of_item: tuple[str, ...]) -> Held:
    regulator, setting = claim.get("regulator"), claim.get("setting")
    return Held(
        tuple(claim.get("drugs", ())),
        tuple(claim.get("indications", ())),
        tuple(claim.get("biomarkers", ())),
        (regulator,) if regulator else (),
        claim.get("event", EventType.UNKNOWN.value),
        (setting, *of_item) if setting else of_item,
    )


def _widened(held: Held, mentions: Sequence[tuple[str, ...]]) -> Held:
    drugs, indications, biomarkers = (tuple(dict.fromkeys((*held[n], *ids))) for n, ids in enumerate(mentions))
    return held._replace(drugs=drugs, indications=indications, biomarkers=biomarkers)


def _summed(stories: int, found: Iterable[Found]) -> Preview:
    newest = sorted(found, key=lambda f: (f.seen_at, f.story_id), reverse=True)
    matches = [f for f in newest if f.failed is None]
    near = [f for f in newest if f.failed is not None]
    weeks = Counter(f"{f.seen_at.isocalendar().year}-W{f.seen_at.isocalendar().week:02}" for f in matches)
    return Preview(stories, matches, near, dict(weeks), dict(Counter(f.failed for f in near if f.failed)))
