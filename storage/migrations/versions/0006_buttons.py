"""Buttons of messages, and commands that wait for a file."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what reactions stand for, and the table of awaited files."""
    op.add_column('outbox', sa.Column('buttons', sa.JSON(), nullable=True, comment='The commands that reactions to it stand for.'))
    op.create_index(op.f('ix_outbox_event_id'), 'outbox', ['event_id'], unique=False)
    op.create_table('awaited_file',
    sa.Column('room_id', TEXT, nullable=False),
    sa.Column('person', TEXT, nullable=False),
    sa.Column('command', TEXT, nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('room_id', 'person', name=op.f('pk_awaited_file')),
    comment='Commands that wait for a file.'
    )
