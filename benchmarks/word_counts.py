# SPDX-License-Identifier: MIT
"""Make alerts/stories/word_counts.tsv: in how many items of a corpus each word occurs. Counts only, no text.

usage: python benchmarks/word_counts.py ITEMS.jsonl.gz > alerts/stories/word_counts.tsv
"""

import gzip
import json
import sys
from collections import Counter

from alerts.stories.texts import words

LEAST = 4  # rarer words need no row: they weigh as much as unseen ones


def main(path: str) -> None:
    counts: Counter[str] = Counter()
    documents = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            counts.update(set(words(f"{item.get('title') or ''} {item.get('summary') or ''}")))
            documents += 1
    print("# Document frequencies of words in oncology news items (benchmarks/word_counts.py). First row: documents.")
    print(f"#\t{documents}".replace("#", "documents"))
    for word, n in sorted(counts.items()):
        if n >= LEAST and len(word) > 1 and word[0].isalpha():
            print(f"{word}\t{n}")


if __name__ == "__main__":
    main(sys.argv[1])
