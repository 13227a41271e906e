# SPDX-License-Identifier: MIT
"""What pages and API do to stories: split, merge, “not relevant”. Each with its line in the audit log."""

from sqlmodel import Session

from alerts.console.desk import Desk, not_found
from alerts.errors import InputError
from alerts.pipeline import curation
from alerts.store import browse, stories
from alerts.store.tables import Story, StoryFeedback


def split(session: Session, desk: Desk, story_id: int, item: int, *, tell: bool) -> int:
    """A source leaves the story for one of its own, told only if `tell`. Returns the new story.

    Raises InputError(not_found · not_in_this_story · alone_in_its_story).
    """
    _there(session, story_id)
    if item not in stories.members(session, story_id):
        raise InputError("not_in_this_story", f"Item {item} is no source that could leave story {story_id}.")
    made = curation.split_in(session, item, desk.actor.name, desk.now, tell=tell)
    desk.audit(session, "story_split", f"story {story_id}", item=item, new_story=made)
    return made


def merge(session: Session, desk: Desk, story_id: int, into: int) -> int:
    """All sources of the story move into another; nobody is told by it. Returns how many.

    Raises InputError(not_found · no_such_story · same_story).
    """
    _there(session, story_id)
    moved = curation.merge_in(session, into, [story_id], desk.actor.name, desk.now)
    desk.audit(session, "story_merged", f"story {story_id}", into=into, moved=moved)
    return moved


def not_relevant(session: Session, desk: Desk, story_id: int, note: str) -> StoryFeedback:
    """Somebody says that a story should not have been told. Raises InputError(not_found)."""
    _there(session, story_id)
    row = browse.add_feedback(session, story_id, desk.actor.team_id, note, desk.actor.name, desk.now)
    desk.audit(session, "story_not_relevant", f"story {story_id}", note=note)
    return row


def _there(session: Session, story_id: int) -> None:
    if session.get(Story, story_id) is None:
        raise not_found("story")
