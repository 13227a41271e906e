# SPDX-License-Identifier: MIT
"""Words of an item: normalised text, how much two texts share (TF-IDF cosine), MinHash bands for near copies.

Text never decides against facts: accelerated and full approval of one drug read alike. It only fills gaps.
Document frequencies are shipped (word_counts.tsv: counts of single words over 5,114 oncology items, no text of anyone).
"""

import re
from collections import Counter
from functools import lru_cache
from html import unescape
from itertools import pairwise
from math import log, sqrt
from pathlib import Path

from rensa import RMinHash

from alerts.model import NewsItem
from alerts.stories.rules import CLASSES

OPENING_CHARS = 300
COMPARED_CHARS = 1500  # a long article says the news first
RARE_DOCUMENTS = 5  # a word in at most so many of 5,114 documents is a name
NAME_WEIGHT = 5.0  # of a word in at most 33 of them: a name, or nearly one
BANDS, ROWS, SEED = 16, 4, 1  # 16 × 4: half of all pairs with Jaccard .5 and 99 % of those with .7 share a band
_TAG = re.compile(r"<[^>]{0,2000}>")
_WORD = re.compile(r"[^\W_]+(?:[.-]\d+)*")


def plain(text: str) -> str:
    """Text without markup and entities."""
    return " ".join(unescape(_TAG.sub(" ", text)).split())


def words(text: str) -> list[str]:
    """Lower-case words without markup, in order."""
    return _WORD.findall(plain(text).lower())


def title_of(item: NewsItem) -> str:
    """The title without the outlet that aggregators append (" - Reuters", named again at the end of their summary)."""
    title = plain(item.title)
    head, dash, tail = title.rpartition(" - ")
    outlet = tail.strip().lower()
    appended = outlet == item.source.strip().lower() or plain(item.summary).lower().endswith(outlet)
    return head if dash and outlet and appended else title


def summary_of(item: NewsItem) -> str:
    """The summary, empty where it only repeats the title and the outlet."""
    summary, title = plain(item.summary), set(words(item.title)) | set(words(item.source))
    return "" if set(words(summary)) <= title else summary


def text_of(item: NewsItem) -> str:
    """Title and summary as they are compared and stored with a story."""
    return f"{title_of(item)}\n{summary_of(item)}"[:COMPARED_CHARS]


@lru_cache(maxsize=1)
def _counts() -> tuple[int, dict[str, int]]:
    lines = (Path(__file__).parent / "word_counts.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return int(rows[0][1]), {word: int(n) for word, n in rows[1:]}


def weight(word: str) -> float:
    """Inverse document frequency; a word never seen weighs most."""
    documents, counts = _counts()
    return log((documents + 1) / (counts.get(word, 0) + 1))


@lru_cache(maxsize=4096)
def _vector(text: str) -> tuple[dict[str, float], float]:
    vector = {w: (1 + log(n)) * weight(w) for w, n in Counter(words(text)).items() if len(w) > 1}
    return vector, sqrt(sum(x * x for x in vector.values()))


def cosine(a: str, b: str) -> float:
    """TF-IDF cosine of two texts, 0…1. Symmetric."""
    (x, x_len), (y, y_len) = _vector(a), _vector(b)
    shared = sum(x[w] * y[w] for w in sorted(x.keys() & y.keys()))
    return min(1.0, shared / (x_len * y_len)) if shared else 0.0


def similarity(a: str, b: str) -> float:
    """How much two stored texts (`text_of`) share: of the whole or, as headlines are often all there is, of the titles."""
    return max(cosine(a, b), cosine(a.partition("\n")[0], b.partition("\n")[0]))


def rare_words(text: str, limit: int = 4) -> tuple[str, ...]:
    """The words that are most likely names, rarest first."""
    _, counts = _counts()
    known = {w for w in words(text) if len(w) > 2 and not w.isdigit() and counts.get(w, 0) <= RARE_DOCUMENTS}
    return tuple(sorted(known, key=lambda w: (counts.get(w, 0), w))[:limit])


def names_differ(a: str, b: str) -> bool:
    """Does each of the titles hold a name that the other does not?"""
    x, y = names(a), names(b)
    return bool(x - y and y - x)


def classes_of(text: str) -> frozenset[str]:
    """The classes of drugs that the title names, else those of the text."""
    title = text.partition("\n")[0]
    found = [frozenset(name for name, said in CLASSES.items() if said.search(part)) for part in (title, text)]
    return found[0] or found[1]


def names(title: str) -> set[str]:
    """The words of a title that are names, or nearly."""
    return {w for w in words(title) if len(w) > 2 and not w.isdigit() and weight(w) >= NAME_WEIGHT}


def bands(text: str) -> tuple[str, ...]:
    """MinHash bands over words and pairs of words: near copies share at least one."""
    found = words(text)
    if len(found) < 4:
        return ()
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    sketch.update([*found, *(f"{a} {b}" for a, b in pairwise(found))])
    digest = sketch.digest()
    return tuple("-".join(f"{n:x}" for n in digest[i * ROWS : (i + 1) * ROWS]) + f":{i}" for i in range(BANDS))


def jaccard(a: str, b: str) -> float:
    """Share of common words and pairs of words, exactly."""
    x, y = ({*w, *pairwise(w)} for w in (words(a), words(b)))
    return len(x & y) / len(x | y) if x | y else 0.0
