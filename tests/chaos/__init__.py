"""Faults on purpose: the real service with real broker, database, relay and receivers, and what is killed under it.

`make chaos` runs it (python -m tests.chaos); docs/reliability.md has the figures and what they mean.
"""
