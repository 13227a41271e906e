# SPDX-License-Identifier: MIT
"""For each stage: load → pure function → save in ONE transaction → tell whether the next stage has work."""

from alerts.pipeline.core import Done, Pipeline
from alerts.pipeline.prepare import open_store, prepare

__all__ = ["Done", "Pipeline", "open_store", "prepare"]
