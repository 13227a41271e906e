# SPDX-License-Identifier: MIT
"""`python -m tests.fuzz TARGET [libFuzzer options]`: `make fuzz`. A finding stays as a crash-… file; put it into the corpus."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["alerts", "feedparser", "yaml", "jinja2"]):
    from tests.fuzz.targets import MAX_BYTES, TARGETS

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    name, options = sys.argv[1], sys.argv[2:]
    found = Path(".fuzz") / name
    found.mkdir(parents=True, exist_ok=True)
    argv = [
        sys.argv[0],
        str(found),
        str(CORPUS / name),
        f"-max_len={MAX_BYTES}",
        f"-artifact_prefix={found}/",
        *options,
    ]
    atheris.Setup(argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
