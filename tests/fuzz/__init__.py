"""Fuzz targets: whatever bytes come, each stage answers with a value or with an error of its own. `make fuzz` searches
with atheris; every `make test` replays the corpus and a few thousand fixed mutations of it."""
