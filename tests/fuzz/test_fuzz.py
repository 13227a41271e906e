# SPDX-License-Identifier: MIT
"""The corpus and fixed mutations of it go through every target in each run."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.targets import MAX_BYTES, TARGETS

CORPUS = Path(__file__).parent / "corpus"
MUTATIONS = {"feed": 300, "text": 150, "rules": 300, "message": 20, "template": 150}
PIECES = (
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<!--",
    b"\x00",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"{{",
    b"%}",
    b": ",
    b"- ",
    b"\n",
    b"9" * 40,
)


def mutated(seeds: list[bytes], count: int) -> Iterator[bytes]:
    """The same every time: cut, doubled, crossed, and with pieces that parsers stumble over."""
    dice = random.Random(20261125)
    for _ in range(count):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 6)):
            at = dice.randint(0, len(data))
            match dice.randrange(4):
                case 0:
                    del data[at : at + dice.randint(1, 60)]
                case 1:
                    data[at:at] = dice.choice(PIECES)
                case 2:
                    data[at:at] = data[: dice.randint(1, 200)]
                case _:
                    other = dice.choice(seeds)
                    data[at:] = other[dice.randint(0, len(other)) :]
        yield bytes(data[:MAX_BYTES])


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_bytes_come_the_answer_is_a_value_or_an_error_of_ours(target: str) -> None:
    seeds = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    assert len(seeds) >= 3
    for data in (*seeds, *mutated(seeds, MUTATIONS[target])):
        try:
            TARGETS[target](data)
        except Exception as exc:
            raise AssertionError(f"{target}: {type(exc).__name__}: {exc} on {data!r}") from exc
