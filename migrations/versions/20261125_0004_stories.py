# SPDX-License-Identifier: MIT
"""Stories: keys by day, round-up parts, merges, what an update follows.

Look-up keys change their form, so the stories of stored items are asked for them again: each grouped item passes the
group stage once more, where it stays and leaves its keys. Nobody is told anything by that.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "20261125_0004"
down_revision = "20261124_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("story") as table:
        table.add_column(sa.Column("follows_step", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("review", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_foreign_key("fk_story_merged_into_id_story", "story", ["merged_into_id"], ["id"])
        table.create_index("ix_story_merged_into_id", ["merged_into_id"])
    with op.batch_alter_table("story_item") as table:
        table.add_column(sa.Column("part", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("item_revision", sa.Integer(), nullable=False, server_default="1"))
    op.execute(
        "UPDATE story_item SET item_revision = (SELECT item.revision FROM item WHERE item.id = story_item.item_id)"
    )
    op.drop_table("story_key")
    op.create_table(
        "story_key",
        sa.Column("key", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("story_id", sa.Integer(), sa.ForeignKey("story.id"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_story_key_story", "story_key", ["story_id"])
    op.execute("UPDATE item SET stage = 'group' WHERE stage = 'done' AND id IN (SELECT item_id FROM story_item)")


def downgrade() -> None:
    op.drop_table("story_key")
    op.create_table(
        "story_key",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("story_id", sa.Integer(), sa.ForeignKey("story.id"), primary_key=True),
        sa.Column("last_seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    )
    op.create_index("ix_story_key_story", "story_key", ["story_id"])
    with op.batch_alter_table("story_item") as table:
        table.drop_column("item_revision")
        table.drop_column("part")
    with op.batch_alter_table("story") as table:
        table.drop_index("ix_story_merged_into_id")
        table.drop_constraint("fk_story_merged_into_id_story", type_="foreignkey")
        table.drop_column("review")
        table.drop_column("merged_into_id")
        table.drop_column("follows_step")

