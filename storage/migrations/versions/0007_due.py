"""What is to be done at a time."""

import sqlalchemy as sa
from alembic import op

from storage.schema import TEXT, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of what is due."""
    op.create_table('due',
    sa.Column('kind', TEXT, nullable=False),
    sa.Column('subject', TEXT, nullable=False),
    sa.Column('due_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('importance', sa.Integer(), nullable=False, comment='Of what is due at once the smallest goes first.'),
    sa.Column('payload', sa.JSON(), nullable=True),
    sa.PrimaryKeyConstraint('kind', 'subject', name=op.f('pk_due')),
    comment='What is to be done at a time.'
    )
    op.create_index(op.f('ix_due_due_at'), 'due', ['due_at'], unique=False)
