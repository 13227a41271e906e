# SPDX-License-Identifier: MIT
"""Lists of deliveries and their count by state without a walk through every message.

Revision ID: 20261125_0015
Revises: 20261125_0014
"""

from alembic import op

revision = "20261125_0015"
down_revision = "20261125_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_delivery_channel", "delivery")
    op.create_index("ix_delivery_listed", "delivery", ["channel_id", "updated_at", "state", "subscription_id"])
    op.create_index("ix_delivery_state", "delivery", ["state"])


def downgrade() -> None:
    op.drop_index("ix_delivery_state", "delivery")
    op.drop_index("ix_delivery_listed", "delivery")
    op.create_index("ix_delivery_channel", "delivery", ["channel_id"])
