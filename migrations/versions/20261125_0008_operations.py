# SPDX-License-Identifier: MIT
"""Operations: when a notice may be told; what the last hour's metrics look up.

Revision ID: 20261125_0008
Revises: 20261125_0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "20261125_0008"
down_revision = "20261125_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("tell_after", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_index("ix_delivery_sent", "delivery", ["sent_at"])
    op.create_index("ix_attempt_started", "delivery_attempt", ["started_at"])
    op.create_index("ix_story_item_decided", "story_item", ["decided_at"])


def downgrade() -> None:
    op.drop_index("ix_story_item_decided", "story_item")
    op.drop_index("ix_attempt_started", "delivery_attempt")
    op.drop_index("ix_delivery_sent", "delivery")
    with op.batch_alter_table("notice") as notice:
        notice.drop_column("tell_after")
