# SPDX-License-Identifier: MIT
"""Results as the tables of docs/reliability.md."""

from collections.abc import Sequence
from statistics import median

from tests.chaos.run import Result


def table(results: Sequence[Result]) -> str:
    """Markdown: what was done and what came of it, then each kind of fault with the time until consuming again."""
    head = ["", *(result.database for result in results)]
    rows = [
        ["faults", *(str(sum(r.faults.values())) for r in results)],
        ["alerts that had to arrive", *(f"{r.expected:,}" for r in results)],
        ["lost", *(str(r.lost) for r in results)],
        ["repeats (same Message-ID)", *(f"{r.repeats} ({r.repeats - r.other_message_id})" for r in results)],
        ["sends in flight when killed", *(str(r.in_flight["worker_died"]) for r in results)],
        [
            "sends on connections that hung up",
            *(str(r.in_flight.total() - r.in_flight["worker_died"]) for r in results),
        ],
        ["left to the owner after two unknown ends", *(str(r.left_to_owner) for r in results)],
        ["consuming again after the broker was back: median, longest", *(_span(r.broker_back_s) for r in results)],
        ["minutes", *(f"{r.seconds / 60:.1f}" for r in results)],
    ]
    kinds = sorted({name for result in results for name in result.faults})
    times = [[name, *(_times(result, name) for result in results)] for name in kinds]
    return _markdown(head, rows) + "\n" + _markdown(["fault (times; seconds: median, longest)", *head[1:]], times)


def _times(result: Result, name: str) -> str:
    return f"{result.faults[name]} ({_span(result.back_s[name])})" if name in result.faults else "–"


def _span(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f}, {max(seconds):.1f}" if seconds else "–"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
