# SPDX-License-Identifier: MIT
"""faults of templates in use; look up changed subscriptions

Revision ID: 20261125_0006
Revises: 20261125_0008
Create Date: 2026-11-25 03:12:00
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '20261125_0006'
down_revision = '20261125_0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('template_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fault_count', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('fault_text', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('fault_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    with op.batch_alter_table('subscription', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_updated_at'), ['updated_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('subscription', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscription_updated_at'))
    with op.batch_alter_table('template_version', schema=None) as batch_op:
        batch_op.drop_column('fault_at')
        batch_op.drop_column('fault_text')
        batch_op.drop_column('fault_count')
