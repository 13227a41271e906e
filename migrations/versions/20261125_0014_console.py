# SPDX-License-Identifier: MIT
"""Console: people's changes to the vocabulary, as rows that every process reads.

Revision ID: 20261125_0014
Revises: 20261125_0010
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "20261125_0014"
down_revision = "20261125_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vocabulary_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("piece", sa.JSON(), nullable=False),
        sa.Column("concept", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("makes", sa.Boolean(), nullable=False),
        sa.Column("novel_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("undone_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("undone_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("vocabulary_edit")
