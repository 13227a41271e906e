# SPDX-License-Identifier: MIT
"""Many rules at once: an inverted index that leaves few of them to the exact match, with the same answers. Pure.

A condition value is an *atom*; a claim holds the atoms of its concepts and of all above them, its event, and the phrases
of the text. For each field and atom a bitmap (one bit a rule, in a Python integer) says which rules that atom satisfies
there; those that leave the field open, or ask in it for what is no atom (patterns, settings, sources), are always in.
Another bitmap says which rules an atom bars (`none`). What is in all fields' bitmaps is decided by the exact match, unless
the bitmaps decide all that the rule asks. Rules that are alike are one entry with several keys.
"""

import sys
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import compress
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from alerts.model import Concepts, Facts, Match, NewsItem, Role
from alerts.subscriptions.match import Asked, Reading, asked, folded, held
from alerts.subscriptions.rule import CONCEPT_FIELDS, Condition, Rule

Key = TypeVar("Key", bound=Hashable)

ATOM_FIELDS = (*CONCEPT_FIELDS, "events", "text")
_WORD_BITS = 64


class _Entry(Generic[Key]):
    """A rule with everybody who has it; `number` is its bit."""

    __slots__ = ("asked", "barred", "keys", "name", "number", "places", "role", "sure")

    def __init__(self, name: str, number: int, role: Role, conditions: tuple[Asked, ...]) -> None:
        self.name = name
        self.number = number
        self.role = role
        self.asked = conditions
        self.keys: set[Key] = set()
        self.places = {one.field: wanted for one in conditions if (wanted := _necessary(one))}
        self.barred = {one.field: atoms for one in conditions if (atoms := _atoms(one.field, one.condition.none))}
        self.sure = all(map(_decided, conditions))  # by the bitmaps: the exact match only says why

    def phrases(self) -> Iterable[str]:
        """What this rule needs to know of the text."""
        return (*self.places.get("text", ()), *self.barred.get("text", ()))


