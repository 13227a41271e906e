# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""

from alerts.model import StoryState


def update_line(earlier: StoryState, new_step: str) -> str:
    """ "Update to <headline of the earlier story>: <new step>"."""
    raise NotImplementedError
