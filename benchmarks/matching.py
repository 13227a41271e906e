# SPDX-License-Identifier: MIT
"""Milliseconds to find everybody who wants a story, by how many subscriptions there are: the index beside trying each rule.

python benchmarks/matching.py [SUBSCRIPTIONS …]    default 100 10000 100000; then the preview of a rule over stored stories

Rules and stories follow one skewed popularity over the shipped vocabulary: a few drugs and cancers are in much of the news
and in many of the rules (the first drug in 3 %, the first cancer in 16 % of them), most are in few.
"""

import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from alerts.facts import concepts
from alerts.facts.vocabulary import load
from alerts.model import Claim, DrugFact, EventType, Facts, IndicationFact, NewsItem, Role
from alerts.subscriptions import Archive, Rule, RuleIndex, match
from alerts.subscriptions.rule import Condition

STORIES = 400
PREVIEWED = 100_000
EVENTS = [e.value for e in EventType if e not in {EventType.UNKNOWN, EventType.OTHER}]
BODIES = ("org:FDA", "org:EC", "org:EMA", "org:NICE", "org:MHRA", "org:PMDA")
PHRASES = ("overall survival", "first-line", "biosimilar", "subcutaneous", "real-world", "CAR-T", "brain metastases")


class Popular:
    """Names with weights 1 / (rank + flat)."""

    def __init__(self, dice: random.Random, names: Sequence[str], flat: int, most: int) -> None:
        self._dice = dice
        self._names = list(names)
        dice.shuffle(self._names)
        self._names = self._names[:most]
        self._weights = list(accumulate(1 / (rank + flat) for rank in range(len(self._names))))

    def some(self, most: int) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(self._dice.choices(self._names, cum_weights=self._weights, k=self._dice.randint(1, most)))
        )


class Market:
    """Rules as people write them and stories as they come."""

    def __init__(self, seed: int = 7) -> None:
        self.dice = random.Random(seed)
        vocabulary = load()
        drugs = sorted(d.id for d in vocabulary.drugs.values())
        classes = sorted({f"class:{c.lower()}" for d in vocabulary.drugs.values() for c in d.classes})
        cancers = sorted(i.id for i in vocabulary.indications.values() if i.id.startswith("onc:"))
        self._drugs, self._classes = Popular(self.dice, drugs, 5, 3000), Popular(self.dice, classes, 5, 500)
        self._cancers = Popular(self.dice, cancers, 1, 300)

    def rule(self) -> Rule:
        dice, fields = self.dice, {}
        kind = dice.random()
        if kind < 0.75:
            fields["drugs"] = Condition(any=self._drugs.some(4) if kind < 0.65 else self._classes.some(2))
        if kind > 0.45:
            none = self._cancers.some(1) if dice.random() < 0.05 else ()
            fields["indications"] = Condition(any=self._cancers.some(2), none=none)
        if dice.random() < 0.8:
            fields["events"] = Condition(any=tuple(dice.sample(EVENTS, dice.randint(1, 4))))
        if dice.random() < 0.3:
            fields["regulators"] = Condition(any=tuple(dice.sample(BODIES, dice.randint(1, 2))))
        if dice.random() < 0.05:
            fields["text"] = Condition(any=(dice.choice(PHRASES),))
        return Rule(role=Role.MENTIONED if dice.random() < 0.1 else Role.PRIMARY, **fields)

    def story(self, number: int) -> tuple[NewsItem, Facts]:
        dice = self.dice
        claims = tuple(
            Claim(
                drugs=self._drugs.some(2),
                indications=self._cancers.some(2),
                event=EventType(dice.choice(EVENTS)),
                regulator=dice.choice(BODIES) if dice.random() < 0.4 else None,
                foreground=n == 0 or dice.random() < 0.3,
            )
            for n in range(dice.choice((1, 1, 1, 2)))
        )
        drugs = {d for c in claims for d in c.drugs} | set(self._drugs.some(2))
        cancers = {i for c in claims for i in c.indications}
        words = " ".join(dice.choices(("tumour", "patients", "trial", "months", "placebo", "response", *PHRASES), k=60))
        facts = Facts(
            relevant=True,
            drugs=tuple(DrugFact(id=d, name=d, role=Role.PRIMARY) for d in sorted(drugs)),
            indications=tuple(IndicationFact(id=i, name=i, role=Role.PRIMARY) for i in sorted(cancers)),
            claims=claims,
        )
        return NewsItem(id=str(number), title=f"Story {number}", summary=words, source="Wire"), facts


