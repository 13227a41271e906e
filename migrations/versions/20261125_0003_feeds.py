# SPDX-License-Identifier: MIT
"""Feeds: who polls a feed right now, what a person set for it, what earlier polls left for later ones.

Revision ID: 20261125_0003
Revises: 20261125_0004
"""

import sqlalchemy as sa
from alembic import op

revision = "20261125_0003"
down_revision = "20261125_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("feed") as feed:
        feed.add_column(sa.Column("lease_owner", sa.String(), nullable=False, server_default=""))
        feed.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
        feed.add_column(sa.Column("memory", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index(
        "ix_feed_leased",
        "feed",
        ["host_key"],
        sqlite_where=sa.text("lease_owner <> ''"),
        postgresql_where=sa.text("lease_owner <> ''"),
    )
    op.create_index("ix_feed_polled", "feed", ["last_polled_at"])


def downgrade() -> None:
    op.drop_index("ix_feed_polled", "feed")
    op.drop_index("ix_feed_leased", "feed")
    with op.batch_alter_table("feed") as feed:
        for name in ("memory", "options", "lease_owner"):
            feed.drop_column(name)
