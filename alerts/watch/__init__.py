# SPDX-License-Identifier: MIT
"""What ops must know: one look at the installation → troubles → what to open, tell and close. Pure."""

from alerts.watch.notices import Known, Step, step
from alerts.watch.troubles import IdleRule, Look, Stage, Trouble, troubles

__all__ = ["IdleRule", "Known", "Look", "Stage", "Step", "Trouble", "step", "troubles"]