def main() -> None:
    sizes = [int(a) for a in sys.argv[1:]] or [100, 10_000, 100_000]
    market = Market()
    stories = [market.story(n) for n in range(STORIES)]
    print(f"{STORIES} stories; CPU milliseconds a story; memory of the index; load {os.getloadavg()[0]:.1f}")
    for size in sizes:
        _one_size([market.rule() for _ in range(size)], stories)
    _preview(market)


def _one_size(rules: Sequence[Rule], stories: Sequence[tuple[NewsItem, Facts]]) -> None:
    index: RuleIndex[int] = RuleIndex(concepts())
    gc.collect()
    before, started = _resident_mb(), time.thread_time()
    for key, rule in enumerate(rules):
        index.put(key, rule)
    built_s, memory = time.thread_time() - started, _resident_mb() - before
    gc.freeze()
    for news, facts in stories:  # closures of concepts are filled once, as in a worker that has run for a minute
        index.match(news, facts)
    ours, told, found = [], [], 0
    for news, facts in stories:
        started = time.thread_time()
        wanted = index.match(news, facts)
        ours.append((time.thread_time() - started) * 1000)
        found += len(list(wanted.values()))
        told.append((time.thread_time() - started) * 1000)
    each = []
    for news, facts in stories[: max(2, 20_000 // len(rules))]:
        started = time.thread_time()
        for rule in rules:
            match(rule, news, facts, concepts())
        each.append((time.thread_time() - started) * 1000)
    middle, p95 = statistics.median(ours), statistics.quantiles(ours, n=20)[-1]
    print(
        f"{len(rules):7,} subscriptions  who: median {middle:6.3f} mean {statistics.fmean(ours):6.3f} p95 {p95:6.3f}"
        f"   who and why, all of them: {statistics.median(told):6.3f}"
        f"   each rule {statistics.median(each):8.1f} ({statistics.median(each) / middle:.0f}×)"
        f"   {found / len(ours):5.1f} matches a story   {memory:4.0f} MB   built in {built_s:.1f} s"
    )


def _preview(market: Market) -> None:
    rows = [market.story(n) for n in range(2000)]
    stored = [(n.model_dump(), f.model_dump(mode="json", exclude_defaults=True)) for n, f in rows]
    archive, start = Archive(), datetime(2026, 1, 1, tzinfo=UTC)
    before = _resident_mb()
    for number in range(PREVIEWED):
        news, facts = stored[number % len(stored)]
        text = {**news, "title": f"{news['title']} {number}"}
        archive.add(number, number, start + timedelta(minutes=number), text, facts)
    memory = _resident_mb() - before
    kinds = {
        "concepts": [market.rule() for _ in range(12)],
        "a phrase alone": [Rule(text=Condition(any=("overall survival",)))],
        "a pattern alone": [Rule(text=Condition(any=("re:surviv(al|ors)",)))],
    }
    for name, rules in kinds.items():
        times = []
        for rule in rules:
            started = time.thread_time()
            archive.preview(rule, concepts())
            times.append(time.thread_time() - started)
        print(
            f"preview over {PREVIEWED:,} stories, {name}: median {statistics.median(times):.2f} s, most {max(times):.2f} s;"
            f" {memory:.0f} MB"
        )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
