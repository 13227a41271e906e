# SPDX-License-Identifier: MIT
"""The published recognisers on the items of standard input; run by an interpreter that has them (facts.py starts it).

In: JSON Lines with a `text`. Out: one JSON object: CPU seconds for all items, and by item the names that were found.
"""

import json
import sys
import time
from importlib import import_module

find_drugs = import_module("drug_named_entity_recognition").find_drugs
find_diseases = import_module("medical_named_entity_recognition").find_diseases


def main() -> None:
    tokens = [json.loads(line)["text"].replace(",", " ,").replace(".", " .").split() for line in sys.stdin]
    find_drugs(tokens[0])  # loading is not counted
    find_diseases(tokens[0])
    times, found = {}, {}
    for name, find in (("drugs", find_drugs), ("indications", find_diseases)):
        started = time.process_time()
        found[name] = [sorted({str(hit[0]["name"]).lower() for hit in find(t)}) for t in tokens]
        times[name] = time.process_time() - started
    sys.stdout.write(json.dumps({"seconds": times, "found": found}))


if __name__ == "__main__":
    main()
