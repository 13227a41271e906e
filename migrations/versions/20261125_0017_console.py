# SPDX-License-Identifier: MIT
"""Console: a revision of a rule keeps its channels, so that history shows them and undo brings them back.

Revision ID: 20261125_0017
Revises: 20261125_0015
"""

import sqlalchemy as sa
from alembic import op

revision = "20261125_0017"
down_revision = "20261125_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscription_revision", sa.Column("routes", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subscription_revision") as table:
        table.drop_column("routes")