class Matches(Mapping[Key, Match]):
    """Who wants an item. Why is worked out for those that are asked about: most have been told before."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._found: dict[Key, tuple[_Entry[Key], int]] = {}
        self._made: dict[_Entry[Key], Match] = {}

    def add(self, entries: Iterable[_Entry[Key]], at: int) -> int:
        """Bitmap of those that the exact match refused."""
        refused = 0
        for entry in entries:
            if not entry.sure and not self._meets(entry, at):
                refused |= 1 << entry.number
                continue
            place = (entry, at)
            for key in entry.keys:
                self._found[key] = place
        return refused

    def _meets(self, entry: _Entry[Key], at: int) -> bool:
        met = self._reading.met(at, entry.asked)
        if met is not None:
            self._made[entry] = met
        return met is not None

    def __getitem__(self, key: Key) -> Match:
        entry, at = self._found[key]
        if entry not in self._made:
            met = self._reading.met(at, entry.asked)
            assert met is not None
            self._made[entry] = met
        return self._made[entry]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class RuleIndex(Generic[Key]):
    """Rules by key. Not safe to change while another thread matches."""

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts
        self._by_name: dict[str, _Entry[Key]] = {}
        self._by_key: dict[Key, _Entry[Key]] = {}
        self._entries: list[_Entry[Key] | None] = []
        self._free: list[int] = []
        self._met: dict[str, dict[str, int]] = {field: {} for field in ATOM_FIELDS}  # field → atom → bitmap
        self._barred: dict[str, dict[str, int]] = {field: {} for field in ATOM_FIELDS}
        self._open: dict[str, int] = dict.fromkeys(ATOM_FIELDS, 0)  # field → bitmap of rules that no atom decides
        self._roles: dict[Role, int] = dict.fromkeys(Role, 0)
        self._phrases: defaultdict[str, dict[str, int]] = defaultdict(dict)  # first word → phrase → how many rules
        self._asked: WeakValueDictionary[tuple[str, str], Asked] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._by_key)

    def keys(self) -> Iterable[Key]:
        return self._by_key.keys()

    def put(self, key: Key, rule: Rule) -> None:
        """Add a rule or replace the one that the key had."""
        name = rule.model_dump_json(exclude_defaults=True)
        entry = self._by_name.get(name)
        if entry is not None and key in entry.keys:
            return
        self.remove(key)
        if entry is None:
            number = self._free.pop() if self._free else len(self._entries)
            entry = _Entry(name, number, rule.role, tuple(self._shared(one) for one in asked(rule)))
            self._file(entry)
        entry.keys.add(key)
        self._by_key[key] = entry

    def _shared(self, one: Asked) -> Asked:
        """The same object for the same condition: its answer is worked out once an item."""
        return self._asked.setdefault((one.field, one.condition.model_dump_json(exclude_defaults=True)), one)

    def remove(self, key: Key) -> None:
        """Forget a key; a rule that nobody has any more goes with it."""
        entry = self._by_key.pop(key, None)
        if entry is None:
            return
        entry.keys.discard(key)
        if not entry.keys:
            self._unfile(entry)

    def match(self, item: NewsItem, facts: Facts) -> Mapping[Key, Match]:
        """Every key whose rule the item meets, with why: the same as `match` of each rule."""
        reading = Reading(item, facts, self._concepts)
        phrases = self._phrases_in(reading)
        found: Matches[Key] = Matches(reading)
        done = 0
        for at in range(len(reading.all_views)):
            met = self._candidates(reading, at, phrases) & ~done
            done |= met & ~found.add(self._numbered(met), at)
        return found

    def _candidates(self, reading: Reading, at: int, phrases: frozenset[str]) -> int:
        """Bitmap of the rules that this view may meet, and never less than those it meets."""
        view = reading.all_views[at]
        left = self._roles[Role.MENTIONED]
        if view.told and view.claim.foreground:
            left |= self._roles[Role.PRIMARY]
        for field in ATOM_FIELDS:
            atoms = self._atoms(field, reading, at, phrases)
            left &= self._open[field] | _any_of(self._met[field], atoms)
            left ^= left & _any_of(self._barred[field], atoms)
            if not left:
                break
        return left

    def _atoms(self, field: str, reading: Reading, at: int, phrases: frozenset[str]) -> frozenset[str]:
        claim = reading.all_views[at].claim
        if field == "events":
            return frozenset({claim.event.value})
        return (
            phrases
            if field == "text"
            else frozenset().union(*(self._concepts.ancestors(c) for c in held(claim, field)))
        )

    def _phrases_in(self, reading: Reading) -> frozenset[str]:
        text = reading.folded_text
        first = self._phrases.keys() & set(text.split())
        return frozenset(p for word in first for p in self._phrases[word] if f" {p} " in text)

    def _numbered(self, bits: int) -> Iterator[_Entry[Key]]:
        """Entries of a bitmap, found by words of 64 bits."""
        size = (bits.bit_length() + _WORD_BITS - 1) // _WORD_BITS * (_WORD_BITS // 8)
        entries = self._entries
        words = memoryview(bits.to_bytes(size, sys.byteorder)).cast("Q")
        for at in compress(range(len(words)), words):
            word, first = words[at], at * _WORD_BITS - 1
            while word:
                entry = entries[first + (word & -word).bit_length()]
                if entry is not None:
                    yield entry
                word &= word - 1

    # ── filing ───────────────────────────────────────────────────────────────────────────────────

    def _file(self, entry: _Entry[Key]) -> None:
        self._by_name[entry.name] = entry
        self._entries[entry.number : entry.number + 1] = [entry]
        bit = 1 << entry.number
        self._roles[entry.role] |= bit
        for field in ATOM_FIELDS:
            if field not in entry.places:
                self._open[field] |= bit
            for filed, atoms in self._places(entry, field):
                for atom in atoms:
                    filed[atom] = filed.get(atom, 0) | bit
        for phrase in entry.phrases():
            counted = self._phrases[phrase.split()[0]]
            counted[phrase] = counted.get(phrase, 0) + 1

    def _places(self, entry: _Entry[Key], field: str) -> tuple[tuple[dict[str, int], Iterable[str]], ...]:
        """Where a rule is filed by the atoms of a field."""
        met, barred = entry.places.get(field, ()), entry.barred.get(field, ())
        return (self._met[field], met), (self._barred[field], barred)

    def _unfile(self, entry: _Entry[Key]) -> None:
        del self._by_name[entry.name]
        self._entries[entry.number] = None
        self._free.append(entry.number)
        others = ~(1 << entry.number)
        self._roles[entry.role] &= others
        for field in ATOM_FIELDS:
            self._open[field] &= others
            for filed, atoms in self._places(entry, field):
                for atom in atoms:
                    filed[atom] &= others
                    if not filed[atom]:
                        del filed[atom]
        for phrase in entry.phrases():
            self._uncount(phrase)

    def _uncount(self, phrase: str) -> None:
        counted = self._phrases[phrase.split()[0]]
        counted[phrase] -= 1
        if not counted[phrase]:
            del counted[phrase]


def _any_of(filed: Mapping[str, int], atoms: Iterable[str]) -> int:
    made = 0
    for atom in atoms:
        if bits := filed.get(atom):
            made |= bits
    return made


def _necessary(one: Asked) -> frozenset[str]:
    """Atoms of which any claim that meets the condition holds at least one; none if no atom decides it."""
    return _atoms(one.field, one.condition.any or one.condition.all[:1])


def _decided(one: Asked) -> bool:
    """Whether atoms decide all of a condition."""
    condition: Condition = one.condition
    wanted = condition.any or condition.all
    one_of = not condition.all or (not condition.any and len(condition.all) == 1)
    return one_of and all(_atoms(one.field, values) or not values for values in (wanted, condition.none))


def _atoms(field: str, values: Iterable[str]) -> frozenset[str]:
    """Values as claims hold them; empty where one of them is no atom (a pattern, or words without a letter or digit)."""
    if field not in ATOM_FIELDS:
        return frozenset()
    if field != "text":
        return frozenset(values)
    if any(v.startswith("re:") or not folded(v) for v in values):
        return frozenset()
    return frozenset(folded(v) for v in values)
