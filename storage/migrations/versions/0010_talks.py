"""Guided talks."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of talks."""
    op.create_table('talk',
    sa.Column('person', TEXT, nullable=False),
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('step', sa.Integer(), nullable=False, comment='Which question is to be answered.'),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('expires_at', UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('person', name=op.f('pk_talk')),
    comment='Guided talks in direct chats: one question after the other.'
    )
    op.create_index(op.f('ix_talk_expires_at'), 'talk', ['expires_at'], unique=False)
