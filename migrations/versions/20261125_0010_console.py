# SPDX-License-Identifier: MIT
"""Console: the list of stories by the day they were last seen, without those that live on in another.

Revision ID: 20261125_0010
Revises: 20261125_0006
"""

from alembic import op

revision = "20261125_0010"
down_revision = "20261125_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_story_listed", "story", ["merged_into_id", "last_seen_at", "id"])
    op.drop_index("ix_story_merged_into_id", "story")


def downgrade() -> None:
    op.create_index("ix_story_merged_into_id", "story", ["merged_into_id"])
    op.drop_index("ix_story_listed", "story")
